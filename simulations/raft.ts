/** `npm run sim -- raft --seeds N --from SEED`: random lives of five members; Raft's five properties after every step. */
import { createHash } from 'node:crypto';
import type { Row } from '../bench/rows.ts';
import type { Cluster } from '../packages/consensus/test/raft/cluster.ts';
import { heals, live, ROUGH } from '../packages/consensus/test/raft/life.ts';
import { type Outcome, type Report, runSweep, type Sweep, type SweepOptions, timed } from './sweep/sweep.ts';

export const name = 'raft';

const KNOWN_BAD_TRIES = 40;

interface RaftOutcome extends Outcome {
  readonly seen: Readonly<Record<'commits' | 'terms' | 'boots' | 'reads' | 'installs', number>>;
}

/** Loss, delay, duplication, partitions, crashes between effects, changes of members, snapshots, transfers, reads. */
export const sweep: Sweep<RaftOutcome> = { name, seed, rows };

export function run(options: SweepOptions): Promise<Report> {
  return runSweep(sweep, options);
}

async function seed(seed: number): Promise<RaftOutcome> {
  const { value, cpuSeconds } = await timed(async () => {
    try {
      const { cluster } = live(seed);
      if (!heals(cluster)) throw new Error('a voter does not commit after healing');
      return { seen: seenIn(cluster), hash: hashOf(cluster), failure: null };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return { seen: NOTHING, hash: '', failure: { reason, replay: `npm run sim -- raft --from ${seed} --seeds 1` } };
    }
  });
  return { seed, cpuSeconds, ...value };
}

const NOTHING = { commits: 0, terms: 0, boots: 0, reads: 0, installs: 0 };

function seenIn({ members, properties, answers }: Cluster): RaftOutcome['seen'] {
  return {
    commits: properties.highest,
    terms: Math.max(...members.map(({ engine }) => engine?.status.term ?? 0)),
    boots: members.reduce((sum, { boots }) => sum + boots, 0),
    reads: [...answers.values()].filter((answer) => 'height' in answer).length,
    installs: properties.installs,
  };
}

function hashOf({ members, answers }: Cluster): string {
  const facts = members.map(({ applied, sent, boots, engine }) => [applied, sent, boots, engine?.status]);
  return createHash('sha256')
    .update(JSON.stringify([facts, [...answers]]))
    .digest('hex')
    .slice(0, 32);
}

function rows(outcomes: readonly RaftOutcome[]): Row[] {
  const against = `${outcomes.length} seeds`;
  const held = outcomes.filter(({ failure }) => failure === null).length / Math.max(1, outcomes.length);
  const caught = forgetful(outcomes[0]?.seed ?? 1);
  const total = (what: keyof typeof NOTHING) => outcomes.reduce((sum, { seen }) => sum + seen[what], 0);
  const counts = (Object.keys(NOTHING) as (keyof typeof NOTHING)[]).map(
    (what): Row => ({ what, value: total(what), unit: 'in all', against, bar: '> 0', holds: total(what) > 0 }),
  );
  return [
    {
      what: 'lives in which the five properties and linearizable reads held, and all healed',
      ...{ value: held, unit: 'of all', against, bar: '= 1', holds: held === 1 },
    },
    {
      what: 'lives until members that forget their votes were caught breaking a property',
      ...{ value: caught, unit: 'lives', against: 'a planted violation', bar: `≤ ${KNOWN_BAD_TRIES}` },
      holds: caught <= KNOWN_BAD_TRIES,
    },
    ...counts,
  ];
}

function forgetful(firstSeed: number): number {
  for (let tries = 1; tries <= KNOWN_BAD_TRIES; tries++) {
    try {
      live(firstSeed + tries, { ...ROUGH, crash: 0.03, maxDelayMs: 120, amnesia: true }, false);
    } catch {
      return tries;
    }
  }
  return Infinity;
}
