/** `npm run sim -- consensus --seeds N --from SEED`: signed PBFT, n = 7, among faults and two liars. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { maxFaulty } from '@murmuration/consensus';
import type { Row } from '../bench/rows.ts';
import type { Cluster } from '../packages/consensus/test/cluster/cluster.ts';
import {
  commitAfterReturn,
  newViewAfterCrash,
  PROGRESS_TIMEOUT_MS,
} from '../packages/consensus/test/cluster/recovery.ts';
import { Recording, runScenario } from '../packages/consensus/test/cluster/scenario.ts';
import type { Script } from '../packages/consensus/test/cluster/script.ts';
import { failing, replayScript } from './sweep/failing.ts';
import { type Outcome, quantile, type Report, runSweep, type Sweep, type SweepOptions, timed } from './sweep/sweep.ts';

export const name = 'consensus';

const N = 7;
const EQUIVOCATOR = 'equivocate';
const ISOLATION_BAR_MS = 5000;
const RETURN_BAR_MS = 3000;
const SEEDS_PER_HOUR_BAR = 1000;
const MEMORY_BAR_BYTES = 64 * 1024 * 1024;
/** Blocks committed in each seed while faults last. */
const BLOCKS_PER_SEED = 1000;
const MAX_CHAOS_MS = 600_000;

export interface ConsensusOutcome extends Outcome {
  readonly blocks: number;
  readonly accused: number;
  readonly accusedHonest: number;
  /** For each liar that told two honest replicas contradicting things: virtual ms until evidence; null where none came. */
  readonly caughtMs: readonly (number | null)[];
  /** And until that was committed. */
  readonly isolatedMs: readonly (number | null)[];
  readonly newViewMs: number;
  readonly returnMs: number;
}

/** Even seeds plant an equivocator among the two liars, so that its detection is measured. */
export const sweep: Sweep<ConsensusOutcome> = {
  name,
  seed: (seed) => play({ sweep: name, seed, blocks: BLOCKS_PER_SEED, equivocates: seed % 2 === 0 }),
  rows,
};

export function run(options: SweepOptions): Promise<Report> {
  return runSweep(sweep, options);
}

export function replay(script: unknown): Promise<Report> {
  return replayScript(name, script as Script);
}

interface Play {
  /** Name of the simulation, for the command that replays it. */
  readonly sweep: string;
  readonly seed: number;
  readonly blocks: number;
  /** Whether an equivocator is among the two liars. */
  readonly equivocates: boolean;
}

export async function play({ sweep, seed, blocks, equivocates }: Play): Promise<ConsensusOutcome> {
  const replay = `npm run sim -- ${sweep} --from ${seed} --seeds 1`;
  const liars = equivocates ? { liars: [EQUIVOCATOR, OTHERS[Math.floor(seed / 2) % OTHERS.length] as string] } : {};
  const recording = new Recording();
  const options = { seed, n: N, replay, blocks, chaosMs: MAX_CHAOS_MS, recording, ...liars };
  const { value, cpuSeconds } = await timed(async () => {
    try {
      return { cluster: (await runScenario(options)).cluster };
    } catch (error) {
      return { error };
    }
  });
  const newViewMs = await newViewAfterCrash(seed, N);
  const returnMs = await commitAfterReturn(seed, N);
  if (value.cluster === undefined) {
    const failure = await failing(value.error, recording.script(), replay);
    return { seed, hash: '', failure, cpuSeconds, ...NOTHING, newViewMs, returnMs };
  }
  return {
    seed,
    hash: value.cluster.world.traceHash(),
    failure: null,
    cpuSeconds,
    ...seen(value.cluster),
    newViewMs,
    returnMs,
  };
}

const NOTHING = { blocks: 0, accused: 0, accusedHonest: 0, caughtMs: [], isolatedMs: [] };

function seen(cluster: Cluster): Omit<ConsensusOutcome, keyof Outcome | 'newViewMs' | 'returnMs'> {
  const accused = [...cluster.accused.keys()];
  const since = (times: ReadonlyMap<number, number>) =>
    [...cluster.contradicted].map(([replica, onsetMs]) => {
      const atMs = times.get(replica);
      return atMs === undefined ? null : Math.max(0, atMs - onsetMs);
    });
  return {
    blocks: cluster.decided.size,
    accused: accused.length,
    accusedHonest: accused.filter((replica) => !cluster.isFaulty(replica)).length,
    caughtMs: since(cluster.accused),
    isolatedMs: since(cluster.isolated),
  };
}

