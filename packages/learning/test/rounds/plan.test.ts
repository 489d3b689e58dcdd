import { encode, list, seededRandom, uint } from '@murmuration/core';
import { describe, expect, test } from 'vitest';
import { decodePlan, defaultPlan, encodePlan, MAX_PLAN_BYTES, modelSpec, type TrainingPlan } from '../../src/index.ts';

const PLANS: readonly TrainingPlan[] = [
  defaultPlan('names'),
  defaultPlan('digits'),
  defaultPlan({ kind: 'idx', digest: 'ab', features: 784, classes: ['0', '1'] }),
  defaultPlan({ kind: 'csv', digest: 'cd', features: 5, classes: ['no', 'yes', 'maybe'] }),
];

describe('plan', () => {
  test('comes back from its bytes, which fit the ledger', () => {
    for (const plan of PLANS) {
      const bytes = encodePlan(plan);
      expect(bytes.length).toBeLessThan(MAX_PLAN_BYTES / 8);
      expect(decodePlan(bytes)).toEqual({ ok: true, value: plan });
    }
  });

  test('says the shape of its model', () => {
    expect(PLANS.map(modelSpec).map(({ inputs, classes }) => [inputs, classes])).toEqual([
      [4096, 20],
      [784, 10],
      [784, 2],
      [5, 3],
    ]);
  });

  const outOfRange: readonly Partial<TrainingPlan>[] = [
    { alpha: 0 },
    { alpha: Number.NaN },
    { learningRate: -1 },
    { learningRateDecay: -0.1 },
    { momentum: 1 },
    { serverLearningRate: Number.POSITIVE_INFINITY },
    { batchSize: 0 },
    { seed: 0.5 },
    { faulty: -1 },
    { model: { hidden: 4096, features: 65_536 } },
    { dataset: { kind: 'csv', digest: '', features: 3, classes: ['one'] } },
  ];
  test.each(outOfRange)('a caller with %o gets PLAN_INVALID, a peer a reason', (change) => {
    const plan = { ...defaultPlan('names'), ...change };
    expect(() => encodePlan(plan)).toThrow(expect.objectContaining({ code: 'PLAN_INVALID' }));
  });

  test('no bytes of a peer throw: cut, flipped, foreign, long', () => {
    const bytes = encodePlan(defaultPlan('names'));
    const random = seededRandom('plans');
    for (let length = 0; length < bytes.length; length++) expect(decodePlan(bytes.subarray(0, length)).ok).toBe(false);
    for (let i = 0; i < 3000; i++) {
      const flipped = bytes.slice();
      const at = random.below(bytes.length);
      flipped[at] = (flipped[at] as number) ^ (1 << random.below(8));
      const read = decodePlan(flipped);
      if (read.ok) expect(encodePlan(read.value)).toEqual(flipped);
    }
    expect(decodePlan(encode(list(uint, 9), [1, 2]))).toMatchObject({ ok: false, reason: 'wrong-shape' });
    expect(decodePlan(new Uint8Array(MAX_PLAN_BYTES + 1))).toMatchObject({ ok: false, reason: 'too-large' });
  });
});
