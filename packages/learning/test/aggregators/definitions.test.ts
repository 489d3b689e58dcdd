import { describe, expect, test } from 'vitest';
import { combine } from '../../src/index.ts';

/** Updates of one weight, so that results can be worked out by hand. */
function points(...values: readonly number[]): Float32Array[] {
  return values.map((value) => Float32Array.of(value));
}

describe('rules by hand', () => {
  test('CGE drops the f longest and averages the rest', () => {
    const { aggregate, weights } = combine('cge', points(1, -9, 2, 3, 10), 2);
    expect([...aggregate]).toEqual([2]);
    expect(weights).toEqual([1 / 3, 0, 1 / 3, 1 / 3, 0]);
  });

  test('multi-Krum keeps the n − f nearest to their neighbours', () => {
    // n = 5, f = 1: two neighbours each. Scores 5, 2, 5, 8, 97² + 98².
    const { aggregate, weights } = combine('multi-krum', points(1, 2, 3, 0, 100), 1);
    expect([...aggregate]).toEqual([1.5]);
    expect(weights).toEqual([0.25, 0.25, 0.25, 0.25, 0]);
  });

  test('clipping, mixing and trimming: n = 3, f = 1', () => {
    // ⌊2·1·2/3⌋ = 1 update is clipped: 9 to 2. Mixes of the two nearest: (1+2)/2, (2+2)/2, (2+2)/2; ties by
    // order, so 2 and the clipped 9 both take each other. The middle one is 2.
    const { aggregate } = combine('nnm-trimmed-mean', points(1, 2, 9), 1);
    expect([...aggregate]).toEqual([2]);
  });

  test('ties break by the order of the updates', () => {
    expect(combine('cge', points(1, -1, 1), 1).weights).toEqual([0.5, 0.5, 0]);
    // Both others are equally near to the middle one: it mixes with the first.
    expect(combine('nnm-trimmed-mean', points(-1, 0, 1), 1).weights).toEqual([2 / 6, 3 / 6, 1 / 6]);
  });
});
