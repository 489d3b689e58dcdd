import type { Faults } from '@murmuration/simulator';
import { Cluster } from './cluster.ts';

/** The default of PBFT, named in what is measured against it. */
export const PROGRESS_TIMEOUT_MS = 1000;

/** @returns milliseconds from the crash of the primary, at a moment of the seed's, to the first commit of a new view */
export async function newViewAfterCrash(seed: number, n: number, faults: Faults = {}): Promise<number> {
  const cluster = new Cluster({
    n,
    seed,
    faults,
    signatures: 'hash',
    pbft: { progressTimeoutMs: PROGRESS_TIMEOUT_MS },
  });
  const { world } = cluster;
  for (let i = 0; i < 60; i++) world.after(i * 50, 'submit', () => cluster.submit(1 + (i % (n - 1))));
  await world.run({ untilMs: 500 + ((seed * 37) % 1500) });
  const crashedAtMs = world.nowMs();
  const before = cluster.decided.size;
  cluster.nodes[0]?.crash();
  const committed = () =>
    cluster.hosts.slice(1).some(({ engine }) => engine.status.view > 0 && engine.status.height > before);
  await world.run({ untilMs: crashedAtMs + 30_000, until: committed });
  return world.nowMs() - crashedAtMs;
}

/**
 * f + 1 replicas stop, so that nothing commits any more, for 3 to 33 s; then one of them returns.
 * @returns milliseconds from its return to the next commit
 */
export async function commitAfterReturn(seed: number, n: number): Promise<number> {
  const cluster = new Cluster({ n, seed, signatures: 'hash', pbft: { progressTimeoutMs: PROGRESS_TIMEOUT_MS } });
  const { world, f } = cluster;
  const backAtMs = 4000 + ((seed * 7919) % 30_000);
  for (let atMs = 0; atMs < backAtMs + 60_000; atMs += 100) world.after(atMs, 'submit', () => cluster.submit(n - 1));
  await world.run({ untilMs: 1000 });
  for (let self = 0; self <= f; self++) cluster.nodes[self]?.crash();
  await world.run({ untilMs: backAtMs });
  const before = cluster.decided.size;
  cluster.nodes[seed % (f + 1)]?.restart();
  await world.run({ untilMs: backAtMs + 60_000, until: () => cluster.decided.size > before });
  return world.nowMs() - backAtMs;
}
