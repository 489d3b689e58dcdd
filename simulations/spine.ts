/**
 * The main job, whole, under the simulator: seven devices with real keys, consensus, ledger and training, one that
 * poisons its updates and one that equivocates. Over seeds, each with a split, a first model and a world of its own.
 */
import { DEFAULT_ROUNDS, defaultPlan, runFederated } from '@murmuration/learning';
import type { Row } from '../bench/rows.ts';
import { openWorkshop, simulateSwarm, type Workshop } from '../packages/node/test/support/simulated-swarm.ts';

export const name = 'spine';

interface Failure {
  readonly seed: number;
  readonly reason: string;
  readonly replay: string;
}

interface Outcome {
  readonly accuracy: number;
  readonly accuracyNoLiars: number;
  readonly accuracyPlainMean: number;
  /** Virtual, from the second message to the quarantine. */
  readonly equivocatorMs: number;
  /** Rounds from the first poisoned update to the quarantine. */
  readonly poisonerRounds: number;
  readonly wronglyQuarantined: number;
}

const POISONER = 5;
const EQUIVOCATOR = 6;
const ATTACK = 'inner-product-manipulation';
const LIARS = { [POISONER]: ATTACK, [EQUIVOCATOR]: 'equivocate' };
const PATIENCE_MS = 600_000;

export async function run({ seeds, firstSeed }: { seeds: number; firstSeed: number }) {
  const outcomes: Outcome[] = [];
  const failures: Failure[] = [];
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    const replay = `npm run sim -- ${name} --seeds 1 --from ${seed}`;
    try {
      const outcome = await play(seed, replay);
      outcomes.push(outcome);
      const reason = wrong(outcome);
      if (reason !== undefined) failures.push({ seed, reason, replay });
    } catch (error) {
      failures.push({ seed, reason: (error as Error).message, replay });
    }
  }
  return { name, seeds, failures, rows: rowsOf(outcomes) };
}

async function play(seed: number, replay: string): Promise<Outcome> {
  const plan = { ...defaultPlan('names'), seed };
  await using workshop = await openWorkshop(plan);
  const swarm = simulateSwarm(workshop, {
    seed,
    replay,
    liars: LIARS,
    faults: { maxDelayMs: 20, loss: 0.001, maxSkewMs: 200 },
  });
  await swarm.world.run({ untilMs: 500 });
  swarm.openJob(0, 'names-1', DEFAULT_ROUNDS);
  if (!(await swarm.finish('names-1', PATIENCE_MS))) throw new Error(`not finished within ${PATIENCE_MS} virtual ms`);
  await swarm.world.run({ untilMs: swarm.world.nowMs() + 5000 });
  const { ledger } = (swarm.services(0) as NonNullable<ReturnType<typeof swarm.services>>).chain;
  const found = (index: number) =>
    ledger.quarantines().find(({ device }) => device === swarm.identities[index]?.device);
  const equivocation = found(EQUIVOCATOR);
  const poisoning = found(POISONER);
  const lieAtMs = swarm.services(EQUIVOCATOR)?.lieAtMs ?? Number.NaN;
  const rounds = ledger.rounds('names-1').filter(({ openedMs }) => openedMs < (poisoning?.sinceMs ?? Infinity));
  return {
    accuracy: await accuracyOf(workshop, swarm),
    ...(await controls(workshop)),
    equivocatorMs: equivocation?.reason === 'equivocation' ? equivocation.sinceMs - lieAtMs : Infinity,
    poisonerRounds: poisoning?.reason === 'poisoned-updates' ? rounds.length : Infinity,
    wronglyQuarantined: swarm.wronglyQuarantined().length,
  };
}

/** Of the model that the ledger names at the end, evaluated anew. */
async function accuracyOf(workshop: Workshop, swarm: ReturnType<typeof simulateSwarm>): Promise<number> {
  const services = swarm.services(0) as NonNullable<ReturnType<typeof swarm.services>>;
  const measured = services.learning.records.get('names-1', DEFAULT_ROUNDS)?.accuracy ?? undefined;
  if (measured !== undefined) return measured;
  throw new Error(`device 0 did not measure the last model of ${workshop.plan.dataset.kind}`);
}

