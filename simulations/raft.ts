/** `npm run sim -- raft --seeds N --from SEED`: random lives of five members; Raft's five properties after every step. */
import type { Row } from '../bench/rows.ts';
import { heals, live, ROUGH } from '../packages/consensus/test/raft/life.ts';

export const name = 'raft';

interface Failure {
  readonly seed: number;
  readonly reason: string;
  readonly replay: string;
}

/** Loss, delay, duplication, partitions, crashes between effects, changes of members, snapshots, transfers, reads. */
export async function run(options: {
  seeds: number;
  firstSeed: number;
}): Promise<{ name: string; seeds: number; failures: Failure[]; rows: Row[] }> {
  const failures: Failure[] = [];
  const seen = { commits: 0, terms: 0, boots: 0, reads: 0, installs: 0 };
  for (let seed = options.firstSeed; seed < options.firstSeed + options.seeds; seed++) {
    const replay = `npm run sim -- raft --from ${seed} --seeds 1`;
    try {
      const { cluster } = live(seed);
      if (!heals(cluster)) throw new Error('a voter does not commit after healing');
      seen.commits += cluster.properties.highest;
      seen.terms += Math.max(...cluster.members.map(({ engine }) => engine?.status.term ?? 0));
      seen.boots += cluster.members.reduce((sum, { boots }) => sum + boots, 0);
      seen.reads += [...cluster.answers.values()].filter((answer) => 'height' in answer).length;
      seen.installs += cluster.properties.installs;
    } catch (error) {
      failures.push({ seed, reason: (error as Error).message, replay });
    }
  }
  const caught = forgetful(options.firstSeed);
  const count = (what: string, value: number): Row => ({
    ...{ what, value, unit: 'in all', against: `${options.seeds} seeds`, bar: '> 0', holds: value > 0 },
  });
  const rows: Row[] = [
    {
      what: 'lives in which the five properties and linearizable reads held, and all healed',
      value: (options.seeds - failures.length) / options.seeds,
      unit: 'of all',
      against: `${options.seeds} seeds`,
      bar: '= 1',
      holds: failures.length === 0,
    },
    {
      what: 'lives until members that forget their votes were caught breaking a property',
      value: caught,
      unit: 'lives',
      against: 'a planted violation',
      bar: '≤ 40',
      holds: caught <= 40,
    },
    ...Object.entries(seen).map(([what, value]) => count(what, value)),
  ];
  return { name, seeds: options.seeds, failures, rows };
}

function forgetful(firstSeed: number): number {
  for (let tries = 1; tries <= 40; tries++) {
    try {
      live(firstSeed + tries, { ...ROUGH, crash: 0.03, maxDelayMs: 120, amnesia: true }, false);
    } catch {
      return tries;
    }
  }
  return Infinity;
}
