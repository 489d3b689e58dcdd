import { bytesUpTo, type DeviceId, decode, integer, type MessagePort, struct, text, toHex } from '@murmuration/core';
import { subtract } from '@murmuration/kernels';
import {
  aggregatorOf,
  decodeUpdate,
  defaultPlan,
  encodeUpdate,
  initialModel,
  makePrivate,
  modelHash,
  modelSpec,
  type NoiseChoice,
  type PrivatePlan,
  parameterCount,
  planPrivateRound,
  privateTerms,
} from '@murmuration/learning';
import { type AggregationPlan, clip, createBudgetLedger } from '@murmuration/privacy';
import { describe, expect, test } from 'vitest';
import { readClientMessage } from '../../../../privacy/src/secure-aggregation/messages.ts';
import { beaconOf } from '../../../src/services/learning/private/round-groups.ts';
import { partSchema } from '../../../src/services/secure-aggregation/courier.ts';
import {
  openWorkshop,
  type SimulatedSwarm,
  type SimulatedSwarmOptions,
  simulateSwarm,
  type Workshop,
} from '../../support/simulated-swarm.ts';

const ROUNDS = 2;
const REPLICAS = 4;
const DEVICES = 10;
const CLIP = 4;
const base = defaultPlan('digits');

function planWith(noise: NoiseChoice): PrivatePlan {
  const open = {
    ...base,
    dataset: { kind: 'digits', train: 420, test: 60 },
    model: { hidden: 2, features: 784 },
    localSamples: 64,
    faulty: 0,
  } as const;
  return makePrivate(open, { clippingNorm: CLIP, noise }, { devices: DEVICES, rounds: ROUNDS });
}

interface Watched {
  readonly swarm: SimulatedSwarm;
  /** What each device learned, whoever it was. */
  readonly deltas: Float32Array[];
  readonly masked: { readonly from: DeviceId; readonly to: DeviceId; readonly words: Int32Array }[];
  readonly pushed: { readonly from: DeviceId; readonly update: Uint8Array }[];
}

const pushSchema = struct({ job: text(32), round: integer(1), update: bytesUpTo(1024 * 1024) });

async function watch(workshop: Workshop, seed: string, options: Partial<SimulatedSwarmOptions> = {}): Promise<Watched> {
  const deltas: Float32Array[] = [];
  const masked: Watched['masked'] = [];
  const pushed: Watched['pushed'] = [];
  const length = parameterCount(modelSpec(workshop.plan));
  const portOf = (_: number, port: MessagePort): MessagePort => ({
    self: port.self,
    peers: () => port.peers(),
    broadcast: (topic, bytes) => port.broadcast(topic, bytes),
    onMessage: (topic, handler) => port.onMessage(topic, handler),
    onRequest: (topic, handler) => port.onRequest(topic, handler),
    onPeer: (listener) => port.onPeer(listener),
    send: (to, topic, bytes) => {
      const push = decode(pushSchema, bytes);
      if (topic === 'update' && push.ok) pushed.push({ from: port.self, update: push.value.update });
      return port.send(to, topic, bytes);
    },
    request: (to, topic, bytes, given) => {
      const part = topic === 'secagg/up' ? decode(partSchema, bytes) : undefined;
      const message = part?.ok === true ? readClientMessage(part.value.bytes, length) : undefined;
      if (message?.ok === true && message.value.kind === 'masked') {
        const words = message.value.words.slice();
        masked.push({ from: port.self, to, words: new Int32Array(words.buffer) });
      }
      return port.request(to, topic, bytes, given);
    },
  });
  const trainer: Workshop['trainer'] = {
    ...workshop.trainer,
    train: async (request) => {
      const trained = await workshop.trainer.train(request);
      deltas.push(subtract(trained.weights, request.weights));
      return trained;
    },
  };
  const seen = { ...workshop, trainer };
  const swarm = simulateSwarm(seen, { seed, devices: REPLICAS, members: DEVICES - REPLICAS, portOf, ...options });
  await swarm.world.run({ untilMs: 60_000, until: () => registered(swarm) === DEVICES });
  swarm.openJob(0, 'job', ROUNDS);
  return { swarm, deltas, masked, pushed };
}

