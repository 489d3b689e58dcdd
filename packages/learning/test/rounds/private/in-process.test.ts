import { type DeviceId, deviceIdFromDigest, seededRandom, utf8 } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { type AggregationResult, noiseShare } from '@murmuration/privacy';
import { afterAll, describe, expect, test } from 'vitest';
import { seededEntropy } from '../../../../privacy/test/secure-aggregation/world.ts';
import {
  combinePrivateRound,
  createTrainer,
  defaultPlan,
  type FederatedOptions,
  type GroupSum,
  loadData,
  makePrivate,
  modelHash,
  modelSpec,
  type NoiseChoice,
  plainGroupSum,
  planPrivateRound,
  privateTerms,
  privateVector,
  runFederated,
  shareNoise,
  type TrainingPlan,
} from '../../../src/index.ts';
import { maskedSums } from './masked.ts';

const BASE: TrainingPlan = {
  ...defaultPlan('digits'),
  dataset: { kind: 'digits', train: 1400, test: 300 },
  model: { hidden: 16, features: 784 },
  faulty: 3,
  localSamples: 160,
  learningRate: 0.1,
};
const trainer = await createTrainer(modelSpec(BASE));
afterAll(() => trainer[Symbol.asyncDispose]());
const dataset = loadData(BASE);
const NONE: NoiseChoice = { kind: 'none' };

function federate(clients: number, noise: NoiseChoice, rest: Partial<FederatedOptions> & { faulty?: number } = {}) {
  const { faulty = BASE.faulty, rounds = 5, ...options } = rest;
  const open = { ...BASE, faulty, strategy: options.strategy ?? BASE.strategy };
  const plan = makePrivate(open, { clippingNorm: 2, noise }, { devices: clients, rounds });
  return runFederated({ plan, dataset, trainer, clients, rounds, evaluateEvery: 100, ...options });
}

describe('the production masks give the bits of the plain sum', () => {
  const two = { faulty: 0, rounds: 2, dropouts: [{ client: 3, round: 1 }] };

  test.each([
    ['without noise', NONE],
    ['with noise', { kind: 'sigma', noiseMultiplier: 0.5, delta: 1e-5 }],
  ] as const)('%s: ten clients, two groups, two rounds, one dropout', async (_, noise) => {
    const results: AggregationResult[] = [];
    const masked = await federate(10, noise, { ...two, sumGroup: maskedSums(results) });
    const plain = await federate(10, noise, two);
    expect(modelHash(masked.model)).toEqual(modelHash(plain.model));
    expect(results.map(({ survivors }) => survivors.length).sort()).toEqual([4, 5, 5, 5]);
    expect(masked.history.map(({ privacy }) => privacy?.release?.survivors)).toEqual([10, 9]);
  });

  test('a group with too few survivors is void, and the model stays where the rest is too few', async () => {
    const dropouts = [0, 1, 2, 3, 4, 5, 6].map((client) => ({ client, round: 1 }));
    const run = await federate(10, NONE, { faulty: 0, rounds: 2, dropouts });
    expect(run.history.map(({ privacy }) => privacy?.release === null)).toEqual([false, true]);
    const one = await federate(10, NONE, { faulty: 0, rounds: 1 });
    expect(modelHash(run.model)).toEqual(modelHash(one.model));
  });
});

describe('35 clients in 7 groups', async () => {
  const clean = await federate(35, NONE);
  const liars = [4, 17, 30].map((client) => ({ client, attack: 'inner-product-manipulation' }));

  test('learn as well as in the open, and nobody has a verdict', async () => {
    const open = await runFederated({ plan: BASE, dataset, trainer, clients: 35, rounds: 5, evaluateEvery: 100 });
    expect(clean.accuracy).toBeGreaterThan(0.9 * open.accuracy);
    expect(clean.history.flatMap(({ verdicts }) => verdicts)).toEqual([]);
  });

  test('bear the three liars of the threshold table', async () => {
    const attacked = await federate(35, NONE, { liars });
    expect(attacked.accuracy).toBeGreaterThan(0.85 * clean.accuracy);
  });

  test('which break the plain mean over groups: positive control', async () => {
    const broken = await federate(35, NONE, { liars, strategy: 'mean', faulty: 0 });
    expect(broken.accuracy).toBeLessThan(0.6 * clean.accuracy);
  });

  test('refuse a fourth before they train', async () => {
    const plan = makePrivate(BASE, { clippingNorm: 2, noise: NONE }, { devices: 35, rounds: 5 });
    const lax = { ...plan, faulty: 4 };
    await expect(runFederated({ plan: lax, dataset, trainer, clients: 35, rounds: 5 })).rejects.toThrow(
      expect.objectContaining({ code: 'PRIVATE_ROUNDS_TOLERANCE' }),
    );
  });

  test('spend what the plan promises, round by round', async () => {
    const run = await federate(35, { kind: 'budget', epsilon: 50, delta: 1e-5 }, { rounds: 3 });
    const spent = run.history.map(({ privacy }) => privacy?.epsilon ?? 0);
    expect(spent).toEqual([...spent].sort((a, b) => a - b));
    expect(spent.at(-1)).toBeLessThanOrEqual(50);
    expect(spent.at(-1)).toBeGreaterThan(49);
  });
});

