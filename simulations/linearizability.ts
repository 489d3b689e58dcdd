/** `npm run sim -- linearizability --seeds N --from SEED`: a key-value service on PBFT and on Raft, what clients saw checked. */
import { liars } from '@murmuration/consensus';
import {
  checkLinearizable,
  type History,
  type KeyValueInput,
  type KeyValueOutput,
  keyValueSpecification,
} from '@murmuration/simulator';
import type { Row } from '../bench/rows.ts';
import { runRaftKeyValue } from '../packages/consensus/test/raft/key-value-clients.ts';
import { runKeyValue } from '../packages/consensus/test/simulation/key-value-clients.ts';
import { type Outcome, type Report, runSweep, type Sweep, type SweepOptions, timed } from './sweep/sweep.ts';

export const name = 'linearizability';

const KNOWN_BAD_TRIES = 20;
const LIARS = [null, ...Object.keys(liars)];

interface ServiceOutcome extends Outcome {
  /** Calls that were answered. */
  readonly pbft: number;
  readonly raft: number;
}

export const sweep: Sweep<ServiceOutcome> = { name, seed, rows };

export function run(options: SweepOptions): Promise<Report> {
  return runSweep(sweep, options);
}

async function seed(seed: number): Promise<ServiceOutcome> {
  const replay = `npm run sim -- ${name} --from ${seed} --seeds 1`;
  const liar = LIARS[seed % LIARS.length] as string | null;
  const planted = liar === null ? new Map() : new Map([[seed % 4, liars[liar] as never]]);
  const { value, cpuSeconds } = await timed(async () => {
    try {
      const { cluster, history } = await runKeyValue({ seed, liars: planted, replay });
      const raft = runRaftKeyValue({ seed }).history;
      const reason = violation('PBFT', history) ?? violation('Raft', raft);
      return { reason, hash: cluster.world.traceHash(), pbft: answered(history), raft: answered(raft) };
    } catch (error) {
      return { reason: error instanceof Error ? error.message : String(error), hash: '', pbft: 0, raft: 0 };
    }
  });
  const { reason, hash, pbft, raft } = value;
  return { seed, hash, failure: reason === undefined ? null : { reason, replay }, cpuSeconds, pbft, raft };
}

type Seen = History<KeyValueInput, KeyValueOutput>;

function answered({ operations }: Seen): number {
  return operations.filter(({ answer }) => answer !== null).length;
}

function violation(where: string, { operations }: Seen): string | undefined {
  const checked = checkLinearizable(keyValueSpecification, operations);
  if (checked.verdict === 'linearizable') return undefined;
  const wrong = checked.verdict === 'violated' ? `: nothing explains ${JSON.stringify(checked.first)}` : '';
  return `${where}: the history of key ${checked.part} is ${checked.verdict}${wrong}`;
}

async function rows(outcomes: readonly ServiceOutcome[]): Promise<Row[]> {
  const failures = outcomes.filter(({ failure }) => failure !== null).length;
  const calls = (of: 'pbft' | 'raft') => outcomes.reduce((total, one) => total + one[of], 0);
  const against = `${outcomes.length} seeds, ${calls('pbft')} calls on PBFT, ${calls('raft')} on Raft`;
  const row = (what: string, value: number, unit: string, beside: string, bar: string, holds: boolean): Row => ({
    ...{ what, value, unit, against: beside, bar, holds },
  });
  const stale = await staleReads(outcomes[0]?.seed ?? 1);
  const planted = stale.map(({ what, tries }) =>
    row(
      `seeds until stale reads of ${what} are caught`,
      tries,
      'seeds',
      'a planted violation',
      `≤ ${KNOWN_BAD_TRIES}`,
      tries <= KNOWN_BAD_TRIES,
    ),
  );
  return [row('histories that are not linearizable', failures, 'seeds', against, '0', failures === 0), ...planted];
}

async function staleReads(firstSeed: number): Promise<{ what: string; tries: number }[]> {
  const caught = async (run: (seed: number) => Promise<Seen>) => {
    for (let tries = 1; tries <= KNOWN_BAD_TRIES; tries++) {
      if (violation('', await run(firstSeed + tries)) !== undefined) return tries;
    }
    return Number.POSITIVE_INFINITY;
  };
  return [
    { what: 'PBFT', tries: await caught(async (seed) => (await runKeyValue({ seed, reads: 'local' })).history) },
    { what: 'Raft', tries: await caught(async (seed) => runRaftKeyValue({ seed, reads: 'local' }).history) },
  ];
}
