import { isMurmurError } from '@murmuration/core';
import { describe, expect, test } from 'vitest';
import { maxFaulty, quorum } from '../../src/index.ts';
import { Cluster } from '../cluster/cluster.ts';
import { runScenario, type ScenarioOptions } from '../cluster/scenario.ts';
import { qbftLiars } from './liars.ts';
import { QBFT } from './protocol.ts';

const run = (options: ScenarioOptions) => runScenario({ ...options, protocol: QBFT });

describe('seeded chaos: loss, partitions, crashes and liars; safety after every event, liveness after healing', () => {
  test.each([4, 5, 6, 7, 10])('n = %i', async (n) => {
    for (const seed of [1, 2]) {
      const { cluster, requests } = await run({ seed: 100 * n + seed, n, chaosMs: 5000, requestEveryMs: 100 });
      expect(requests.length).toBeGreaterThan(15);
      expect(cluster.height).toBe(cluster.decided.size);
    }
  });

  test('with real signatures', async () => {
    const { cluster } = await run({ seed: 5, n: 4, chaosMs: 3000, signatures: 'ed25519', requestEveryMs: 100 });
    expect(cluster.decided.size).toBeGreaterThan(5);
  });

  test('the same seed gives the same trace', async () => {
    const runs = await Promise.all([1, 2].map(() => run({ seed: 77, n: 4, chaosMs: 2000 })));
    expect(runs[0]?.cluster.world.traceHash()).toBe(runs[1]?.cluster.world.traceHash());
  });
});

/** Work for some seconds among f liars, and its end. */
async function among(names: readonly string[], n: number, seed: number): Promise<Cluster> {
  const planted = new Map(
    names.slice(0, maxFaulty(n)).map((name, i) => [(seed + 3 * i) % n, qbftLiars[name] as never]),
  );
  const cluster = new Cluster({ n, seed, protocol: QBFT, signatures: 'hash', liars: planted });
  const requests: string[] = [];
  for (let i = 0; i < 12; i++) {
    const at = cluster.honest[i % cluster.honest.length] as number;
    cluster.world.after(i * 100, 'submit', () => requests.push(cluster.submit(at)));
  }
  await cluster.world.run({ untilMs: 1300 });
  await cluster.settle(requests, 60_000);
  return cluster;
}

describe('with f liars of any kind, safety holds after every event and every request commits', () => {
  test.each([4, 5, 6, 7, 10])('f silent of %i, whoever they are', async (n) => {
    for (let seed = 0; seed < n; seed++) await among(['silent', 'silent', 'silent'], n, seed);
  });

  test.each(Object.keys(qbftLiars))('%s', async (name) => {
    for (const n of [4, 7]) for (const seed of [1, 2]) await among([name, name], n, seed);
  });

  test.each([4, 5, 6, 7, 10])('a proposer of two faces among %i is convicted within 5 s', async (n) => {
    for (const seed of [1, 2, 3]) {
      const cluster = await among(['equivocate', 'silent', 'withhold'], n, seed);
      expect(cluster.accused.get(seed % n)).toBeLessThan(5000);
      expect([...cluster.accused.keys()]).toEqual([seed % n]);
      expect(cluster.convictions.get('conflicting-proposals')).toBeGreaterThan(0);
    }
  });
});

test('a replica that runs twice breaks nothing and frames nobody', async () => {
  for (const seed of [1, 2, 3]) {
    const cluster = new Cluster({ n: 4, seed, protocol: QBFT, signatures: 'hash', twins: [1] });
    const requests: string[] = [];
    for (let i = 0; i < 12; i++)
      cluster.world.after(i * 100, 'submit', () => requests.push(cluster.submit([0, 2, 3][i % 3] as number)));
    await cluster.world.run({ untilMs: 1300 });
    await cluster.settle(requests, 60_000);
    for (const accused of cluster.accused.keys()) expect(accused).toBe(1);
  }
});

test('one that denies in its round-changes what it has committed is convicted, and nobody else', async () => {
  let convictions = 0;
  for (let seed = 7; seed < 40 && convictions === 0; seed++) {
    const { cluster } = await run({ seed, n: 4, liars: ['forgetful'], chaosMs: 4000, requestEveryMs: 50 });
    for (const accused of cluster.accused.keys()) expect(cluster.isFaulty(accused)).toBe(true);
    convictions += cluster.convictions.get('vote-against-lock') ?? 0;
  }
  expect(convictions).toBeGreaterThan(0);
});

describe('the checkers can fail', () => {
  test('a quorum lowered by one lets a proposer of two faces break agreement, and the checker says so', async () => {
    const caught: string[] = [];
    for (let seed = 1; seed <= 20 && caught.length === 0; seed++) {
      const attempt = run({ seed, n: 4, liars: ['equivocate'], quorum: quorum(4) - 1, chaosMs: 4000 });
      const error = await attempt.then(() => undefined).catch((thrown: unknown) => thrown);
      if (isMurmurError(error, 'SIMULATION_FAILED')) caught.push(error.message);
    }
    expect(caught[0]).toContain('two payloads are committed');
    for (const seed of [1, 2, 3]) await run({ seed, n: 4, liars: ['equivocate'], chaosMs: 2000 });
  });
});

test('the journal of every honest replica is bounded by the decisions it keeps', async () => {
  const { cluster } = await run({ seed: 31, n: 4, chaosMs: 8000, requestEveryMs: 20 });
  expect(cluster.decided.size).toBeGreaterThan(70);
  // 64 decisions, the batches of two heights, the own words; evidence against one liar.
  for (const self of cluster.honest) expect(cluster.journalSize(self)).toBeLessThanOrEqual(64 + 8 + 1 + 4);
});