const DEVICES = Array.from({ length: 35 }, (_, i) => deviceIdFromDigest(sha3_256(utf8(`device ${i}`))));
const SMALL = makePrivate(
  { ...BASE, model: { hidden: 2, features: 784 } },
  { clippingNorm: 1, noise: NONE },
  { devices: 35, rounds: 1 },
);
const TERMS = privateTerms(SMALL, 35);

function vectorOf(device: DeviceId): Int32Array {
  const random = seededRandom(device);
  const delta = Float32Array.from({ length: TERMS.length }, () => random.unit() - 0.5);
  return privateVector(TERMS, delta, seededEntropy(device));
}

function sums(seed: number, vectors: ReadonlyMap<DeviceId, Int32Array>): GroupSum[] {
  const round = { job: 'job', round: 1, beacon: sha3_256(utf8(`beacon ${seed}`)), devices: DEVICES };
  return planPrivateRound(SMALL, TERMS, round).map((plan) => {
    const members = plan.members.map((device, member) => {
      return { member, vector: vectors.get(device) as Int32Array, noise: shareNoise(seededEntropy('none')) };
    });
    return { plan, result: plainGroupSum(plan, members) };
  });
}

describe('sums of groups', () => {
  const honest = new Map(DEVICES.map((device) => [device, vectorOf(device)]));

  test('are all that the model depends on: members may trade what they like', () => {
    const groups = sums(1, honest);
    const release = combinePrivateRound(SMALL, TERMS, groups);
    const [first, second] = (groups[0] as GroupSum).plan.members as [DeviceId, DeviceId];
    const trade = (sign: number, vector: Int32Array) => vector.map((value, i) => value + sign * ((i % 7) - 3));
    const traded = new Map(honest)
      .set(first, trade(1, honest.get(first) as Int32Array))
      .set(second, trade(-1, honest.get(second) as Int32Array));
    expect(combinePrivateRound(SMALL, TERMS, sums(1, traded))).toEqual(release);
    const moved = new Map(honest).set(first, trade(1, honest.get(first) as Int32Array));
    expect(combinePrivateRound(SMALL, TERMS, sums(1, moved))).not.toEqual(release);
  });

  test('are spoiled by liars in their own groups only, wherever the beacon puts them', () => {
    const liars = DEVICES.slice(0, 3);
    const lied = new Map(honest);
    for (const liar of liars) lied.set(liar, new Int32Array(TERMS.length).fill(TERMS.bound));
    for (let seed = 0; seed < 20; seed++) {
      const before = sums(seed, honest);
      const after = sums(seed, lied);
      const spoiled = after.filter(({ result }, i) => !sameSum(result, before[i]?.result ?? null));
      const theirs = after.filter(({ plan }) => plan.members.some((member) => liars.includes(member)));
      expect(spoiled).toEqual(theirs);
      expect(theirs.length).toBeLessThanOrEqual(SMALL.faulty);
      expect(combinePrivateRound(SMALL, TERMS, after)).toMatchObject({ ok: true, value: { faulty: 3 } });
    }
  });
});

test('each share of noise is the plan’s, whatever the size of the group', () => {
  const noise = { kind: 'sigma', noiseMultiplier: 1, delta: 1e-5 } as const;
  const job = { devices: 34, rounds: 1 };
  const plan = makePrivate({ ...BASE, faulty: 2 }, { clippingNorm: 1, noise }, job);
  const terms = privateTerms(plan, 34);
  const round = { job: 'job', round: 1, beacon: new Uint8Array(32), devices: DEVICES.slice(0, 34) };
  const groups = planPrivateRound(plan, terms, round);
  expect(new Set(groups.map(({ members }) => members.length))).toEqual(new Set([5, 6]));
  for (const group of groups) expect(noiseShare(group)).toBe(plan.privacy.noise?.variance);
});

function sameSum(a: AggregationResult | null, b: AggregationResult | null): boolean {
  return a !== null && b !== null && a.sum.every((value, i) => value === b.sum[i]);
}
