import { seededRandom } from '@murmuration/core';
import { expect, test } from 'vitest';
import { gaussianDelta, pldDelta, pldEpsilon, rdpEpsilon } from '../../src/index.ts';
import { steppedDelta } from './hockey-stick.ts';
import { codeOf, gaussianPlan } from './world.ts';

const random = seededRandom('pld extremes');

function between(low: number, high: number): number {
  return 10 ** (low + (high - low) * random.unit());
}

function one<T>(...of: readonly (() => T)[]): T {
  return (of[random.below(of.length)] as () => T)();
}

/** Everywhere that `checkPlan` lets in, the corners more often than the middle. */
const cases = Array.from({ length: 14 }, () => ({
  sigma: one(
    () => between(-2, 6),
    () => between(-0.5, 1),
    () => 0.01,
    () => 1e6,
  ),
  rate: one(
    () => between(-9, 0),
    () => 1 - between(-12, -1),
    () => 1e-9,
    () => 1 - 2 ** -53,
    () => 1,
  ),
  steps: one(
    () => 1,
    () => Math.floor(between(0, 9)),
    () => 1e9,
  ),
  delta: one(
    () => between(-20, -1),
    () => 1e-20,
    () => 1 - between(-15, -1),
    () => 1,
  ),
}));

const FIXED = [
  // Each gave NaN or Infinity before the untilted masses were bounded by 1 and ε by Rényi accounting.
  { sigma: 0.0121, rate: 0.0726, steps: 1e9, delta: 1.7e-4 },
  { sigma: 0.0222, rate: 1 - 2 ** -53, steps: 541, delta: 1e-20 },
  { sigma: 0.337, rate: 1e-9, steps: 1, delta: 1.3215e-9 },
  { sigma: 140, rate: 0.9999999954, steps: 1e9, delta: 1e-20 },
  { sigma: 0.01, rate: 1 - 2 ** -53, steps: 1e9, delta: 8e-15 },
  { sigma: 16_789.87, rate: 1, steps: 1e9, delta: 1.99e-5 },
];

/** Room for the last digits of both sides' densities. */
const SLACK = 1 + 1e-7;

test.each([...FIXED, ...cases])('σ $sigma, q $rate, $steps steps, δ $delta: between truth and RDP', (row) => {
  const { sigma, rate, steps, delta } = row;
  const plan = gaussianPlan(sigma, rate, steps);
  const epsilon = pldEpsilon(plan, delta, { accuracy: 1e-3, maxPoints: 2 ** 16 });
  expect(epsilon).toBeGreaterThanOrEqual(0);
  expect(epsilon).toBeLessThanOrEqual(rdpEpsilon(plan, delta).epsilon * (1 + 1e-9));
  // One of the steps alone, and all of them where nothing is sampled, already leak as much as this.
  expect(steppedDelta(sigma, rate, epsilon)).toBeLessThanOrEqual(delta * SLACK);
  if (rate === 1) expect(gaussianDelta(sigma / Math.sqrt(steps), epsilon)).toBeLessThanOrEqual(delta * SLACK);
});

test.each(cases.slice(0, 5))(
  'δ at ε is from one step’s to 1: σ $sigma, q $rate, $steps steps',
  ({ sigma, rate, steps }) => {
    const plan = gaussianPlan(sigma, rate, steps);
    for (const epsilon of [0, between(-6, 2)]) {
      const delta = pldDelta(plan, epsilon, { accuracy: 1e-3, maxPoints: 2 ** 16 });
      expect(delta).toBeLessThanOrEqual(1);
      expect(delta * SLACK).toBeGreaterThanOrEqual(steppedDelta(sigma, rate, epsilon) - 1e-30);
    }
  },
);

test('known bad: an ε of a hundredth less, or of half the noise, is seen to be below the truth', () => {
  for (const [sigma, rate] of [
    [1, 1],
    [0.6, 0.01],
    [5, 0.3],
  ] as const) {
    const epsilon = pldEpsilon(gaussianPlan(sigma, rate, 1), 1e-6);
    expect(steppedDelta(sigma, rate, 0.99 * epsilon)).toBeGreaterThan(1e-6 * SLACK);
    expect(steppedDelta(sigma / 2, rate, epsilon)).toBeGreaterThan(1e-6 * SLACK);
  }
});

test('the reference equals the analytic Gaussian', () => {
  for (const sigma of [0.3, 1, 20]) {
    for (const epsilon of [0, 0.1, 2]) {
      const truth = gaussianDelta(sigma, epsilon);
      expect(Math.abs(steppedDelta(sigma, 1, epsilon) - truth)).toBeLessThan(1e-9 * truth + 1e-16);
    }
  }
});

test('what no plan can be is refused with a code, never answered', () => {
  const wrong = [Number.NaN, Number.POSITIVE_INFINITY, -1, 0];
  for (const bad of wrong) {
    expect(codeOf(() => pldEpsilon(gaussianPlan(bad, 0.1, 1), 1e-6))).toBe('OPTION_OUT_OF_RANGE');
    expect(codeOf(() => pldEpsilon(gaussianPlan(1, bad, 1), 1e-6))).toBe('OPTION_OUT_OF_RANGE');
    expect(codeOf(() => pldEpsilon(gaussianPlan(1, 0.1, bad), 1e-6))).toBe('OPTION_OUT_OF_RANGE');
    expect(codeOf(() => pldEpsilon(gaussianPlan(1, 0.1, 1), bad))).toBe('OPTION_OUT_OF_RANGE');
  }
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, -1e-9]) {
    expect(codeOf(() => pldDelta(gaussianPlan(1, 0.1, 1), bad))).toBe('OPTION_OUT_OF_RANGE');
  }
});
