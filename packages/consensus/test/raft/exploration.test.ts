import { toHex } from '@murmuration/core';
import { expect, test } from 'vitest';
import { heals, live, ROUGH } from './life.ts';

test.each(Array.from({ length: 24 }, (_, seed) => [seed]))(
  'the five properties hold at every step, and all heal: loss, delay, duplication, partitions, crashes, changes, seed %i',
  (seed) => {
    expect(heals(live(seed).cluster)).toBe(true);
  },
);

test.each(Array.from({ length: 6 }, (_, i) => [100 + i]))(
  'every request that a member still knows of commits after healing, seed %i',
  (seed) => {
    const { cluster, proposed } = live(seed, { ...ROUGH, crash: 0 }, false);
    cluster.heal();
    const wanted = [...proposed].map((request) => toHex(new TextEncoder().encode(request)));
    const all = () => cluster.members.every(({ requests }) => wanted.every((request) => requests.has(request)));
    expect(cluster.run(20_000, all)).toBe(true);
  },
);

test('members that forget their votes are caught breaking a property: the checker can fail', () => {
  const broken: string[] = [];
  for (let seed = 0; seed < 40 && broken.length === 0; seed++) {
    try {
      live(seed, { ...ROUGH, crash: 0.03, maxDelayMs: 120, amnesia: true }, false);
    } catch (error) {
      broken.push((error as Error).message);
    }
  }
  expect(broken[0]).toMatch(/Safety|Completeness|Matching|Append-Only/);
});

test('one seed gives one history', () => {
  const trace = () => {
    const { cluster } = live(7);
    return cluster.members.map(({ applied, sent, boots }) => [applied, sent, boots]);
  };
  expect(trace()).toEqual(trace());
});
