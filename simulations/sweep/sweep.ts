import { createHash } from 'node:crypto';
import type { Row } from '../../bench/rows.ts';
import { type Pool, startPool } from './pool.ts';

/** What one seed gave: plain data, that can come from another process. */
export interface Outcome {
  readonly seed: number;
  /** Fingerprint of all that happened. */
  readonly hash: string;
  /** What was wrong, null where nothing was. */
  readonly failure: { readonly reason: string; readonly replay: string; readonly steps?: readonly string[] } | null;
  readonly cpuSeconds: number;
}

/** A simulation that is run over many seeds, each for itself. */
export interface Sweep<O extends Outcome> {
  /** That of its file in `simulations/`, which exports it as `sweep`. */
  readonly name: string;
  seed(seed: number): Promise<O>;
  /** Of outcomes in the order of their seeds. */
  rows(outcomes: readonly O[]): Row[] | Promise<Row[]>;
}

export interface SweepOptions {
  readonly seeds: number;
  readonly firstSeed: number;
  /** Processes that the seeds are spread over; 1 is this one. @default 1 */
  readonly workers?: number;
  readonly signal?: AbortSignal;
}

export interface Report {
  readonly name: string;
  readonly seeds: number;
  readonly failures: readonly ({ readonly seed: number } & NonNullable<Outcome['failure']>)[];
  readonly rows: readonly Row[];
  /** Over the fingerprints of all seeds, in order: the same for any number of workers. */
  readonly hash: string;
}

export async function runSweep<O extends Outcome>(sweep: Sweep<O>, options: SweepOptions): Promise<Report> {
  const { seeds, firstSeed, workers = 1, signal } = options;
  const outcomes: O[] = [];
  let next = firstSeed;
  await using pool: Pool<O> | null = workers > 1 ? startPool<O>(sweep.name, workers) : null;
  const lane = async (place: number) => {
    while (next < firstSeed + seeds && signal?.aborted !== true) {
      const seed = next++;
      outcomes.push(pool === null ? await sweep.seed(seed) : await pool.run(place, seed));
    }
  };
  await Promise.all(Array.from({ length: workers }, (_, place) => lane(place)));
  outcomes.sort((a, b) => a.seed - b.seed);
  const failures = outcomes.flatMap(({ seed, failure }) => (failure === null ? [] : [{ seed, ...failure }]));
  const rows = await sweep.rows(outcomes);
  return { name: sweep.name, seeds: outcomes.length, failures, rows, hash: hashOf(outcomes) };
}

function hashOf(outcomes: readonly Outcome[]): string {
  const hash = createHash('sha256');
  for (const { seed, hash: one } of outcomes) hash.update(`${seed} ${one}\n`);
  return hash.digest('hex').slice(0, 32);
}

/** Processor time of this process while `work` runs. */
export async function timed<T>(work: () => Promise<T>): Promise<{ readonly value: T; readonly cpuSeconds: number }> {
  const started = process.cpuUsage();
  const value = await work();
  const { user, system } = process.cpuUsage(started);
  return { value, cpuSeconds: (user + system) / 1e6 };
}

/** The value that a share of them do not exceed: 0.5 the median, 1 the largest. 0 where there are none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}
