/** `npm run sim -- probft --seeds N --from SEED`: termination by formula and by chance, message counts, and faulty lives. */
import {
  estimateTermination,
  expectedMessages,
  preparedChance,
  type SampleSizes,
  sampleSizes,
  type Termination,
} from '@murmuration/consensus';
import { seededRandom } from '@murmuration/core';
import type { Row } from '../bench/rows.ts';
import { Cluster } from '../packages/consensus/test/probft/cluster.ts';

export const name = 'probft';

interface Failure {
  readonly seed: number;
  readonly reason: string;
  readonly replay: string;
}

interface Column {
  readonly silent: number;
  readonly quorumFactor: number;
  readonly sampleFactor: number;
  /** Percent, as published: exact to the last digit, and two estimates of 300 views. */
  readonly prepared: number;
  readonly decided: number;
  readonly all: number;
}

const COLUMNS: readonly Column[] = [
  { silent: 0, quorumFactor: 2, sampleFactor: 1.7, prepared: 99.93, decided: 99.93, all: 93 },
  { silent: 20, quorumFactor: 2, sampleFactor: 1.7, prepared: 96.81, decided: 95.1, all: 0.7 },
  { silent: 33, quorumFactor: 2, sampleFactor: 1.7, prepared: 80, decided: 36.2, all: 0 },
  { silent: 33, quorumFactor: 2, sampleFactor: 2.5, prepared: 99.97, decided: 99.98, all: 98 },
  { silent: 33, quorumFactor: 1.2, sampleFactor: 1.7, prepared: 77.6, decided: 40.6, all: 0 },
];

const N = 100;
const RUNS = 2000;
const PUBLISHED_RUNS = 300;
const MESSAGE_SIZES = [4, 7, 50, 100];
const TWICE = { quorumFactor: 2, sampleFactor: 1.7 };

/** Each seed is one life of ten replicas with loss, a crash and a restart; the tables are computed once. */
export async function run(options: {
  seeds: number;
  firstSeed: number;
}): Promise<{ name: string; seeds: number; failures: Failure[]; rows: Row[] }> {
  const failures: Failure[] = [];
  for (let seed = options.firstSeed; seed < options.firstSeed + options.seeds; seed++) {
    const replay = `npm run sim -- probft --from ${seed} --seeds 1`;
    try {
      live(seed);
    } catch (error) {
      failures.push({ seed, reason: (error as Error).message, replay });
    }
  }
  const lives: Row = {
    what: 'lives with agreement and every request committed, n = 10, loss 10 %, a crash and restart',
    value: (options.seeds - failures.length) / options.seeds,
    unit: 'of all',
    against: `${options.seeds} seeds`,
    bar: '= 1',
    holds: failures.length === 0,
  };
  const rows = [...terminationTable(options.firstSeed), ...MESSAGE_SIZES.map(messageRow), lives];
  return { name, seeds: options.seeds, failures, rows };
}

export function terminationTable(seed: number): Row[] {
  return COLUMNS.flatMap((column) => terminationRows(column, seed));
}

function terminationRows(column: Column, seed: number): Row[] {
  const { silent, quorumFactor, sampleFactor, prepared, decided, all } = column;
  const sizes = sampleSizes(N, { quorumFactor, sampleFactor });
  const estimate = estimateTermination(sizes, silent, RUNS, seededRandom(`probft ${seed} ${silent} ${sizes.s}`));
  const where = `n = ${N}, f = ${silent}, q = ${sizes.q}, s = ${sizes.s}`;
  const exact = 100 * preparedChance(sizes, silent);
  return [
    {
      what: `prepared in one view, ${where}: by formula`,
      value: exact,
      unit: '%',
      against: 'the published exact value',
      bar: `= ${prepared.toFixed(2)}`,
      holds: exact.toFixed(2) === prepared.toFixed(2),
    },
    estimateRow(`prepared in one view, ${where}: by chance`, estimate.preparedPerReplica, exact, 0, Infinity),
    estimateRow(`decided, per replica, ${where}`, estimate.decidedPerReplica, decided, 0.05, PUBLISHED_RUNS),
    estimateRow(`all decided, ${where}`, estimate.allDecided, all, 0.5, PUBLISHED_RUNS),
  ];
}

/** @param runs behind `wanted`; its own error counts too, and so does the last digit it was published with */
function estimateRow(
  what: string,
  { mean, error }: Termination['allDecided'],
  wanted: number,
  digit: number,
  runs: number,
): Row {
  const theirs = (error * Math.sqrt(RUNS)) / Math.sqrt(runs);
  const allowed = 300 * Math.hypot(error, theirs) + digit;
  return {
    what,
    value: 100 * mean,
    unit: '%',
    against: `${wanted.toFixed(2)} %, ${RUNS} views`,
    bar: `± ${allowed.toFixed(2)}`,
    holds: Math.abs(100 * mean - wanted) <= allowed + 1e-9,
  };
}

/** One decision of real engines. Exact where s = n; else within three sigma of how many samples hold their sender. */
function messageRow(n: number): Row {
  const sizes = sampleSizes(n, TWICE);
  const cluster = new Cluster(n, 'messages', { ...TWICE, viewTimeoutMs: 60_000 });
  cluster.propose(1, 'a');
  cluster.run(1000);
  const sent = cluster.posted.filter(({ message }) => ['propose', 'prepare', 'commit'].includes(message.kind)).length;
  const wanted = expectedMessages(sizes);
  const allowed = 3 * inclusionSigma(sizes);
  return {
    what: `messages of one decision, n = ${n}`,
    value: sent,
    unit: 'messages',
    against: `(n − 1) + 2 s (n − 1) = ${wanted}`,
    bar: allowed === 0 ? `= ${wanted}` : `± ${allowed.toFixed(0)}`,
    holds: Math.abs(sent - wanted) <= allowed,
  };
}

/** 2 n samples, each of which holds its sender with chance s / n. */
function inclusionSigma({ n, s }: SampleSizes): number {
  return Math.sqrt(2 * n * (s / n) * (1 - s / n));
}

function live(seed: number): void {
  const random = seededRandom(`probft life ${seed}`);
  // q = 5 of 10, s = 9.
  const cluster = new Cluster(10, seed, { quorumFactor: 1.5, sampleFactor: 1.7, viewTimeoutMs: 500 });
  const crashed = random.below(10);
  cluster.loss = 0.1;
  for (let turn = 0; turn < 5; turn++) {
    cluster.propose(random.below(10), `request ${turn}`);
    if (turn === 1) cluster.crash(crashed);
    if (turn === 3) cluster.boot(crashed);
    cluster.run(random.below(700));
  }
  cluster.loss = 0;
  const submitted = () => [0, 1, 2, 3, 4].every((turn) => cluster.known(`request ${turn}`));
  if (!cluster.run(120_000, submitted)) throw new Error('a request never committed after healing');
  if (cluster.evidence.length > 0) throw new Error('an honest replica was accused');
}
