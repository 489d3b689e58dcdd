import { seededRandom } from '@murmuration/core';
import { expect, test } from 'vitest';
import { dot, gram, squaredDistance, subtract } from '../../src/index.ts';

function rows(seed: string, n: number, length: number, common = 0): Float32Array[] {
  const random = seededRandom(seed);
  return Array.from({ length: n }, () => Float32Array.from({ length }, () => common + random.unit() - 0.5));
}

test('holds every inner product, for lengths below, at and above a block', () => {
  for (const length of [1, 3, 1023, 1024, 1025, 5000]) {
    const x = rows(`gram ${length}`, 5, length);
    const matrix = gram(x);
    for (let i = 0; i < 5; i++) {
      for (let j = 0; j < 5; j++) {
        expect(matrix[i * 5 + j]).toBeCloseTo(dot(x[i] as Float32Array, x[j] as Float32Array), 9);
        expect(matrix[i * 5 + j]).toBe(matrix[j * 5 + i]);
      }
    }
  }
});

test('distances survive a common part of any size once it is subtracted', () => {
  const common = new Float32Array(3000).fill(1 << 20);
  const x = rows('common', 4, 3000, 1 << 20);
  const matrix = gram(x, common);
  for (let i = 0; i < 4; i++) {
    for (let j = 0; j < 4; j++) {
      const difference = subtract(x[i] as Float32Array, x[j] as Float32Array);
      expect(squaredDistance(matrix, 4, i, j)).toBeCloseTo(dot(difference, difference), 6);
    }
  }
});

test('a distance is never negative, not even between equal rows', () => {
  const [x] = rows('equal', 1, 999) as [Float32Array];
  const matrix = gram([x, x.slice()]);
  expect(squaredDistance(matrix, 2, 0, 1)).toBe(0);
});

test('refuses rows or a reference of another length', () => {
  const shape = expect.objectContaining({ code: 'KERNEL_SHAPE' });
  expect(() => gram([new Float32Array(2), new Float32Array(3)])).toThrow(shape);
  expect(() => gram([new Float32Array(2)], new Float32Array(3))).toThrow(shape);
});
