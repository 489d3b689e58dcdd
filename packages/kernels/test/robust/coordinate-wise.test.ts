import { seededRandom, shuffle } from '@murmuration/core';
import { describe, expect, test } from 'vitest';
import { median, trimmedMean, trimmedMeanOfMixtures, weightedSum } from '../../src/index.ts';

function rows(seed: string, n: number, length: number): Float32Array[] {
  const random = seededRandom(seed);
  return Array.from({ length: n }, () =>
    Float32Array.from({ length }, () => (random.unit() - 0.5) * 2 ** random.below(30)),
  );
}

/** Sort, cut, add: the definition. */
function byDefinition(values: readonly number[], trim: number): number {
  const kept = [...values].sort((a, b) => a - b).slice(trim, values.length - trim);
  return Math.fround(kept.reduce((sum, value) => sum + value, 0) / kept.length);
}

describe('trimmed mean', () => {
  test('equals its definition, coordinate by coordinate, for n up to 12 and every trim', () => {
    for (let n = 1; n <= 12; n++) {
      const x = rows(`trim ${n}`, n, 50);
      for (let trim = 0; 2 * trim < n; trim++) {
        const wanted = Array.from({ length: 50 }, (_, k) =>
          byDefinition(
            x.map((row) => row[k] as number),
            trim,
          ),
        );
        expect([...trimmedMean(x, trim)]).toEqual(wanted);
      }
    }
  });

  test('the order of the rows changes no bit', () => {
    const x = rows('order', 9, 400);
    const wanted = trimmedMean(x, 2);
    for (let i = 0; i < 20; i++) expect(trimmedMean(shuffle(seededRandom(i), [...x]), 2)).toEqual(wanted);
  });

  test('stays within the range of honest values while at most `trim` rows lie', () => {
    const honest = rows('honest', 5, 100);
    const lies = [new Float32Array(100).fill(1e30), new Float32Array(100).fill(-1e30)];
    const result = trimmedMean([lies[0] as Float32Array, ...honest, lies[1] as Float32Array], 2);
    for (const [k, value] of result.entries()) {
      const column = honest.map((row) => row[k] as number);
      expect(value).toBeGreaterThanOrEqual(Math.min(...column));
      expect(value).toBeLessThanOrEqual(Math.max(...column));
    }
  });

  test('refuses to drop everything, half a value, or rows of different lengths', () => {
    const trim = expect.objectContaining({ code: 'KERNEL_TRIM' });
    for (const [n, wrong] of [
      [2, 1],
      [4, 2],
      [3, -1],
      [3, 0.5],
      [0, 0],
    ] as const) {
      expect(() => trimmedMean(rows('bad', n, 3), wrong)).toThrow(trim);
    }
    expect(() => trimmedMean([new Float32Array(1), new Float32Array(2)], 0)).toThrow(
      expect.objectContaining({ code: 'KERNEL_SHAPE' }),
    );
  });
});

test('the median is the middle value, or the mean of the middle two', () => {
  expect([...median([Float32Array.of(3, 1), Float32Array.of(1, 9), Float32Array.of(2, 5)])]).toEqual([2, 5]);
  expect([...median([4, 1, 2, 100].map((value) => Float32Array.of(value)))]).toEqual([3]);
});

test('the trimmed mean of mixtures equals mixing first and trimming then, across blocks', () => {
  const random = seededRandom('mixtures');
  const x = rows('mix', 5, 2500);
  const mixing = Float64Array.from({ length: 35 }, () => (random.below(3) === 0 ? 0 : random.unit()));
  const mixed = Array.from({ length: 7 }, (_, i) => weightedSum(x, mixing.subarray(5 * i, 5 * i + 5)));
  expect(trimmedMeanOfMixtures(x, mixing, 2)).toEqual(trimmedMean(mixed, 2));
  expect(() => trimmedMeanOfMixtures(x, mixing.subarray(1), 2)).toThrow(
    expect.objectContaining({ code: 'KERNEL_SHAPE' }),
  );
});
