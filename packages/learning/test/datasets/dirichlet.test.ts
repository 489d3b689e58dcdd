import { seededRandom } from '@murmuration/core';
import { describe, expect, test } from 'vitest';
import { splitDirichlet } from '../../src/index.ts';

function labels(classes: number, each: number): number[] {
  return Array.from({ length: classes * each }, (_, i) => i % classes);
}

describe('Dirichlet split', () => {
  test('partitions exactly: every sample in one shard, in ascending order, whatever the seed and alpha', () => {
    for (const alpha of [0.01, 0.1, 0.5, 1, 10, 1e6]) {
      for (let seed = 0; seed < 20; seed++) {
        const given = labels(1 + (seed % 9), 37);
        const shards = splitDirichlet(given, { clients: 1 + (seed % 8), alpha, random: seededRandom(seed) });
        expect(shards.flat().sort((a, b) => a - b)).toEqual(given.map((_, i) => i));
        for (const shard of shards) expect(shard).toEqual([...shard].sort((a, b) => a - b));
      }
    }
  });

  test('is a function of its seed', () => {
    const split = (seed: number) =>
      splitDirichlet(labels(3, 9), { clients: 4, alpha: 0.5, random: seededRandom(seed) });
    expect(split(1)).toEqual(split(1));
    expect(split(1)).not.toEqual(split(2));
    expect(split(1).map((shard) => shard.length)).toEqual([5, 10, 5, 7]);
  });

  test('shares have the moments of Dir(α): mean 1/K, variance (1/K)(1 − 1/K)/(Kα + 1)', () => {
    const clients = 4;
    for (const alpha of [0.1, 0.5, 5]) {
      const shares: number[] = [];
      for (let seed = 0; seed < 400; seed++) {
        const random = seededRandom(`${alpha}/${seed}`);
        const [first] = splitDirichlet(labels(1, 400), { clients, alpha, random }) as [number[]];
        shares.push(first.length / 400);
      }
      const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
      const variance = shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / shares.length;
      expect(mean).toBeGreaterThan(0.25 - 0.06);
      expect(mean).toBeLessThan(0.25 + 0.06);
      const wanted = (0.25 * 0.75) / (clients * alpha + 1);
      expect(variance / wanted).toBeGreaterThan(0.75);
      expect(variance / wanted).toBeLessThan(1.3);
    }
  });

  test('a client may stay empty; that is a valid partition', () => {
    const shards = splitDirichlet([0, 0], { clients: 5, alpha: 0.5, random: seededRandom(1) });
    expect(shards.filter((shard) => shard.length === 0).length).toBeGreaterThanOrEqual(3);
  });

  test('refuses no clients and an alpha that is not above 0', () => {
    for (const [clients, alpha] of [
      [0, 1],
      [1.5, 1],
      [2, 0],
      [2, Number.NaN],
      [2, Number.POSITIVE_INFINITY],
    ] as const) {
      expect(() => splitDirichlet([0], { clients, alpha, random: seededRandom(1) })).toThrow(
        expect.objectContaining({ code: 'DATA_SPLIT' }),
      );
    }
  });
});
