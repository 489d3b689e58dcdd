import { describe, expect, test } from 'vitest';
import { type Liar, liars } from '../../src/index.ts';
import { Life } from './life.ts';

const SEEDS = [1, 2, 20];

describe('replicas that join, leave and change their keys', () => {
  test.each(SEEDS)(
    'commit one payload at each height, and everything, in every epoch: seed %i',
    async (seed) => {
      const life = new Life({ seed });
      await life.live(6);
      expect(life.chain.current.set.epoch).toBeGreaterThan(1);
      expect(life.accused.size).toBe(0);
    },
    60_000,
  );

  test.each([1, 2])(
    'the same with seven and two liars, which may be removed on the way: seed %i',
    async (seed) => {
      const planted = new Map([
        [1, liars.equivocate],
        [4, liars.withhold],
      ] as [number, Liar][]);
      const life = new Life({ seed, n: 7, spare: 2, liars: planted, chaosMs: 8000 });
      await life.live(4);
      life.wish('leave', 1);
      await life.settle(40_000);
      expect(life.replicas).not.toContain(1);
      expect([...life.accused].map((device) => life.ids.indexOf(device))).toEqual([1]);
    },
    60_000,
  );

  test('known bad: a change that takes effect at once lets two epochs decide one height', async () => {
    const lives = Array.from({ length: 4 }, async (_, i) => {
      const life = new Life({ seed: i + 1, immediate: true });
      await life.live(6);
    });
    const ends = await Promise.allSettled(lives);
    const found = ends.flatMap((end) => (end.status === 'rejected' ? [String(end.reason)] : []));
    expect(found.filter((reason) => /two payloads|committed in/.test(reason)).length).toBeGreaterThan(0);
  }, 60_000);
});
