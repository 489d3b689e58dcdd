import { seededRandom, shuffle } from '@murmuration/core';
import { norm, subtract } from '@murmuration/kernels';
import { describe, expect, test } from 'vitest';
import { combine, RULES, STRATEGIES, type Strategy } from '../../src/index.ts';

const LENGTH = 300;

/** Updates around a common one, as honest devices send them. */
function honest(seed: string, n: number, spread = 0.2): Float32Array[] {
  const random = seededRandom(seed);
  const centre = Float32Array.from({ length: LENGTH }, () => random.unit() - 0.5);
  return Array.from({ length: n }, () => centre.map((value) => value + spread * (random.unit() - 0.5)));
}

function mean(rows: readonly Float32Array[]): Float32Array {
  return Float32Array.from(
    { length: LENGTH },
    (_, k) => rows.reduce((sum, row) => sum + (row[k] as number), 0) / rows.length,
  );
}

function distance(a: Float32Array, b: Float32Array): number {
  return norm(subtract(a, b));
}

/** Rules whose result moves with the updates. Clipping and CGE measure from zero, so theirs need not. */
const TRANSLATES: readonly Strategy[] = ['mean', 'median', 'multi-krum'];

describe.each(STRATEGIES)('%s', (strategy) => {
  const rule = RULES[strategy];

  test('is the mean where nobody lies (f = 0), the median aside, which stays near it', () => {
    for (const n of [1, 2, 5, 8]) {
      const rows = honest(`f0 ${n}`, n);
      const tolerance = strategy === 'median' ? 0.1 * Math.sqrt(LENGTH) : 1e-5;
      expect(distance(combine(strategy, rows, 0).aggregate, mean(rows))).toBeLessThan(tolerance);
    }
  });

  test('equal updates come out as they went in, for every f it bears', () => {
    for (let n = 1; n <= 9; n++) {
      const [row] = honest('equal', 1) as [Float32Array];
      for (let faulty = 0; faulty <= rule.maxFaulty(n); faulty++) {
        const { aggregate } = combine(
          strategy,
          Array.from({ length: n }, () => row.slice()),
          faulty,
        );
        expect(distance(aggregate, row)).toBeLessThan(1e-5);
      }
    }
  });

  test('the order of the updates does not matter', () => {
    const rows = honest('order', 7);
    const faulty = Math.min(2, rule.maxFaulty(7));
    const wanted = combine(strategy, rows, faulty).aggregate;
    for (let seed = 0; seed < 10; seed++) {
      const shuffled = shuffle(seededRandom(seed), [...rows]);
      expect(distance(combine(strategy, shuffled, faulty).aggregate, wanted)).toBeLessThan(1e-5);
    }
  });

  test('the same updates in the same order give the same bits', () => {
    const rows = honest('bits', 7);
    const faulty = Math.min(2, rule.maxFaulty(7));
    expect(combine(strategy, rows, faulty)).toEqual(
      combine(
        strategy,
        rows.map((row) => row.slice()),
        faulty,
      ),
    );
  });

  if (TRANSLATES.includes(strategy)) {
    test('moves with the updates', () => {
      const rows = honest('translate', 7);
      const [by] = honest('by', 1) as [Float32Array];
      const moved = rows.map((row) => row.map((value, k) => value + (by[k] as number)));
      const faulty = Math.min(2, rule.maxFaulty(7));
      const difference = subtract(
        combine(strategy, moved, faulty).aggregate,
        combine(strategy, rows, faulty).aggregate,
      );
      expect(distance(difference, by)).toBeLessThan(1e-4);
    });
  }

  test('at its bound f liars cannot move it away from the honest; more than half, or one against the plain mean, can', () => {
    for (const n of [5, 7, 9]) {
      const faulty = rule.maxFaulty(n);
      const spoil = (liars: number) => {
        const rows = honest(`breakdown ${n}`, n);
        const lie = new Float32Array(LENGTH).fill(1e6);
        const result = combine(
          strategy,
          [...rows.slice(0, n - liars), ...rows.slice(n - liars).map(() => lie)],
          faulty,
        );
        return distance(result.aggregate, mean(rows));
      };
      expect(spoil(faulty)).toBeLessThan(5);
      const beyond = strategy === 'mean' ? 1 : Math.ceil((n + 1) / 2);
      expect(spoil(beyond)).toBeGreaterThan(100);
    }
  });

  test('weights are shares: none negative, together 1', () => {
    const rows = honest('weights', 7);
    for (let faulty = 0; faulty <= rule.maxFaulty(7); faulty++) {
      const { weights } = combine(strategy, rows, faulty);
      expect(weights).toHaveLength(7);
      expect(Math.min(...weights)).toBeGreaterThanOrEqual(0);
      expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 9);
    }
  });

  test('refuses an f beyond its bound, negative or fractional, and no updates', () => {
    for (let n = 1; n <= 9; n++) {
      for (const faulty of [rule.maxFaulty(n) + 1, -1, 0.5, Number.NaN]) {
        expect(() => combine(strategy, honest('bad', n), faulty)).toThrow(
          expect.objectContaining({ code: 'AGGREGATE_TOLERANCE' }),
        );
      }
    }
    expect(() => combine(strategy, [], 0)).toThrow(expect.objectContaining({ code: 'AGGREGATE_EMPTY' }));
  });

  test('refuses NaN, infinities and updates of different lengths, naming the place', () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const rows = honest('nan', 5);
      (rows[3] as Float32Array)[42] = bad;
      expect(() => combine(strategy, rows, 0)).toThrow(expect.objectContaining({ code: 'AGGREGATE_NOT_FINITE' }));
      expect(() => combine(strategy, rows, 0)).toThrow(/update 3 .* weight 42/);
    }
    expect(() => combine(strategy, [...honest('length', 2), new Float32Array(3)], 0)).toThrow(
      expect.objectContaining({ code: 'AGGREGATE_LENGTH' }),
    );
  });
});
