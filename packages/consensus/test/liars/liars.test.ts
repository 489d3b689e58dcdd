import { describe, expect, test } from 'vitest';
import { liars, maxFaulty } from '../../src/index.ts';
import { Cluster } from '../cluster/cluster.ts';

const NAMES = Object.keys(liars);

/** A cluster with f replicas of one kind of liar, a quarter of a minute of work, and its end. */
async function runWith(names: readonly string[], seed: number, n = 7): Promise<Cluster> {
  const planted = new Map(
    names.slice(0, maxFaulty(n)).map((name, i) => [i === 0 ? seed % n : (seed + 3) % n, liars[name] as never]),
  );
  const cluster = new Cluster({ n, seed, signatures: 'hash', liars: planted, pbft: { checkpointInterval: 8 } });
  const requests: string[] = [];
  for (let i = 0; i < 25; i++) {
    const at = cluster.honest[i % cluster.honest.length] as number;
    cluster.world.after(i * 100, 'submit', () => requests.push(cluster.submit(at)));
  }
  await cluster.world.run({ untilMs: 2600 });
  await cluster.settle(requests, 60_000);
  return cluster;
}

describe('with f liars of any kind, safety holds after every event and every request commits', () => {
  test.each(NAMES)('%s', async (name) => {
    for (const seed of [1, 7]) {
      const cluster = await runWith([name, name], seed);
      for (const accused of cluster.accused.keys()) expect(cluster.liars.has(accused)).toBe(true);
    }
  });

  test.each(NAMES)('%s beside an equivocator, who is always caught within 5 s of virtual time', async (name) => {
    const cluster = await runWith(['equivocate', name], 3);
    const atMs = cluster.accused.get(3);
    expect(atMs).toBeDefined();
    expect(atMs).toBeLessThan(5000);
  });
});

test('each liar has a name, says what it does, and changes nothing by being listed', () => {
  for (const [name, liar] of Object.entries(liars)) {
    expect(liar.name).toBe(name);
    expect(liar.describe.length).toBeGreaterThan(10);
  }
});
