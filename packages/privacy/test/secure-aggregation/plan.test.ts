import { toHex, utf8 } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { expect, test } from 'vitest';
import {
  createPlan,
  fromIntegers,
  honestSurvivors,
  noiseShare,
  type PlanOptions,
  roundToIntegers,
  shareThreshold,
  sumBound,
  thresholdTable,
  tolerance,
} from '../../src/secure-aggregation/index.ts';
import { createWorld, devices, plainSum, runWorld } from './world.ts';

const options: PlanOptions = {
  job: 'names',
  round: 3,
  group: 1,
  members: devices(8),
  seed: sha3_256(utf8('beacon')),
  length: 10,
  bound: 1000,
};
const withCode = (code: string) => expect.objectContaining({ code });

test('two sets of threshold holders share an honest one, and no smaller threshold has that', () => {
  for (let holders = 1; holders <= 80; holders++) {
    for (let colluders = 0; colluders < holders; colluders++) {
      const t = shareThreshold(holders, colluders);
      expect(2 * t).toBeGreaterThan(holders + colluders);
      expect(2 * (t - 1)).toBeLessThanOrEqual(holders + colluders);
    }
  }
});

test('the table: 100 devices in groups of 5 bear 9 poisoners, and 2f stays below the groups', () => {
  expect(tolerance(100, 5)).toEqual({
    devices: 100,
    groupSize: 5,
    groups: 20,
    poisoners: 9,
    colluders: 0,
    threshold: 3,
    dropouts: 2,
    honestSurvivors: 3,
  });
  const table = thresholdTable([4, 20, 100, 1000], [5, 8, 10], 1);
  expect(table.length).toBe(12);
  for (const row of table) {
    expect(2 * row.poisoners).toBeLessThan(Math.max(1, row.groups));
    expect(2 * (row.poisoners + 1)).toBeGreaterThanOrEqual(row.groups);
    expect(row.dropouts + row.threshold).toBe(row.groupSize);
    expect(row.honestSurvivors).toBe(row.threshold - 1);
  }
  expect(tolerance(4, 5).poisoners).toBe(0);
  // A rule may bear fewer than a minority, and none bears more.
  expect(tolerance(100, 5, 0, (sums) => Math.floor((sums - 3) / 2)).poisoners).toBe(8);
  expect(tolerance(100, 5, 0, (sums) => sums).poisoners).toBe(9);
  expect(thresholdTable([100, 4], [5], 0, () => -1).map(({ poisoners }) => poisoners)).toEqual([0, 0]);
});

test('the digest binds every field of the plan and not the order of its members', () => {
  const digests = new Set([toHex(createPlan(options).digest)]);
  expect(toHex(createPlan({ ...options, members: [...options.members].reverse() }).digest)).toBe([...digests][0]);
  const changes: Partial<PlanOptions>[] = [
    { job: 'digits' },
    { round: 4 },
    { group: 2 },
    { members: devices(9).slice(1) },
    { seed: sha3_256(utf8('another')) },
    { length: 11 },
    { bound: 1001 },
    { colluders: 1 },
    { degree: 6 },
    { threshold: 6 },
    { minSurvivors: 6 },
    { noiseVariance: 4 },
  ];
  for (const change of changes) digests.add(toHex(createPlan({ ...options, ...change }).digest));
  expect(digests.size).toBe(changes.length + 1);
});

