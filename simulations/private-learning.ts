/**
 * `npm run sim -- private-learning --seeds N --from SEED`: federated training of drawn digits by 50 and 100 devices, in
 * the open and in private rounds with groups of 5: masks only, under attack, and with noise for a few budgets.
 */
import { seededRandom, shuffle } from '@murmuration/core';
import {
  createTrainer,
  defaultPlan,
  type FederatedOptions,
  loadData,
  makePrivate,
  modelSpec,
  type NoiseChoice,
  runFederated,
  type TrainingPlan,
} from '@murmuration/learning';
import type { Row } from '../bench/rows.ts';
import type { Report } from './main.ts';

export const name = 'private-learning';

const PLAN: TrainingPlan = {
  ...defaultPlan('digits'),
  model: { hidden: 16, features: 784 },
  faulty: 2,
  localSamples: 256,
};
const ROUNDS = 8;
const DELTA = 1e-5;
/** All that 20 groups bear. */
const MOST_LIARS = 9;
/** About the length of honest updates: little is cut, and noise goes with it. */
const MASKED_NORM = 2;
const NOISY_NORM = 1;
const BUDGETS = [8, 30, 100] as const;
const ATTACK = 'inner-product-manipulation';

/** Accuracies of one seed, by what was run. */
type Outcome = ReadonlyMap<string, number>;

export async function run(options: { seeds: number; firstSeed: number }): Promise<Report> {
  const outcomes: Outcome[] = [];
  const failures: Report['failures'][number][] = [];
  await using trainer = await createTrainer(modelSpec(PLAN));
  for (let seed = options.firstSeed; seed < options.firstSeed + options.seeds; seed++) {
    const outcome = await runSeed(seed, trainer);
    outcomes.push(outcome);
    const replay = `npm run sim -- ${name} --seeds 1 --from ${seed}`;
    for (const reason of problems(outcome)) failures.push({ seed, reason, replay });
  }
  return { name, seeds: options.seeds, failures, rows: rowsOf(outcomes) };
}

async function runSeed(seed: number, trainer: FederatedOptions['trainer'] & object): Promise<Outcome> {
  const plan = { ...PLAN, seed };
  const dataset = loadData(plan);
  type Rest = Partial<FederatedOptions> & { readonly faulty?: number };
  const federate = async (clients: number, noise: NoiseChoice | null, { faulty = plan.faulty, ...rest }: Rest = {}) => {
    const { strategy = plan.strategy } = rest;
    const wished = { ...plan, strategy, faulty };
    const clippingNorm = noise?.kind === 'budget' ? NOISY_NORM : MASKED_NORM;
    const used =
      noise === null ? wished : makePrivate(wished, { clippingNorm, noise }, { devices: clients, rounds: ROUNDS });
    const given = { plan: used, dataset, trainer, clients, rounds: ROUNDS, evaluateEvery: ROUNDS };
    return (await runFederated({ ...given, ...rest })).accuracy;
  };
  const chosen = shuffle(
    seededRandom(`liars/${seed}`),
    Array.from({ length: 100 }, (_, i) => i),
  ).slice(0, MOST_LIARS);
  const liars = chosen.map((client) => ({ client, attack: ATTACK }));
  const masks = { kind: 'none' } as const;
  const outcome = new Map([
    ['50 open', await federate(50, null)],
    ['50 masks', await federate(50, masks)],
    ['100 open', await federate(100, null)],
    ['100 masks', await federate(100, masks)],
    ['100 masks, 9 expected', await federate(100, masks, { faulty: MOST_LIARS })],
    ['100 masks, 9 liars', await federate(100, masks, { faulty: MOST_LIARS, liars })],
    ['100 masks, 9 liars, plain mean', await federate(100, masks, { faulty: 0, liars, strategy: 'mean' })],
  ]);
  for (const epsilon of BUDGETS) {
    outcome.set(`100 epsilon ${epsilon}`, await federate(100, { kind: 'budget', epsilon, delta: DELTA }));
  }
  return outcome;
}

function problems(outcome: Outcome): string[] {
  const ratio = (a: string, b: string) => (outcome.get(a) as number) / (outcome.get(b) as number);
  const found: string[] = [];
  for (const clients of [50, 100]) {
    const kept = ratio(`${clients} masks`, `${clients} open`);
    if (kept < 0.9) found.push(`masks leave ${kept.toFixed(3)} of the accuracy of ${clients} devices in the open`);
  }
  const attacked = ratio('100 masks, 9 liars', '100 masks, 9 expected');
  if (attacked < 0.8) found.push(`nine liars leave ${attacked.toFixed(3)} of it`);
  const mean = ratio('100 masks, 9 liars, plain mean', '100 masks');
  if (mean > 0.6) found.push(`the attack is none: the plain mean keeps ${mean.toFixed(3)}`);
  return found;
}

function rowsOf(outcomes: readonly Outcome[]): Row[] {
  const against = `${outcomes.length} seeds, ${ROUNDS} rounds`;
  const of = (what: string) => outcomes.map((outcome) => outcome.get(what) as number);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const ratios = (a: string, b: string) => of(a).map((value, i) => value / (of(b)[i] as number));
  const measured = [...(outcomes[0] as Outcome).keys()].map((what): Row => {
    return { what: `accuracy, ${what}`, value: mean(of(what)), unit: 'share', against, bar: 'measured', holds: true };
  });
  const bound = (what: string, value: number, bar: string, holds: boolean): Row => {
    return { what, value, unit: 'ratio', against, bar, holds };
  };
  const masked = Math.min(...ratios('50 masks', '50 open'), ...ratios('100 masks', '100 open'));
  const attacked = Math.min(...ratios('100 masks, 9 liars', '100 masks, 9 expected'));
  const broken = Math.max(...ratios('100 masks, 9 liars, plain mean', '100 masks'));
  return [
    ...measured,
    bound('masks over open, worst seed', masked, '≥ 0.90', masked >= 0.9),
    bound('nine liars over none, worst seed', attacked, '≥ 0.80', attacked >= 0.8),
    bound('plain mean with nine liars over none, best seed', broken, '≤ 0.60', broken <= 0.6),
  ];
}