async function controls(workshop: Workshop) {
  const { plan, data: dataset, trainer } = workshop;
  const shared = { plan, dataset, trainer, rounds: DEFAULT_ROUNDS, evaluateEvery: DEFAULT_ROUNDS };
  const honest = await runFederated(shared);
  const mean = await runFederated({ ...shared, strategy: 'mean', liars: [{ client: POISONER, attack: ATTACK }] });
  return { accuracyNoLiars: honest.accuracy, accuracyPlainMean: mean.accuracy };
}

function wrong(outcome: Outcome): string | undefined {
  const { accuracy, accuracyNoLiars, accuracyPlainMean, equivocatorMs, poisonerRounds } = outcome;
  if (outcome.wronglyQuarantined > 0) return `${outcome.wronglyQuarantined} honest devices in quarantine`;
  if (!(equivocatorMs < 5000)) return `equivocator in quarantine after ${equivocatorMs} ms`;
  if (!(poisonerRounds < DEFAULT_ROUNDS)) return `poisoner in quarantine after ${poisonerRounds} rounds`;
  if (accuracy < 0.7) return `accuracy ${accuracy}`;
  if (accuracy < 0.95 * accuracyNoLiars) return `accuracy ${accuracy} with liars, ${accuracyNoLiars} without`;
  if (accuracyPlainMean > 0.5 * accuracy) return `plain mean reaches ${accuracyPlainMean}, the rule ${accuracy}`;
  return undefined;
}

function rowsOf(outcomes: readonly Outcome[]): Row[] {
  const least = (value: (outcome: Outcome) => number) => Math.min(...outcomes.map(value));
  const most = (value: (outcome: Outcome) => number) => Math.max(...outcomes.map(value));
  const ratio = least(({ accuracy, accuracyNoLiars }) => accuracy / accuracyNoLiars);
  const mean = most(({ accuracy, accuracyPlainMean }) => accuracyPlainMean / accuracy);
  const accuracy = least((outcome) => outcome.accuracy);
  const equivocator = most(({ equivocatorMs }) => equivocatorMs);
  const poisoner = most(({ poisonerRounds }) => poisonerRounds);
  const wrongly = outcomes.reduce((sum, { wronglyQuarantined }) => sum + wronglyQuarantined, 0);
  return [
    {
      what: 'accuracy with two liars, worst seed',
      value: accuracy,
      unit: '',
      against: 'held-back names',
      bar: '≥ 0.70',
      holds: accuracy >= 0.7,
    },
    {
      what: 'of the accuracy without liars, worst seed',
      value: ratio,
      unit: '',
      against: 'same seed without liars',
      bar: '≥ 0.95',
      holds: ratio >= 0.95,
    },
    {
      what: 'plain mean with the liar, of the accuracy, worst seed',
      value: mean,
      unit: '',
      against: 'same seed',
      bar: '≤ 0.5',
      holds: mean <= 0.5,
    },
    {
      what: 'equivocator in quarantine after its second message, slowest',
      value: equivocator,
      unit: 'virtual ms',
      against: 'its own report',
      bar: '< 5000',
      holds: equivocator < 5000,
    },
    {
      what: 'poisoner in quarantine after, slowest',
      value: poisoner,
      unit: 'rounds',
      against: `${DEFAULT_ROUNDS} rounds`,
      bar: `< ${DEFAULT_ROUNDS}`,
      holds: poisoner < DEFAULT_ROUNDS,
    },
    {
      what: 'honest devices in quarantine, all seeds',
      value: wrongly,
      unit: 'devices',
      against: `${outcomes.length} seeds`,
      bar: '0',
      holds: wrongly === 0,
    },
  ];
}
