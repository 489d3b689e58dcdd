/** `npm run sim -- twins --seeds N --from SEED`: PBFT replicas that run twice under one key, parted anew in each round. */
import { quorum } from '@murmuration/consensus';
import type { Row } from '../bench/rows.ts';
import { failureOf, play, type Script } from '../packages/consensus/test/cluster/script.ts';
import { twinsScript } from '../packages/consensus/test/cluster/twins.ts';
import { failing, replayScript } from './sweep/failing.ts';
import { type Outcome, type Report, runSweep, type Sweep, type SweepOptions, timed } from './sweep/sweep.ts';

export const name = 'twins';

/** Scenarios in each seed: n = 4 most often, for it has the most violations when weakened. */
const SIZES = [4, 4, 4, 4, 5, 6, 7, 10];
/** Scenarios until a lowered quorum must be found out. */
const KNOWN_BAD_TRIES = 40;

interface TwinsOutcome extends Outcome {
  readonly accused: number;
  readonly accusedHonest: number;
  readonly contradicted: number;
  readonly caught: number;
}

export const sweep: Sweep<TwinsOutcome> = { name, seed, rows };

export function run(options: SweepOptions): Promise<Report> {
  return runSweep(sweep, options);
}

export function replay(script: unknown): Promise<Report> {
  return replayScript(name, script as Script);
}

async function seed(seed: number): Promise<TwinsOutcome> {
  const replay = `npm run sim -- ${name} --from ${seed} --seeds 1`;
  const script = twinsScript({ seed, n: SIZES[seed % SIZES.length] as number });
  const { value, cpuSeconds } = await timed(() => play(script, { replay }).catch((error: unknown) => ({ error })));
  if ('error' in value) {
    const failure = await failing(value.error, script, replay);
    return { seed, hash: '', failure, cpuSeconds, accused: 0, accusedHonest: 0, contradicted: 0, caught: 0 };
  }
  const accused = [...value.accused.keys()];
  return {
    ...{ seed, hash: value.world.traceHash(), failure: null, cpuSeconds, accused: accused.length },
    accusedHonest: accused.filter((replica) => !value.isFaulty(replica)).length,
    contradicted: value.contradicted.size,
    caught: [...value.contradicted.keys()].filter((replica) => value.accused.has(replica)).length,
  };
}

async function rows(outcomes: readonly TwinsOutcome[]): Promise<Row[]> {
  const against = `${outcomes.length} scenarios, n = 4 to 10`;
  const sum = (of: (one: TwinsOutcome) => number) => outcomes.reduce((total, one) => total + of(one), 0);
  const failures = outcomes.filter(({ failure }) => failure !== null).length;
  const recall =
    sum((one) => one.caught) /
    Math.max(
      1,
      sum((one) => one.contradicted),
    );
  const honest = sum((one) => one.accusedHonest);
  const tries = await untilCaught(outcomes[0]?.seed ?? 1);
  const cpuMs = (1000 * sum((one) => one.cpuSeconds)) / Math.max(1, outcomes.length);
  const row = (what: string, value: number, unit: string, beside: string, bar: string, holds: boolean): Row => ({
    ...{ what, value, unit, against: beside, bar, holds },
  });
  return [
    row('safety and liveness violations', failures, 'scenarios', against, '0', failures === 0),
    row('honest replicas accused', honest, 'replicas', against, '0', honest === 0),
    row('twins that contradicted themselves, caught', recall, 'of them', against, 'reported', true),
    row(
      'scenarios until a quorum lowered by one breaks agreement',
      tries,
      'scenarios',
      'a planted violation',
      `≤ ${KNOWN_BAD_TRIES}`,
      tries <= KNOWN_BAD_TRIES,
    ),
    row('a scenario', cpuMs, 'CPU ms', against, 'reported', true),
  ];
}

async function untilCaught(firstSeed: number): Promise<number> {
  for (let tries = 1; tries <= KNOWN_BAD_TRIES; tries++) {
    const fault = await failureOf(twinsScript({ seed: firstSeed + tries, quorum: quorum(4) - 1 }));
    if (fault?.kind.includes('two payloads are committed')) return tries;
  }
  return Number.POSITIVE_INFINITY;
}
