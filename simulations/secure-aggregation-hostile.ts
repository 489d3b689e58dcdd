/**
 * `npm run sim -- secure-aggregation-hostile --seeds N [--from SEED] [--workers N]`: one real client against servers that
 * do as they like, one real server among members that lie, in random sequences of fast-check; 50 of each a seed.
 */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import type { Row } from '../bench/rows.ts';
import { mob, mobs } from '../packages/privacy/test/secure-aggregation/hostile-clients.ts';
import { besiege, sieges } from '../packages/privacy/test/secure-aggregation/hostile-server.ts';
import { type Outcome, type Report, runSweep, type Sweep, type SweepOptions, timed } from './sweep/sweep.ts';

export const name = 'secure-aggregation-hostile';

const RUNS = 50;

interface HostileOutcome extends Outcome {
  /** Sieges in which the client gave its last answer. */
  readonly revealed: number;
  /** Mobs among whom the server released a sum. */
  readonly exact: number;
}

export const sweep: Sweep<HostileOutcome> = { name, seed, rows };

export function run(options: SweepOptions): Promise<Report> {
  return runSweep(sweep, options);
}

async function seed(seed: number): Promise<HostileOutcome> {
  let revealed = 0;
  let exact = 0;
  const { value, cpuSeconds } = await timed(async () => [
    search(seed, sieges, (siege) => {
      const { wrong, phase } = besiege(siege);
      if (phase === 'revealed') revealed++;
      return wrong;
    }),
    search(seed, mobs, (moves) => {
      const { wrong, isExact } = mob(moves);
      if (isExact) exact++;
      return wrong;
    }),
  ]);
  const reasons = value.filter((reason) => reason !== undefined);
  const replay = `npm run sim -- ${name} --from ${seed} --seeds 1`;
  const failure = reasons.length === 0 ? null : { reason: reasons.join('; '), replay };
  const hash = createHash('sha256').update(JSON.stringify({ revealed, exact, reasons })).digest('hex').slice(0, 32);
  return { seed, cpuSeconds, revealed, exact, failure, hash };
}

/** @returns what was wrong, with the few moves that it was shrunk to */
function search<T>(seed: number, given: fc.Arbitrary<T>, wrongWith: (one: T) => string | undefined) {
  let wrong: string | undefined;
  const property = fc.property(given, (one) => {
    wrong = wrongWith(one);
    return wrong === undefined;
  });
  const { failed, counterexample } = fc.check(property, { seed, numRuns: RUNS });
  return failed ? `${wrongWith(counterexample?.[0] as T)} after ${JSON.stringify(counterexample)}` : undefined;
}

function rows(outcomes: readonly HostileOutcome[]): Row[] {
  const runs = RUNS * outcomes.length;
  const isRight = outcomes.every(({ failure }) => failure === null);
  const revealed = outcomes.reduce((sum, outcome) => sum + outcome.revealed, 0);
  const exact = outcomes.reduce((sum, outcome) => sum + outcome.exact, 0);
  return [
    {
      what: 'clients against a server that does as it likes, none of which sent two vectors, gave two secrets of a peer or revealed to nobody’s set',
      ...{ value: runs, unit: 'runs', against: `${revealed} of them went as far as the last answer` },
      ...{ bar: 'all right', holds: isRight && revealed > 0 },
    },
    {
      what: 'servers among members that lie, none of which released a sum of others than the committed',
      ...{ value: runs, unit: 'runs', against: `${exact} of them released a sum, compared number by number` },
      ...{ bar: 'all right', holds: isRight && exact > 0 },
    },
  ];
}
