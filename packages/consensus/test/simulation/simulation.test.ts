import { isMurmurError } from '@murmuration/core';
import { makePeace } from '@murmuration/simulator';
import { describe, expect, test } from 'vitest';
import { maxFaulty, quorum } from '../../src/index.ts';
import { Cluster } from '../cluster/cluster.ts';
import { runScenario } from '../cluster/scenario.ts';

describe('seeded chaos: loss, partitions, crashes and liars; safety after every event, liveness after healing', () => {
  test.each([4, 5, 6, 7, 8, 9, 10])('n = %i', async (n) => {
    for (const seed of [1, 2]) {
      const { cluster, requests } = await runScenario({ seed: 100 * n + seed, n, chaosMs: 5000, requestEveryMs: 100 });
      expect(requests.length).toBeGreaterThan(20);
      expect(cluster.height).toBe(cluster.decided.size);
      for (const accused of cluster.accused.keys()) expect(cluster.liars.has(accused)).toBe(true);
    }
  });

  test('with real signatures', async () => {
    const { cluster } = await runScenario({ seed: 5, n: 4, chaosMs: 3000, signatures: 'ed25519' });
    expect(cluster.decided.size).toBeGreaterThan(10);
  });

  test.each([
    // Found by a sweep: a new view left unbound what lay above the primary's window, and it proposed there anew.
    { seed: 5, liars: ['flood', 'equivocate'], n: 7 },
    // Found by a sweep: a new primary that was behind asked itself for the blocks it lacked.
    { seed: 208, liars: ['forged-justification'], n: 6 },
  ])('seed $seed, n = $n, once failed', async (options) => {
    await runScenario({ ...options, chaosMs: 8000 });
  });

  test('the same seed gives the same trace', async () => {
    const runs = await Promise.all([1, 2].map(() => runScenario({ seed: 77, n: 4, chaosMs: 3000 })));
    expect(runs[0]?.cluster.world.traceHash()).toBe(runs[1]?.cluster.world.traceHash());
  });
});

describe('the checkers can fail', () => {
  test('a quorum lowered by one lets an equivocating primary break agreement, and the checker says so', async () => {
    const caught: string[] = [];
    const broken = () => caught.some((message) => message.includes('two payloads are committed'));
    for (let seed = 1; seed <= 20 && !broken(); seed++) {
      const run = runScenario({ seed, n: 4, liars: ['equivocate'], quorum: quorum(4) - 1, chaosMs: 4000 });
      const error = await run.then(() => undefined).catch((thrown: unknown) => thrown);
      if (isMurmurError(error, 'SIMULATION_FAILED')) caught.push(error.message);
    }
    expect(broken()).toBe(true);
    for (const seed of [1, 2, 3]) await runScenario({ seed, n: 4, liars: ['equivocate'], chaosMs: 4000 });
  });
});

describe('recovery', () => {
  test.each([4, 7, 10])('a new view commits within 2 timeouts of the crash of the primary, n = %i', async (n) => {
    const timeoutMs = 1000;
    const worst: number[] = [];
    for (let seed = 1; seed <= 4; seed++) {
      const cluster = new Cluster({ n, seed, signatures: 'hash', pbft: { progressTimeoutMs: timeoutMs } });
      const { world } = cluster;
      for (let i = 0; i < 60; i++) world.after(i * 50, 'submit', () => cluster.submit(1 + (i % (n - 1))));
      await world.run({ untilMs: 500 + seed * 37 });
      const crashedAtMs = world.nowMs();
      const before = cluster.decided.size;
      cluster.nodes[0]?.crash();
      const committed = () =>
        cluster.hosts.slice(1).some(({ engine }) => engine.status.view > 0 && engine.status.height > before);
      await world.run({ untilMs: crashedAtMs + 10_000, until: committed });
      worst.push(world.nowMs() - crashedAtMs);
    }
    expect(Math.max(...worst)).toBeLessThan(2 * timeoutMs);
  });

  test('after more than f were down, the first commit comes within 3 s of the quorum being back', async () => {
    for (const seed of [1, 2, 3]) {
      const cluster = new Cluster({ n: 7, seed, signatures: 'hash' });
      const { world } = cluster;
      const requests: string[] = [];
      for (let i = 0; i < 200; i++) world.after(i * 100, 'submit', () => requests.push(cluster.submit(6)));
      await world.run({ untilMs: 1000 });
      for (const self of [0, 1, 2]) cluster.nodes[self]?.crash();
      await world.run({ untilMs: 12_000 });
      const before = cluster.decided.size;
      cluster.nodes[2]?.restart();
      await world.run({ untilMs: 22_000, until: () => cluster.decided.size > before });
      expect(world.nowMs() - 12_000).toBeLessThan(3000);
      makePeace(world);
      await world.run({ untilMs: 21_000 });
      await cluster.settle(requests, 20_000);
    }
  });
});

describe('bounds', () => {
  test('the journal of every honest replica stays within two checkpoints of records', async () => {
    const { cluster } = await runScenario({ seed: 31, n: 4, chaosMs: 8000, requestEveryMs: 20 });
    for (const self of cluster.honest) expect(cluster.journalSize(self)).toBeLessThanOrEqual(4 * 128 + 4 * 4 + 2);
    expect(maxFaulty(4)).toBe(1);
  });
});
