import { isMurmurError } from '@murmuration/core';
import { describe, expect, test } from 'vitest';
import { maxFaulty, quorum } from '../../src/index.ts';
import { commitAfterReturn, newViewAfterCrash, PROGRESS_TIMEOUT_MS } from '../cluster/recovery.ts';
import { runScenario } from '../cluster/scenario.ts';
import { stage } from '../cluster/script.ts';

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
    for (let seed = 1; seed <= 4; seed++) {
      expect(await newViewAfterCrash(seed, n)).toBeLessThan(2 * PROGRESS_TIMEOUT_MS);
    }
  });

  test('after more than f were down, the quorum that is back commits once the timeouts of f dead primaries, 1 s and 2 s, are over', async () => {
    for (const seed of [1, 2, 3]) expect(await commitAfterReturn(seed, 7)).toBeLessThan(3 * PROGRESS_TIMEOUT_MS + 200);
  });
});

describe('bounds', () => {
  test('a replica whose journal grows without end is caught: the checker can fail', async () => {
    const cluster = stage({ seed: 1, n: 4, liars: [], twins: [], faults: {}, pbft: { checkpointInterval: 4 } });
    const value = Uint8Array.of(1);
    const records = Array.from({ length: 200 }, (_, i) => ({ key: `engine/left behind/${i}`, value }));
    cluster.nodes[2]?.disk.write(records, () => {});
    await expect(cluster.world.run({ untilMs: 20_000 })).rejects.toThrow(
      /replica 2 keeps 2\d\d records, more than 144/,
    );
  });

  test('the journal of every honest replica stays within two checkpoints of records', async () => {
    const { cluster } = await runScenario({ seed: 31, n: 4, chaosMs: 8000, requestEveryMs: 20 });
    for (const self of cluster.honest) expect(cluster.journalSize(self)).toBeLessThanOrEqual(4 * 128 + 4 * 4 + 2);
    expect(maxFaulty(4)).toBe(1);
  });
});
