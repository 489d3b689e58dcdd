import { seededRandom } from '@murmuration/core';
import {
  createTrainer,
  DEFAULT_ROUNDS,
  defaultPlan,
  type FederatedResult,
  loadData,
  modelSpec,
  runFederated,
  type SplitDataset,
  type Trainer,
  type TrainingPlan,
} from '@murmuration/learning';

import type { Row } from '../bench/rows.ts';
import type { Report } from './main.ts';

export const name = 'learning';

const CLIENTS = 7;
const ATTACK = 'inner-product-manipulation';

/** What one seed showed of one kind of data. */
interface Outcome {
  readonly seed: number;
  readonly clean: number;
  readonly attacked: number;
  readonly plainMean: number;
  readonly falseAlarms: number;
  /** Rounds until the liar was out, Infinity where it stayed. */
  readonly roundsToRemoval: number;
  readonly lowestHonestPull: number;
}

/**
 * Federated training under attack, seed by seed, on names and digits: seven devices split by Dirichlet 0.5,
 * one poisons by −10 × the mean, another leaves after the first round as if its equivocation had been proven.
 */
export async function run(options: { seeds: number; firstSeed: number }): Promise<Report> {
  const failures: Report['failures'][number][] = [];
  const rows: Row[] = [];
  for (const kind of ['names', 'digits'] as const) {
    const plan = defaultPlan(kind);
    await using trainer = await createTrainer(modelSpec(plan));
    const outcomes: Outcome[] = [];
    for (let seed = options.firstSeed; seed < options.firstSeed + options.seeds; seed++) {
      const outcome = await runSeed({ ...plan, seed }, trainer);
      outcomes.push(outcome);
      for (const reason of problems(outcome)) {
        failures.push({
          seed,
          reason: `${kind}: ${reason}`,
          replay: `npm run sim -- learning --seeds 1 --from ${seed}`,
        });
      }
    }
    rows.push(...summarise(kind, outcomes));
  }
  return { name, seeds: options.seeds, failures, rows };
}

async function runSeed(plan: TrainingPlan, trainer: Trainer): Promise<Outcome> {
  const dataset = loadData(plan);
  const random = seededRandom(`liars/${plan.seed}`);
  const poisoner = random.below(CLIENTS);
  const equivocator = (poisoner + 1 + random.below(CLIENTS - 1)) % CLIENTS;
  const lies = {
    liars: [{ client: poisoner, attack: ATTACK }],
    departures: [{ client: equivocator, round: 1 }],
  };
  const train = (dataset: SplitDataset, rest: object) =>
    runFederated({ plan, dataset, trainer, clients: CLIENTS, rounds: DEFAULT_ROUNDS, evaluateEvery: 100, ...rest });
  const clean = await train(dataset, {});
  const attacked = await train(dataset, lies);
  const plainMean = await train(dataset, { ...lies, strategy: 'mean' });
  const removal = attacked.removed.find(({ client }) => client === poisoner);
  return {
    seed: plan.seed,
    clean: clean.accuracy,
    attacked: attacked.accuracy,
    plainMean: plainMean.accuracy,
    falseAlarms: alarms(clean, -1) + alarms(attacked, poisoner),
    roundsToRemoval: removal === undefined ? Number.POSITIVE_INFINITY : removal.round + 1,
    lowestHonestPull: Math.min(lowestPull(clean, -1), lowestPull(attacked, poisoner)),
  };
}

/** @returns how often another client than the liar was an outlier */
function alarms({ history }: FederatedResult, liar: number): number {
  const flagged = history.flatMap(({ verdicts, clients }) => clients.filter((_, i) => verdicts[i]?.outlier));
  return flagged.filter((client) => client !== liar).length;
}

function lowestPull({ history }: FederatedResult, liar: number): number {
  return Math.min(...history.flatMap(({ pulls, clients }) => pulls.filter((_, i) => clients[i] !== liar)));
}

function problems(outcome: Outcome): string[] {
  const found: string[] = [];
  if (outcome.falseAlarms > 0) found.push(`${outcome.falseAlarms} verdicts call an honest device an outlier`);
  if (outcome.roundsToRemoval > 3) found.push(`the poisoner was out after ${outcome.roundsToRemoval} rounds`);
  if (outcome.attacked < 0.7) found.push(`accuracy with liars is ${outcome.attacked.toFixed(3)}`);
  if (outcome.plainMean > 0.5 * outcome.clean) found.push(`the plain mean reaches ${outcome.plainMean.toFixed(3)}`);
  return found;
}

function summarise(kind: string, outcomes: readonly Outcome[]): Row[] {
  const against = `${outcomes.length} seeds`;
  const row = (what: string, value: number, unit: string, bar: string, holds: boolean): Row => {
    return { what: `${kind}: ${what}`, value, unit, against, bar, holds };
  };
  const alarmCount = outcomes.reduce((sum, { falseAlarms }) => sum + falseAlarms, 0);
  const slowest = Math.max(...outcomes.map(({ roundsToRemoval }) => roundsToRemoval));
  const pull = Math.min(...outcomes.map(({ lowestHonestPull }) => lowestHonestPull));
  const ratios = outcomes.map(({ attacked, clean }) => attacked / clean).sort((a, b) => a - b);
  const meanRatio = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
  const worst = Math.min(...outcomes.map(({ attacked }) => attacked));
  const cleanMean = outcomes.reduce((sum, { clean }) => sum + clean, 0) / outcomes.length;
  const plain = Math.max(...outcomes.map(({ plainMean, clean }) => plainMean / clean));
  return [
    row('honest devices called outliers', alarmCount, 'verdicts', '0', alarmCount === 0),
    row('rounds until the poisoner is out, slowest seed', slowest, 'rounds', '≤ 3', slowest <= 3),
    row('lowest honest pull (an outlier is below −2)', pull, 'ratio', '> −1', pull > -1),
    row('accuracy without liars, mean', cleanMean, 'share', '≥ 0.70', cleanMean >= 0.7),
    row('accuracy with liars, worst seed', worst, 'share', '≥ 0.70', worst >= 0.7),
    row('accuracy with liars over without, mean', meanRatio, 'ratio', '≥ 0.95', meanRatio >= 0.95),
    row(
      'accuracy with liars over without, worst seed',
      ratios[0] as number,
      'ratio',
      '≥ 0.90',
      (ratios[0] as number) >= 0.9,
    ),
    row('plain mean with liars over without, best seed', plain, 'ratio', '≤ 0.50', plain <= 0.5),
  ];
}
