import { seededRandom } from '@murmuration/core';
import { expect, test } from 'vitest';
import { vrfSample } from '../../src/vrf/sample.ts';

function betas(count: number): Uint8Array[] {
  const random = seededRandom('betas');
  return Array.from({ length: count }, () => Uint8Array.from({ length: 64 }, () => random.below(256)));
}

test('a sample holds distinct ids below n, and a shorter one is its prefix', () => {
  for (const [i, beta] of betas(200).entries()) {
    const n = 1 + (i % 130);
    const size = i % (n + 1);
    const sample = vrfSample(beta, n, size);
    expect(new Set(sample).size).toBe(size);
    expect(sample.every((id) => Number.isInteger(id) && id >= 0 && id < n)).toBe(true);
    expect(vrfSample(beta, n, n).slice(0, size)).toEqual(sample);
  }
});

test('a whole sample is a permutation', () => {
  const [beta] = betas(1) as [Uint8Array];
  expect(vrfSample(beta, 100, 100).sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
});

test('each id, and each pair, is drawn as often as chance has it: chi-square over 6,000 outputs', () => {
  const n = 10;
  const size = 3;
  const runs = 6000;
  const singles = new Array<number>(n).fill(0);
  const pairs = new Array<number>(n * n).fill(0);
  for (const beta of betas(runs)) {
    const sample = vrfSample(beta, n, size);
    for (const a of sample) singles[a] = (singles[a] as number) + 1;
    const [a, b] = sample as [number, number];
    pairs[a * n + b] = (pairs[a * n + b] as number) + 1;
  }
  const chi = (counts: readonly number[], expected: number) =>
    counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  // 99.9 % points: 9 degrees of freedom 27.9; 89 degrees 135.
  expect(chi(singles, (runs * size) / n)).toBeLessThan(27.9);
  const offDiagonal = pairs.filter((_, i) => Math.floor(i / n) !== i % n);
  expect(chi(offDiagonal, runs / (n * (n - 1)))).toBeLessThan(135);
});

test('sizes out of range are OPTION_OUT_OF_RANGE', () => {
  const [beta] = betas(1) as [Uint8Array];
  for (const [n, size] of [
    [0, 0],
    [5, 6],
    [5, -1],
    [70_000, 1],
  ] as const) {
    expect(() => vrfSample(beta, n, size)).toThrow(expect.objectContaining({ code: 'OPTION_OUT_OF_RANGE' }));
  }
  expect(() => vrfSample(new Uint8Array(32), 5, 1)).toThrow(expect.objectContaining({ code: 'CRYPTO_WRONG_LENGTH' }));
});
