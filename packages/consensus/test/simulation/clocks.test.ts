import { expect, test } from 'vitest';
import { Cluster } from '../cluster/cluster.ts';
import { newViewAfterCrash, PROGRESS_TIMEOUT_MS } from '../cluster/recovery.ts';

test('clocks that differ by up to 50 s and run 10 % fast or slow do not keep a crashed primary in office', async () => {
  const faults = { maxSkewMs: 25_000, maxDriftPpm: 100_000 };
  const evenMs = await newViewAfterCrash(3, 4);
  const unevenMs: number[] = [];
  for (const seed of [3, 4, 5, 6]) unevenMs.push(await newViewAfterCrash(seed, 4, faults));
  // A slow clock takes a ninth longer for its timeout.
  expect(Math.max(...unevenMs)).toBeLessThan((2 * PROGRESS_TIMEOUT_MS) / 0.9);
  expect(unevenMs).not.toContain(evenMs);
});

test('clocks further apart than batches may be keep the swarm from committing: the skew is real', async () => {
  const heights: number[] = [];
  for (const [maxSkewMs, seed] of [
    [20_000, 1],
    [3_600_000, 1],
    [3_600_000, 2],
  ] as const) {
    const cluster = new Cluster({ n: 4, seed, faults: { maxSkewMs }, signatures: 'hash' });
    for (let i = 0; i < 50; i++) cluster.world.after(i * 50, 'submit', () => cluster.submit(i % 4));
    await cluster.world.run({ untilMs: 8000 });
    heights.push(cluster.decided.size);
  }
  expect(heights[0]).toBeGreaterThan(10);
  expect(heights.slice(1)).toEqual([0, 0]);
});
