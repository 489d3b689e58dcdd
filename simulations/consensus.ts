/** `npm run sim -- consensus --seeds N --from SEED`: signed PBFT, n = 7, among faults and two liars. */
import { maxFaulty } from '@murmuration/consensus';
import type { Row } from '../bench/rows.ts';
import { runScenario } from '../packages/consensus/test/cluster/scenario.ts';

export const name = 'consensus';

interface Failure {
  readonly seed: number;
  readonly reason: string;
  readonly replay: string;
}

const N = 7;
const EQUIVOCATOR = 'equivocate';
const ISOLATION_BAR_MS = 5000;
const SEEDS_PER_HOUR_BAR = 1000;
/** Blocks committed in each seed while faults last. */
const BLOCKS_PER_SEED = 1000;
const MAX_CHAOS_MS = 600_000;

/** Even seeds plant an equivocator among the two liars, so that its detection is measured. */
export async function run(options: {
  seeds: number;
  firstSeed: number;
  signal?: AbortSignal;
}): Promise<{ name: string; seeds: number; failures: Failure[]; rows: Row[] }> {
  const tally = new Tally();
  const started = process.cpuUsage();
  let done = 0;
  for (let seed = options.firstSeed; seed < options.firstSeed + options.seeds; seed++) {
    if (options.signal?.aborted) break;
    await tally.seed(seed);
    done += 1;
  }
  const { user, system } = process.cpuUsage(started);
  return { name, seeds: done, failures: tally.failures, rows: tally.rows((user + system) / 1e6) };
}

class Tally {
  readonly failures: Failure[] = [];
  private blocks = 0;
  private readonly isolationMs: number[] = [];
  private equivocators = 0;
  private accusedHonest = 0;

  async seed(seed: number): Promise<void> {
    const replay = `npm run sim -- consensus --from ${seed} --seeds 1`;
    const liars = seed % 2 === 0 ? { liars: [EQUIVOCATOR, OTHERS[(seed / 2) % OTHERS.length] as string] } : {};
    try {
      const { cluster } = await runScenario({
        seed,
        n: N,
        replay,
        blocks: BLOCKS_PER_SEED,
        chaosMs: MAX_CHAOS_MS,
        ...liars,
      });
      this.blocks += cluster.decided.size;
      for (const [replica, liar] of cluster.liars)
        if (liar.name === EQUIVOCATOR) this.caught(cluster.accused.get(replica));
      for (const accused of cluster.accused.keys()) if (!cluster.liars.has(accused)) this.accusedHonest += 1;
    } catch (error) {
      this.failures.push({ seed, reason: error instanceof Error ? error.message : String(error), replay });
    }
  }

  /** @param atMs when it was first accused; it lies from the start */
  private caught(atMs: number | undefined): void {
    this.equivocators += 1;
    if (atMs !== undefined) this.isolationMs.push(atMs);
  }

  rows(cpuSeconds: number): Row[] {
    const worstMs = Math.max(0, ...this.isolationMs);
    const recall = this.equivocators === 0 ? 1 : this.isolationMs.length / this.equivocators;
    const perHour = (3600 * this.blocks) / BLOCKS_PER_SEED / cpuSeconds;
    const against = `n = ${N}, f = ${maxFaulty(N)}, chaos, two liars`;
    return [
      row('safety and liveness violations', this.failures.length, 'seeds', against, '0', this.failures.length === 0),
      row('honest replicas accused', this.accusedHonest, 'replicas', against, '0', this.accusedHonest === 0),
      row('equivocators caught', recall, 'of them', `${this.equivocators} planted`, '= 1', recall === 1),
      row('equivocator caught, worst', worstMs, 'virtual ms', against, '< 5000', worstMs < ISOLATION_BAR_MS),
      row('speed', perHour, 'seeds/h', '1,000 blocks a seed, CPU of one core', '≥ 1000', perHour >= SEEDS_PER_HOUR_BAR),
    ];
  }
}

const OTHERS = [
  'silent',
  'withhold',
  'selective',
  'bad-signature',
  'stale-view',
  'bad-checkpoint',
  'forged-justification',
  'flood',
  'equivocate',
];

function row(what: string, value: number, unit: string, against: string, bar: string, holds: boolean): Row {
  return { what, value, unit, against, bar, holds };
}
