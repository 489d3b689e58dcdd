import { seededRandom } from '@murmuration/core';
import { describe, expect, test } from 'vitest';
import { expectedMessages, sampleSizes } from '../../src/probft/parameters.ts';
import { binomialTail, estimateTermination, preparedChance } from '../../src/probft/termination.ts';

/** n = 100, one view, correct leader, f silent: f, l, o, q, s, then percent prepared, decided per replica, all decide. */
const COLUMNS = [
  [0, 2, 1.7, 20, 34, 99.93, 99.93, 93],
  [20, 2, 1.7, 20, 34, 96.81, 95.1, 0.7],
  [33, 2, 1.7, 20, 34, 80.0, 36.2, 0],
  [33, 2, 2.5, 20, 50, 99.97, 99.98, 98],
  [33, 1.2, 1.7, 12, 21, 77.6, 40.6, 0],
] as const;

/** Views behind the published Monte Carlo columns. */
const PUBLISHED_RUNS = 300;
const RUNS = 400;

describe.each(COLUMNS)('n = 100, f = %i, l = %f, o = %f', (silent, quorumFactor, sampleFactor, q, s, ...percent) => {
  const sizes = sampleSizes(100, { quorumFactor, sampleFactor });
  const [prepared, decided, all] = percent;

  test('quorum and sample have the sizes of the formulas', () => {
    expect(sizes).toEqual({ n: 100, q, s });
  });

  test('the chance of being prepared equals the published one to its last digit', () => {
    expect((100 * preparedChance(sizes, silent)).toFixed(2)).toBe(prepared.toFixed(2));
  });

  test('the chances of deciding lie within three sigma of the published ones', () => {
    const { preparedPerReplica, decidedPerReplica, allDecided } = estimateTermination(
      sizes,
      silent,
      RUNS,
      seededRandom(`termination ${silent} ${s}`),
    );
    // Both sides are estimates: their errors add in squares. One view in 300 is the least that can be published.
    const sigma = (error: number) => Math.hypot(error, (error * Math.sqrt(RUNS)) / Math.sqrt(PUBLISHED_RUNS));
    const near = (ours: { mean: number; error: number }, theirs: number, digit: number) =>
      expect(Math.abs(ours.mean - theirs / 100)).toBeLessThanOrEqual(3 * sigma(ours.error) + digit / 100);
    near(decidedPerReplica, decided, 0.05);
    near(allDecided, all, 0.5);
    expect(Math.abs(preparedPerReplica.mean - preparedChance(sizes, silent))).toBeLessThanOrEqual(
      3 * preparedPerReplica.error + 1e-4,
    );
  });
});

test('the binomial tail is the sum of its terms, in exact fractions', () => {
  const choose = (n: bigint, k: bigint): bigint => (k === 0n ? 1n : (choose(n - 1n, k - 1n) * n) / k);
  for (const [trials, part, least] of [
    [10, 3, 4],
    [67, 34, 20],
    [100, 21, 12],
  ] as const) {
    let sum = 0n;
    for (let k = least; k <= trials; k++) {
      sum += choose(BigInt(trials), BigInt(k)) * BigInt(part) ** BigInt(k) * BigInt(100 - part) ** BigInt(trials - k);
    }
    const exact = Number((sum * 10n ** 15n) / 100n ** BigInt(trials)) / 1e15;
    expect(binomialTail(trials, part / 100, least)).toBeCloseTo(exact, 12);
  }
  expect([binomialTail(5, 0.5, 0), binomialTail(5, 0.5, 6), binomialTail(5, 1, 5)]).toEqual([1, 0, 1]);
});

test.each([
  [4, 2, 27],
  [7, 2, 90],
  [50, 2, 2597],
  [50, 1.2, 1617],
  [100, 2, 6831],
  [100, 1.2, 4257],
  [289, 2, 33_696],
  [289, 1.2, 21_024],
])('n = %i, l = %f: the good case costs the published %i messages', (n, quorumFactor, messages) => {
  expect(expectedMessages(sampleSizes(n, { quorumFactor, sampleFactor: 1.7 }))).toBe(messages);
});

test('a quorum above n is CONSENSUS_PROBFT_SIZES', () => {
  expect(() => sampleSizes(3, { quorumFactor: 2, sampleFactor: 1.7 })).toThrow(
    expect.objectContaining({ code: 'CONSENSUS_PROBFT_SIZES' }),
  );
});
