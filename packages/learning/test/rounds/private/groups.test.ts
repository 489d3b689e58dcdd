import { type DeviceId, seededRandom, shuffle, utf8 } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { atLeast, createDiscreteGaussian, tolerance } from '@murmuration/privacy';
import { expect, test } from 'vitest';
import { createWorld, devices, runWorld, seededEntropy } from '../../../../privacy/test/secure-aggregation/world.ts';
import { combineGroups, type GroupSum, planGroups } from '../../../src/index.ts';

const LENGTH = 8;
const BOUND = 10_000;
const SCALE = 0.001;
const COMMON = { job: 'job', round: 1, length: LENGTH, bound: BOUND, groupSize: 5 };
const MEDIAN = { strategy: 'median', scale: SCALE } as const;

function draw(devicesOf: readonly DeviceId[], seed: string) {
  return planGroups({ ...COMMON, devices: devicesOf, seed: sha3_256(utf8(seed)) });
}

/** Sums as the protocol gives them, which is exact: honest members near 0, liars at the bound, all in one direction. */
function sumsOf(seed: string, all: readonly DeviceId[], liars: ReadonlySet<DeviceId>): GroupSum[] {
  const random = seededRandom(seed);
  return draw(all, seed).map((plan) => {
    const sum = new Int32Array(LENGTH);
    for (const member of plan.members) {
      for (let i = 0; i < LENGTH; i++)
        sum[i] = (sum[i] as number) + (liars.has(member) ? BOUND : random.below(401) - 200);
    }
    return { plan, result: { sum, survivors: [...plan.members.keys()], outOfRange: 0, unproven: [] } };
  });
}

/** Whether each coordinate of the median lies between the means of groups without a liar. */
function staysInside(seed: string, liarCount: number, poisoners: number): boolean {
  const all = devices(100);
  const liars = new Set(shuffle(seededRandom(`liars ${seed}`), [...all]).slice(0, liarCount));
  const groups = sumsOf(seed, all, liars);
  const released = combineGroups(groups, { ...MEDIAN, poisoners });
  if (!released.ok) throw new Error(released.reason);
  const honest = groups.filter(({ plan }) => !plan.members.some((member) => liars.has(member)));
  return released.value.aggregate.every((value, i) => {
    const means = honest.map(({ result }) => (result?.sum[i] as number) * (SCALE / 5));
    return value >= Math.min(...means) - 1e-6 && value <= Math.max(...means) + 1e-6;
  });
}

test('with 2f < groups liars the median of group means stays among those of honest groups, for every drawn grouping', () => {
  const { poisoners } = tolerance(100, 5);
  expect(poisoners).toBe(9);
  for (let seed = 0; seed < 60; seed++) {
    for (const liars of [poisoners, 1 + (seed % poisoners)]) {
      expect([seed, liars, staysInside(`grouping ${seed}`, liars, poisoners)]).toEqual([seed, liars, true]);
    }
  }
});

test('liars in most groups break the bound: positive control', () => {
  const broken = Array.from({ length: 20 }, (_, seed) => staysInside(`control ${seed}`, 25, 9)).filter(
    (inside) => !inside,
  );
  expect(broken.length).toBeGreaterThan(10);
});

test('liars that could be half of the means are refused, and an overflowed mean uses one up', () => {
  const groups = sumsOf('few', devices(25), new Set());
  expect(combineGroups(groups, { ...MEDIAN, poisoners: 2 })).toMatchObject({
    ok: true,
    value: { faulty: 2, groups: 5 },
  });
  expect(combineGroups(groups, { ...MEDIAN, poisoners: 3 })).toMatchObject({ ok: false, reason: 'too-few-groups' });
  const [first, second, ...rest] = groups as [GroupSum, GroupSum, ...GroupSum[]];
  const voided = [{ ...first, result: null }, second, ...rest];
  expect(combineGroups(voided, { ...MEDIAN, poisoners: 2 })).toMatchObject({ ok: false, reason: 'too-few-groups' });
  const sum = new Int32Array(LENGTH).fill(2 ** 30);
  const overflowed = { ...first, result: { sum, survivors: [0, 1, 2, 3, 4], outOfRange: LENGTH, unproven: [] } };
  const released = combineGroups([overflowed, second, ...rest], { ...MEDIAN, poisoners: 2 });
  expect(released).toMatchObject({ ok: true, value: { overflowed: 1, outOfRange: LENGTH, faulty: 1, survivors: 20 } });
});

test('through the masks: noise for the guaranteed survivors, a group with fewer is void, a wrapped sum is reported', () => {
  const all = devices(20);
  const seed = sha3_256(utf8('masked round'));
  const options = { ...COMMON, seed, noiseShare: 25, minSurvivors: 4 };
  const plans = planGroups({ ...options, devices: all });
  expect(plans.map(({ members }) => members.length)).toEqual([5, 5, 5, 5]);
  const groups = plans.map((plan): GroupSum => {
    const entropy = seededEntropy(`noise ${plan.group}`);
    const noise = (variance: number) => createDiscreteGaussian(entropy, atLeast(variance));
    const large = plan.group === 2 ? { 0: new Int32Array(LENGTH).fill(2 ** 30) } : {};
    const world = createWorld({
      ...{ seedText: `group ${plan.group}`, size: 5, seed, job: plan.job, round: plan.round, group: plan.group },
      ...{ members: plan.members, length: LENGTH, bound: BOUND, noiseVariance: 100, minSurvivors: 4 },
      ...{ client: { noise }, inputsOf: large, verify: () => true },
    });
    expect(world.plan.digest).toEqual(plan.digest);
    // Two of the last group vanish: three survivors where the noise was calibrated for four.
    const { result, voided } = runWorld(world, (member) => (plan.group === 3 && member < 2 ? 'shares' : 'none'));
    expect(voided).toBe(plan.group === 3 ? 'too-few-survivors' : undefined);
    return { plan, result: result ?? null };
  });
  const released = combineGroups(groups, { ...MEDIAN, poisoners: 1 });
  expect(released).toMatchObject({
    ok: true,
    value: { groups: 4, voided: 1, overflowed: 1, outOfRange: LENGTH, faulty: 0, survivors: 10 },
  });
});
