import type { DeviceId, Entropy } from '@murmuration/core';
import { seededRandom } from '@murmuration/core';
import { createIdentity, type DeviceIdentity } from '@murmuration/identity';
import {
  type Applied,
  type Command,
  type CommandSigner,
  createLedger,
  type Genesis,
  type Ledger,
  signCommand,
  type Verdict,
} from '../src/index.ts';

export const START_MS = 1_700_000_000_000;
export const YEAR_MS = 365 * 24 * 3_600_000;
export const MINUTE_MS = 60_000;

/** Secret bytes that repeat with the seed. */
export function seededEntropy(seed: string): Entropy {
  const random = seededRandom(seed);
  return { bytes: (length) => Uint8Array.from({ length }, () => random.below(256)) };
}

/** Identities cost 10 ms each, so tests share them; nothing changes them. */
const identities = new Map<string, ReturnType<typeof createIdentity>>();

export function deviceNamed(name: string): ReturnType<typeof createIdentity> {
  const known = identities.get(name);
  if (known !== undefined) return known;
  const made = createIdentity(seededEntropy(name), { nowMs: START_MS, validForMs: YEAR_MS });
  identities.set(name, made);
  return made;
}

export function replicaIdentities(n: number): readonly DeviceIdentity[] {
  return Array.from({ length: n }, (_, i) => deviceNamed(`replica ${i}`).identity);
}

export function genesisOf(n: number, name = 'test'): Genesis {
  const replicas = replicaIdentities(n);
  return {
    name,
    createdMs: START_MS,
    seed: new Uint8Array(32).fill(7),
    replicas: replicas.map(({ certificateBytes }) => certificateBytes),
    names: replicas.map((_, i) => `device-${i}`),
  };
}

/** 32 bytes that differ with `n`. */
export function hashOf(n: number): Uint8Array {
  const hash = new Uint8Array(32);
  new DataView(hash.buffer).setUint32(0, n);
  return hash;
}

export interface World {
  readonly genesis: Genesis;
  readonly replicas: readonly DeviceIdentity[];
  ledger: Ledger;
  /** Every block applied so far. */
  readonly blocks: { height: number; timeMs: number; requests: readonly Uint8Array[] }[];
  /** What came of each of them. */
  readonly applied: Applied[];
  nowMs: number;
  /** Signs with the next sequence number of the sender that this world has not used. */
  sign(identity: DeviceIdentity, command: Command): Uint8Array;
  signAs(signer: CommandSigner, sequence: number, command: Command): Uint8Array;
  apply(...requests: readonly Uint8Array[]): Applied;
  /** One block with one command. @returns its outcome, or the reason */
  send(identity: DeviceIdentity, command: Command): string;
}

export function createWorld(n = 4, genesis = genesisOf(n)): World {
  const used = new Map<DeviceId, number>();
  const world: World = {
    genesis,
    replicas: replicaIdentities(n),
    ledger: createLedger(genesis),
    blocks: [],
    applied: [],
    nowMs: START_MS,
    sign: (identity, command) => {
      const sequence = (used.get(identity.device) ?? 0) + 1;
      used.set(identity.device, sequence);
      return signCommand(identity, world.ledger.chainId, sequence, command);
    },
    signAs: (signer, sequence, command) => signCommand(signer, world.ledger.chainId, sequence, command),
    apply: (...requests) => {
      world.nowMs += 100;
      const block = { height: world.ledger.height + 1, timeMs: world.nowMs, requests };
      world.blocks.push(block);
      const applied = world.ledger.apply(block);
      world.applied.push(applied);
      return applied;
    },
    send: (identity, command) => {
      const [receipt] = world.apply(world.sign(identity, command)).receipts;
      return receipt?.reason ?? (receipt?.outcome as string);
    },
  };
  return world;
}

export function openJob(job = 'job', rounds = 3): Command {
  return { kind: 'open-job', job, plan: new Uint8Array([1]), rounds, participants: [] };
}

export function update(round: number, hash: Uint8Array, job = 'job'): Command {
  return { kind: 'commit-update', job, round, hash, samples: 10, bytes: 100 };
}

export function verdictOn(device: DeviceId, outlier = false): Verdict {
  const reason = outlier ? 'outlier' : 'ok';
  return { device, accepted: !outlier, reason, norm: 1.5, cosine: outlier ? -0.75 : 0.5, weight: 0.25, outlier };
}

/** The honest result of a round whose set is fixed. */
export function resultOf(world: World, round: number, outliers: readonly DeviceId[] = [], job = 'job'): Command {
  const fixed = world.ledger.round(job, round)?.updates.filter((entry) => entry.fixed) ?? [];
  const verdicts = fixed.map(({ device }) => verdictOn(device, outliers.includes(device)));
  return { kind: 'commit-result', job, round, modelHash: hashOf(1_000 + round), verdicts };
}

export function attestation(world: World, round: number, job = 'job'): Command {
  const updates = world.ledger.round(job, round)?.updates.map(({ device, hash }) => ({ device, hash })) ?? [];
  return { kind: 'attest-updates', job, round, updates };
}

/** Commits an update of each replica that may, and has all attest: the round aggregates. */
export function collect(world: World, round: number, job = 'job'): void {
  const open = world.replicas.filter(({ device }) => !world.ledger.isQuarantined(device));
  world.apply(...open.map((replica, i) => world.sign(replica, update(round, hashOf(round * 100 + i), job))));
  world.apply(...world.replicas.map((replica) => world.sign(replica, attestation(world, round, job))));
}

/** A whole round in which everybody is honest but for the named outliers. */
export function runRound(world: World, round: number, outliers: readonly DeviceId[] = [], job = 'job'): Applied {
  collect(world, round, job);
  return world.apply(...world.replicas.map((replica) => world.sign(replica, resultOf(world, round, outliers, job))));
}

/** Element `i`, which the test knows to be there. */
export function at<T>(list: readonly T[], i: number): T {
  const item = list[i];
  if (item === undefined) throw new Error(`no element ${i} among ${list.length}`);
  return item;
}

export function replica(world: World, i: number): DeviceIdentity {
  return at(world.replicas, i);
}

/** Enters a device that is no replica. */
export function join(world: World, name: string): DeviceIdentity {
  const { identity } = deviceNamed(name);
  const outcome = world.send(identity, { kind: 'register-device', certificate: identity.certificateBytes, name });
  if (outcome !== 'applied') throw new Error(`${name} was not registered: ${outcome}`);
  return identity;
}

export function flipped(bytes: Uint8Array, index: number, mask = 0x01): Uint8Array {
  const copy = bytes.slice();
  copy[index] = (copy[index] as number) ^ mask;
  return copy;
}