test('plans without a safe threshold, room for the sum or a group are refused with what to do', () => {
  const refused: readonly [Partial<PlanOptions>, string][] = [
    [{ members: devices(2) }, 'PRIVACY_GROUP'],
    [{ members: [...devices(3), ...devices(1)] }, 'PRIVACY_GROUP'],
    [{ degree: 5 }, 'PRIVACY_GROUP'],
    [{ threshold: 4 }, 'PRIVACY_THRESHOLD'],
    [{ threshold: 9 }, 'PRIVACY_THRESHOLD'],
    [{ colluders: 3, threshold: 5 }, 'PRIVACY_THRESHOLD'],
    [{ colluders: 7 }, 'PRIVACY_THRESHOLD'],
    [{ minSurvivors: 4 }, 'PRIVACY_THRESHOLD'],
    [{ minSurvivors: 9 }, 'PRIVACY_THRESHOLD'],
    [{ bound: 2 ** 28 }, 'PRIVACY_SUM_OVERFLOW'],
    [{ bound: 2 ** 27, noiseVariance: 2 ** 56 }, 'PRIVACY_SUM_OVERFLOW'],
    [{ length: 0 }, 'OPTION_OUT_OF_RANGE'],
    [{ round: -1 }, 'OPTION_OUT_OF_RANGE'],
    [{ noiseVariance: Number.NaN }, 'OPTION_OUT_OF_RANGE'],
    [{ seed: new Uint8Array(31) }, 'OPTION_OUT_OF_RANGE'],
  ];
  for (const [change, code] of refused) expect(() => createPlan({ ...options, ...change })).toThrow(withCode(code));
  expect(createPlan({ ...options, bound: 2 ** 28 - 1 }).bound).toBe(2 ** 28 - 1);
});

test('noise is shared among the honest survivors that every sum holds: colluders subtract theirs', () => {
  const plan = createPlan({ ...options, colluders: 2, noiseVariance: 90 });
  expect([plan.threshold, plan.minSurvivors, honestSurvivors(plan)]).toEqual([6, 6, 4]);
  expect(noiseShare(plan)).toBe(22.5);
  expect(noiseShare(plan) * honestSurvivors(plan)).toBe(90);
  expect(sumBound(plan, 8)).toBe(8000 + Math.ceil(12 * Math.sqrt(180)));
});

test('each member adds noise of its share, and a group below the survivors of its calibration is not released', () => {
  const asked: number[] = [];
  // Noise that a test can follow: 3 everywhere.
  const noise = (variance: number) => {
    asked.push(variance);
    return { fill: (out: Int32Array) => void out.fill(3) };
  };
  const world = { size: 5, noiseVariance: 16, minSurvivors: 4, client: { noise } };
  const full = createWorld({ seedText: 'noise', ...world });
  const { result } = runWorld(full, (member) => (member === 2 ? 'shares' : 'none'));
  expect(asked).toEqual([4, 4, 4, 4, 4]);
  expect([...(result?.sum ?? [])]).toEqual(plainSum(full.inputs, [0, 1, 3, 4]).map((value) => value + 12));
  const thin = createWorld({ seedText: 'thin', ...world });
  const outcome = runWorld(thin, (member) => (member < 2 ? 'shares' : 'none'));
  expect([outcome.voided, outcome.result]).toEqual(['too-few-survivors', undefined]);
  expect(() => createWorld({ seedText: 'none', size: 5, noiseVariance: 16 })).toThrow(withCode('PRIVACY_NO_NOISE'));
});

test('numbers beyond the bound are cut and counted, a sum beyond what honest members reach is reported', () => {
  const { values, saturated } = roundToIntegers(Float32Array.of(0.26, -0.24, 9, -9, 1), 1, 0.5);
  expect([[...values], saturated]).toEqual([[1, 0, 2, -2, 2], 2]);
  expect([...fromIntegers(values, 0.5)]).toEqual([0.5, 0, 1, -1, 1]);
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => roundToIntegers(Float64Array.of(0, bad), 1, 0.5)).toThrow(withCode('PRIVACY_NOT_FINITE'));
  }
  const world = createWorld({ seedText: 'saturated', size: 3, bound: 10, length: 20 });
  const cut = world.inputs.map((input) => input.map((value) => Math.max(-10, Math.min(10, value))));
  const { result } = runWorld(world);
  expect([...(result?.sum ?? [])]).toEqual(plainSum(cut, [0, 1, 2]));
  expect(result?.outOfRange).toBe(0);
});

test('a member that masks more than the bound allows shows in the count, also where the sum wraps', () => {
  const honest = createWorld({ seedText: 'liar', size: 3, bound: 1000 });
  const liar = createWorld({
    seedText: 'liar',
    size: 3,
    bound: 1000,
    inputsOf: { 0: new Int32Array(20).fill(2 ** 31 - 1) },
  });
  expect(runWorld(honest).result?.outOfRange).toBe(0);
  expect(runWorld(liar).result?.outOfRange).toBe(20);
});