/** The groups of a round, worked out as anyone could. */
async function drawnGroups(
  swarm: SimulatedSwarm,
  plan: PrivatePlan,
  round: number,
): Promise<readonly AggregationPlan[]> {
  const chain = swarm.services(0)?.chain;
  const entry = chain?.ledger.round('job', round);
  if (chain === undefined || entry === undefined) throw new Error('no such round');
  const block = await settled(swarm, chain.block(entry.openedHeight));
  if (block === undefined) throw new Error('no such block');
  const beacon = beaconOf(chain.chainId, entry, block);
  const devices = swarm.identities.map(({ device }) => device);
  return planPrivateRound(plan, privateTerms(plan, DEVICES), { job: 'job', round, beacon, devices });
}

/** Lets the world go on until its disks have answered. */
async function settled<T>(swarm: SimulatedSwarm, promise: Promise<T>): Promise<T> {
  let done = false;
  const value = promise.finally(() => {
    done = true;
  });
  await swarm.world.run({ untilMs: swarm.world.nowMs() + 10_000, until: () => done });
  return value;
}

function registered(swarm: SimulatedSwarm): number {
  return swarm.services(0)?.chain.ledger.devices().length ?? 0;
}

function ledgerOf(swarm: SimulatedSwarm) {
  const [furthest] = [...swarm.running()].sort((a, b) => b.chain.height - a.chain.height);
  if (furthest === undefined) throw new Error('no device runs');
  return furthest.chain.ledger;
}

/** The share of numbers that are those of a clipped update, but for its rounding. */
function likeness(words: Int32Array, delta: Float32Array, { privacy: { levels } }: PrivatePlan): number {
  const { clipped } = clip(delta, CLIP);
  return (
    words.filter((word, i) => Math.abs(word - ((clipped[i] as number) / CLIP) * levels) <= 1).length / words.length
  );
}

describe('ten devices, two groups of five, masks only', async () => {
  const plan = planWith({ kind: 'none' });
  await using workshop = await openWorkshop(plan);
  const { swarm, deltas, masked, pushed } = await watch(workshop, 'private');
  await swarm.world.run({
    untilMs: 200_000,
    until: () => (swarm.services(0)?.chain.ledger.job('job')?.round ?? 0) >= 2,
  });
  const firstRound = { deltas: [...deltas], masked: [...masked], pushed: [...pushed] };
  const groups = await drawnGroups(swarm, plan, 2);
  const summing = new Set(groups.map(aggregatorOf));
  // A member that neither votes nor sums up goes away in the second round.
  swarm.crash(swarm.identities.findIndex(({ device }, i) => i >= REPLICAS && !summing.has(device)));
  const finished = await swarm.finish('job', 200_000);
  const firstHash = ledgerOf(swarm).round('job', 1)?.modelHash ?? new Uint8Array(32);
  const firstModel = await settled(swarm, Promise.resolve(swarm.services(0)?.blobs.get('model', firstHash)));

  test('finish both rounds, one sum a group, the second without a member that is gone', () => {
    expect(finished).toBe(true);
    const ledger = ledgerOf(swarm);
    for (const round of [1, 2]) {
      expect(ledger.round('job', round)?.phase).toBe('finalised');
      expect(ledger.round('job', round)?.updates.map(({ device }) => device)).toHaveLength(2);
    }
    expect(new Set(ledger.round('job', 2)?.updates.map(({ device }) => device))).toEqual(summing);
    expect(
      ledger
        .round('job', 2)
        ?.updates.map(({ samples }) => samples)
        .sort(),
    ).toEqual([4, 5]);
    expect(ledger.round('job', 1)?.updates.map(({ samples }) => samples)).toEqual([5, 5]);
    expect(ledger.job('job')?.modelHash).not.toEqual(modelHash(initialModel(plan)));
  });

  test('no update travels: what is pushed are two sums, what leaves a member is noise to its aggregator', () => {
    expect(firstRound.deltas).toHaveLength(DEVICES);
    for (const { update } of firstRound.pushed)
      expect(decodeUpdate(update, (deltas[0] as Float32Array).length).ok).toBe(false);
    expect(new Set(firstRound.pushed.map(({ from }) => from)).size).toBe(2);
    // The aggregators' own vectors do not leave their devices.
    expect(new Set(firstRound.masked.map(({ from }) => from)).size).toBe(DEVICES - 2);
    for (const { words } of firstRound.masked) {
      for (const delta of firstRound.deltas) expect(likeness(words, delta, plan)).toBeLessThan(0.01);
    }
    // The same measures find an update that is sent as it is.
    const [delta] = firstRound.deltas as [Float32Array];
    expect(decodeUpdate(encodeUpdate(delta), delta.length).ok).toBe(true);
    const open = Int32Array.from(clip(delta, CLIP).clipped, (value) =>
      Math.round((value / CLIP) * plan.privacy.levels),
    );
    expect(likeness(open, delta, plan)).toBe(1);
  });

  test('the model moved by the mean of all, which nobody but the sums has said', () => {
    const weights = new Float32Array((firstModel ?? new Uint8Array(0)).slice().buffer);
    const moved = subtract(weights, initialModel(plan));
    const mean = Float32Array.from(moved, (_, i) => {
      return firstRound.deltas.reduce((sum, delta) => sum + (clip(delta, CLIP).clipped[i] as number), 0) / DEVICES;
    });
    const far = moved.filter(
      (value, i) => Math.abs(value - (mean[i] as number)) > (2 * CLIP) / plan.privacy.levels + 1e-6,
    );
    expect(far.length).toBe(0);
  });
});