function rows(outcomes: readonly ConsensusOutcome[]): Row[] {
  return [...promises(outcomes), speed(outcomes), memory()];
}

/** What every length of run must keep. */
export function promises(outcomes: readonly ConsensusOutcome[]): Row[] {
  const failures = outcomes.filter(({ failure }) => failure !== null).length;
  const against = `n = ${N}, f = ${maxFaulty(N)}, chaos, two liars`;
  const violations = row('safety and liveness violations', failures, 'seeds', against, '0', failures === 0);
  return [violations, ...detection(outcomes), ...recovery(outcomes)];
}

function detection(outcomes: readonly ConsensusOutcome[]): Row[] {
  const accused = sum(outcomes.map((one) => one.accused));
  const honest = sum(outcomes.map((one) => one.accusedHonest));
  const precision = accused === 0 ? 1 : 1 - honest / accused;
  const caught = outcomes.flatMap(({ caughtMs }) => caughtMs);
  const recall = caught.length === 0 ? 1 : caught.filter((ms) => ms !== null).length / caught.length;
  const isolatedMs = outcomes.flatMap((one) => one.isolatedMs).filter((ms) => ms !== null);
  const lost = caught.length - isolatedMs.length;
  const against = `${caught.length} that contradicted themselves before the honest, ${outcomes.length} seeds`;
  const isolation = (what: string, share: number) => {
    const ms = quantile(isolatedMs, share);
    return row(
      `equivocator isolated, ${what}`,
      ms,
      'virtual ms',
      against,
      '< 5000',
      lost === 0 && ms < ISOLATION_BAR_MS,
    );
  };
  return [
    row('evidence precision', precision, 'of accused', `${accused} accused`, '= 1', precision === 1),
    row('evidence recall', recall, 'of them', against, '= 1', recall === 1),
    isolation('p50', 0.5),
    isolation('p99', 0.99),
    isolation('worst', 1),
  ];
}

function recovery(outcomes: readonly ConsensusOutcome[]): Row[] {
  const crash = outcomes.map(({ newViewMs }) => newViewMs);
  const back = outcomes.map(({ returnMs }) => returnMs);
  const bar = 2 * PROGRESS_TIMEOUT_MS;
  const worst = (what: string, values: readonly number[], barMs: number): Row[] =>
    [0.5, 1].map((share) => {
      const ms = quantile(values, share);
      const label = `${what}, ${share === 1 ? 'worst' : 'p50'}`;
      return row(label, ms, 'virtual ms', `${outcomes.length} seeds, n = ${N}`, `≤ ${barMs}`, ms <= barMs);
    });
  return [
    ...worst('primary crashed, a new view commits', crash, bar),
    ...worst('quorum back after more than f were down, first commit', back, RETURN_BAR_MS),
  ];
}

function speed(outcomes: readonly ConsensusOutcome[]): Row {
  const blocks = sum(outcomes.map((one) => one.blocks));
  const perHour = (3600 * blocks) / BLOCKS_PER_SEED / sum(outcomes.map((one) => one.cpuSeconds));
  const against = `1,000 blocks a seed, n = ${N}, two liars, CPU of one core`;
  return row('speed', perHour, 'seeds/h', against, '≥ 1000', perHour >= SEEDS_PER_HOUR_BAR);
}

const FLOOD = fileURLToPath(new URL('../packages/consensus/test/pbft/memory-flood.ts', import.meta.url));

/** In a process of its own, where nobody else's garbage is counted. */
function memory(): Row {
  const flags = ['--expose-gc', '--conditions=murmuration-src', '--no-warnings'];
  const printed = execFileSync(process.execPath, [...flags, FLOOD], { encoding: 'utf8', maxBuffer: 2 ** 26 });
  const { held }: { held: number } = JSON.parse(printed);
  const against = `one replica of ${N}, ${maxFaulty(N)} liars send all that is signed and large`;
  return row('memory under flooding', held / 2 ** 20, 'MiB', against, '≤ 64', held <= MEMORY_BAR_BYTES);
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

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function row(what: string, value: number, unit: string, against: string, bar: string, holds: boolean): Row {
  return { what, value, unit, against, bar, holds };
}
