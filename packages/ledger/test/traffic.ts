import { type DeviceId, type Random, seededRandom } from '@murmuration/core';
import type { DeviceIdentity } from '@murmuration/identity';
import {
  type Command,
  EVIDENCE_KINDS,
  encodeEvidenceBundle,
  encodeGenesis,
  type RoundEntry,
  type Verdict,
} from '../src/index.ts';
import { at, attestation, createWorld, deviceNamed, flipped, hashOf, openJob, update, type World } from './fixtures.ts';

/**
 * A world in which f of n replicas, and a member, lie among honest traffic. Every third seed they only poison:
 * one update a round, so that no coarser lie gives them away before.
 */
export interface Traffic {
  readonly world: World;
  readonly honest: readonly DeviceIdentity[];
  readonly liars: readonly DeviceIdentity[];
  /** Applies one more block. */
  block(): void;
}

export function createTraffic(seed: number, n = 4): Traffic {
  const random = seededRandom(`traffic ${seed}`);
  const world = createWorld(n);
  const faulty = Math.floor((n - 1) / 3);
  const poisonOnly = seed % 3 === 0;
  const liars = [...world.replicas.slice(n - faulty), deviceNamed('member').identity];
  const honest = world.replicas.slice(0, n - faulty);
  const done = new Set<string>();
  world.apply(world.sign(at(honest, 0), openJob('job', 200)));
  return {
    world,
    honest,
    liars,
    block: () => {
      if (random.below(20) === 0) world.nowMs += random.below(8 * 60_000);
      const requests = honest.flatMap((device) => honestRequests(world, device, done, random));
      for (const liar of liars) {
        if (poisonOnly) requests.push(world.sign(liar, poison(world)));
        else for (let i = random.below(3); i > 0; i--) requests.push(lie(world, liar, honest, random));
      }
      world.apply(...inRandomOrder(requests, random));
    },
  };
}

/** What the protocol asks of an honest replica now, each step once, some blocks late. */
function honestRequests(world: World, device: DeviceIdentity, done: Set<string>, random: Random): Uint8Array[] {
  const job = world.ledger.job('job');
  const round = job === undefined ? undefined : world.ledger.round('job', job.round);
  if (round === undefined || job?.state !== 'running' || random.below(3) === 0) return [];
  const once = (step: string, make: () => Command) => {
    const name = `${device.device} ${round.round} ${step}`;
    if (done.has(name)) return [];
    done.add(name);
    return [world.sign(device, make())];
  };
  if (round.phase === 'aggregating') return once('result', () => trueResult(round));
  const committed = once('update', () => update(round.round, hashOf(random.below(2 ** 31) * 2)));
  return committed.length > 0 ? committed : once('attest', () => attestation(world, round.round));
}

/** The result that all honest replicas compute: updates with an odd hash are outliers. */
function trueResult(round: RoundEntry): Command {
  const verdicts = round.updates
    .filter((entry) => entry.fixed)
    .map(({ device, hash }): Verdict => {
      const outlier = at([...hash], 3) % 2 === 1;
      return { device, accepted: !outlier, reason: '', norm: 1, cosine: outlier ? -1 : 1, weight: 0.5, outlier };
    });
  return { kind: 'commit-result', job: round.job, round: round.round, modelHash: hashOf(round.round), verdicts };
}

function poison(world: World): Command {
  const round = world.ledger.job('job')?.round ?? 1;
  return update(round, hashOf(2 * round + 1));
}

function lie(world: World, liar: DeviceIdentity, honest: readonly DeviceIdentity[], random: Random): Uint8Array {
  const recorded = at(world.blocks, random.below(world.blocks.length)).requests;
  const overheard = recorded.length === 0 ? undefined : at(recorded, random.below(recorded.length));
  const trick = random.below(8);
  if (trick === 0 && overheard !== undefined) return overheard;
  if (trick === 1 && overheard !== undefined) return flipped(overheard, random.below(overheard.length));
  if (trick === 2) return forgedAs(world, liar, at(honest, random.below(honest.length)), random);
  return world.sign(liar, lyingCommand(world, liar, honest, random));
}

/** Signed by the liar in the name of an honest device. */
function forgedAs(world: World, liar: DeviceIdentity, victim: DeviceIdentity, random: Random): Uint8Array {
  const round = world.ledger.job('job')?.round ?? 1;
  const signer = { device: victim.device, signer: liar.signer };
  return world.signAs(signer, world.ledger.nextSequence(victim.device), update(round, hashOf(random.below(1_000))));
}

function lyingCommand(world: World, liar: DeviceIdentity, honest: readonly DeviceIdentity[], random: Random): Command {
  const current = world.ledger.job('job')?.round ?? 1;
  const round = Math.max(1, current - random.below(3) + random.below(2));
  const entry = world.ledger.round('job', round);
  const victim = at(honest, random.below(honest.length)).device;
  switch (random.below(8)) {
    case 0:
      return { kind: 'register-device', certificate: liar.certificateBytes, name: 'liar' };
    case 1:
      return openJob(`job-${random.below(30)}`, 1 + random.below(3));
    case 2:
    case 3:
      return update(round, hashOf(random.below(1_000)));
    case 4: {
      const all = entry?.updates.map(({ device, hash }) => ({ device, hash })) ?? [];
      return { kind: 'attest-updates', job: 'job', round, updates: all.filter(() => random.below(2) === 0) };
    }
    case 5: {
      const fixed = entry?.updates.filter((candidate) => candidate.fixed) ?? [];
      const verdicts = fixed.map(({ device }) => ({
        ...{ device, accepted: false, reason: 'lie', norm: 9, cosine: -1, weight: 0 },
        outlier: device === victim || random.below(2) === 0,
      }));
      return { kind: 'commit-result', job: 'job', round, modelHash: hashOf(random.below(3)), verdicts };
    }
    case 6:
      return { kind: 'rotate-key', certificate: at(honest, random.below(honest.length)).certificateBytes };
    default:
      return framing(world, victim, honest, random);
  }
}

/** A bundle against an honest device, of what the chain holds: genuine statements, wrongly put together. */
function framing(world: World, victim: DeviceId, honest: readonly DeviceIdentity[], random: Random): Command {
  const accused = honest.find(({ device }) => device === victim) as DeviceIdentity;
  const heard = world.blocks.flatMap(({ requests }) => requests);
  const statements = Array.from({ length: 1 + random.below(5) }, () => at(heard, random.below(heard.length)));
  const kind = at(EVIDENCE_KINDS, random.below(EVIDENCE_KINDS.length));
  const genesis = random.below(4) === 0 || kind === 'double-update' ? null : encodeGenesis(world.genesis);
  const { chainId } = world.ledger;
  const certificates = [accused.certificateBytes];
  const format = 'murmuration-evidence/1';
  const evidence = encodeEvidenceBundle({ format, kind, accused: victim, chainId, genesis, certificates, statements });
  return { kind: 'submit-evidence', evidence };
}

function inRandomOrder<T>(items: readonly T[], random: Random): T[] {
  const order = [...items];
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [order[i], order[j]] = [at(order, j), at(order, i)];
  }
  return order;
}