test('an aggregator that falls silent voids its group, and the other group goes on', async () => {
  const plan = planWith({ kind: 'none' });
  await using workshop = await openWorkshop(plan);
  const { swarm } = await watch(workshop, 'silent');
  await swarm.world.run({
    untilMs: 60_000,
    until: () => swarm.services(0)?.chain.ledger.round('job', 1) !== undefined,
  });
  const groups = await drawnGroups(swarm, plan, 1);
  const [gone, kept] = groups.map(aggregatorOf) as [DeviceId, DeviceId];
  swarm.crash(swarm.identities.findIndex(({ device }) => device === gone));
  expect(await swarm.finish('job', 400_000)).toBe(true);
  const round = ledgerOf(swarm).round('job', 1);
  expect(round?.phase).toBe('finalised');
  expect(round?.verdicts.map(({ device, accepted }) => [device, accepted])).toEqual([[kept, true]]);
});

describe('with noise', () => {
  const plan = planWith({ kind: 'budget', epsilon: 6, delta: 1e-5 });

  test('each device debits its own budget, once a round', async () => {
    await using workshop = await openWorkshop(plan);
    const { swarm } = await watch(workshop, 'noise');
    expect(await swarm.finish('job', 200_000)).toBe(true);
    for (const i of swarm.names.keys()) {
      const { store, clock } = swarm.deps(i);
      const status = createBudgetLedger({ store, clock }).status({ owner: 'device', dataset: 'digits' });
      const { debits, spentEpsilon } = await settled(swarm, status);
      expect(debits).toBe(ROUNDS);
      expect(spentEpsilon).toBeLessThanOrEqual(6);
      expect(spentEpsilon).toBeGreaterThan(5.9);
    }
  });

  test('a budget that would be overdrawn keeps every vector at home, and the model where it is', async () => {
    await using workshop = await openWorkshop(plan);
    const services = { privacyBudget: { epsilon: 0.5, delta: 1e-5 } };
    const notices = new Map<string, string>();
    const onNotice = (name: string, text: string) => void notices.set(name, text);
    const { swarm, masked } = await watch(workshop, 'overdraft', { services, onNotice });
    expect(await swarm.finish('job', 600_000)).toBe(true);
    expect(masked).toEqual([]);
    expect(notices.size).toBe(DEVICES);
    for (const text of notices.values()) expect(text).toContain('PRIVACY_BUDGET_EXHAUSTED');
    expect([1, 2].map((round) => ledgerOf(swarm).round('job', round)?.phase)).toEqual(['void', 'void']);
    expect(ledgerOf(swarm).job('job')?.modelHash).toBeNull();
  });

  test('a plan that promises less than it costs is refused by everyone', async () => {
    const { noise } = plan.privacy;
    if (noise === null) throw new Error('no noise');
    const lie = { ...plan, privacy: { ...plan.privacy, noise: { ...noise, variance: Math.ceil(noise.variance / 2) } } };
    await using workshop = await openWorkshop(lie);
    const { swarm, deltas } = await watch(workshop, 'lie');
    expect(await swarm.finish('job', 200_000)).toBe(true);
    expect(deltas).toEqual([]);
    expect(toHex(ledgerOf(swarm).job('job')?.modelHash ?? new Uint8Array(0))).toBe('');
  });
});
