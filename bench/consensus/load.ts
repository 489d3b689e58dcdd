import type { Client } from './client.ts';

const TICK_MS = 10;

/** Keeps `outstanding` transactions under way for a while. @returns committed per second, after a first part that warms up */
export async function closedLoop(
  client: Client,
  transactions: Iterator<Uint8Array>,
  options: { readonly outstanding: number; readonly warmUpMs: number; readonly durationMs: number },
): Promise<number> {
  const startMs = performance.now();
  const refill = () => {
    while (client.outstanding < options.outstanding) {
      const next = transactions.next();
      if (next.done) throw new Error('the transactions signed beforehand have run out');
      client.submit(next.value);
    }
  };
  client.onCommitted = refill;
  refill();
  await until(startMs + options.warmUpMs);
  const from = { atMs: performance.now(), committed: client.committed };
  await until(from.atMs + options.durationMs);
  const rate = (client.committed - from.committed) / ((performance.now() - from.atMs) / 1000);
  client.onCommitted = () => {};
  await settled(client);
  return rate;
}

/**
 * Submits at a fixed rate, whatever comes back: latency counts from when a transaction was due.
 * @param target the replica for the i-th. @default the primary
 * @returns latencies of the transactions due after the first `warmUpMs`
 */
export async function openLoop(
  client: Client,
  transactions: Iterator<Uint8Array>,
  options: {
    readonly perSecond: number;
    readonly warmUpMs: number;
    readonly durationMs: number;
    readonly target?: (i: number) => number;
  },
): Promise<readonly number[]> {
  const { perSecond, warmUpMs, durationMs, target } = options;
  const startMs = performance.now();
  const endMs = startMs + warmUpMs + durationMs;
  let from = 0;
  for (let i = 0, dueMs = startMs; dueMs < endMs; i++, dueMs = startMs + (i * 1000) / perSecond) {
    if (dueMs > performance.now()) await until(performance.now() + TICK_MS);
    if (dueMs < startMs + warmUpMs) from = client.latenciesMs.length;
    const next = transactions.next();
    if (next.done) throw new Error('the transactions signed beforehand have run out');
    client.submit(next.value, target?.(i), dueMs);
  }
  await settled(client);
  return client.latenciesMs.slice(from);
}

function until(atMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, atMs - performance.now())));
}

/** Waits for the answers to everything that was submitted. */
export async function settled(client: Client): Promise<void> {
  const deadlineMs = performance.now() + 60_000;
  while (client.outstanding > 0) {
    if (performance.now() > deadlineMs) throw new Error(`${client.outstanding} transactions were never answered`);
    await until(performance.now() + TICK_MS);
  }
}
