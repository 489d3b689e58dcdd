import { readFileSync } from 'node:fs';
import {
  gaussianDelta,
  gaussianSigma,
  gdpEstimate,
  type Mechanism,
  type PrivacyPlan,
  pldDelta,
  pldEpsilon,
  rdp,
  rdpEpsilon,
  rdpToEpsilon,
} from '@murmuration/privacy';
import { directedDeltas } from '../../packages/privacy/src/dp/pld/pld.ts';
import {
  type Integrated,
  integratedGaussian,
  integratedLaplace,
} from '../../packages/privacy/test/dp/direct-integration.ts';
import { gaussianLaw, invertedDelta } from '../../packages/privacy/test/dp/inversion.ts';
import type { Row } from '../rows.ts';

interface Step {
  readonly sigma: number;
  readonly rate: number;
  readonly steps: number;
}

const REPETITIONS = 5;

/** Accountants against published and high-precision values, PLD's time, and its distance above the truth. */
export function dpAccountingRows(): readonly Row[] {
  return [...rdpRows(), calibrationRow(), pldRow(), ...publishedRows(), ...boundRows(), timeRow()];
}

function rdpRows(): readonly Row[] {
  const mpmath = vectors<{ rows: readonly (Step & { order: number; rdp: number })[] }>('mpmath/rdp.json').rows;
  const exact = largest(
    mpmath.map((row) => {
      const plan = gaussian(row);
      return Math.abs(rdp(plan.events[0] as (typeof plan.events)[number], plan.adjacency, row.order) / row.rdp - 1);
    }),
  );
  const opacus = vectors<{ rdp: readonly (Step & { delta: number; epsilon: number })[] }>(
    'opacus/accountants.json',
  ).rdp;
  const published = largest(
    opacus.map((row) => Math.abs(rdpEpsilon(gaussian(row), row.delta).epsilon / row.epsilon - 1)),
  );
  return [
    row(
      'RDP, largest relative error',
      exact,
      'ratio',
      `mpmath, 30 digits, ${mpmath.length} rows`,
      '≤ 1e-9',
      exact <= 1e-9,
    ),
    row(
      'RDP epsilon, largest relative error',
      published,
      'ratio',
      `Opacus, ${opacus.length} rows of nine digits`,
      '≤ 5e-9',
      published <= 5e-9,
    ),
  ];
}

function calibrationRow(): Row {
  const rows = vectors<{ gaussianSigma: readonly { epsilon: number; delta: number; sigma: number }[] }>(
    'dp-accounting/accountants.json',
  ).gaussianSigma;
  const error = largest(rows.map(({ epsilon, delta, sigma }) => Math.abs(gaussianSigma(epsilon, delta) / sigma - 1)));
  return row(
    'analytic Gaussian, sigma, largest relative error',
    error,
    'ratio',
    `dp_accounting, ${rows.length} rows`,
    '≤ 1e-8',
    error <= 1e-8,
  );
}

function pldRow(): Row {
  const { table } = vectors<{ table: readonly (Step & { delta: number; pld: number })[] }>(
    'dp-accounting/accountants.json',
  );
  const error = largest(table.map((step) => Math.abs(pldEpsilon(gaussian(step), step.delta) / step.pld - 1)));
  return row(
    'PLD epsilon, largest relative difference',
    error,
    'ratio',
    `dp_accounting, ${table.length} rows`,
    '≤ 1e-3',
    error <= 1e-3,
  );
}

interface Published {
  readonly what: string;
  readonly events: readonly { readonly mechanism: Mechanism; readonly rate: number; readonly count: number }[];
  readonly epsilon: number;
  readonly delta: number;
  readonly find: 'epsilon' | 'delta';
  readonly accuracy?: number;
}

/** Each other published value of both accountants, one row each. */
function publishedRows(): readonly Row[] {
  const google = vectors<{
    pld: readonly Published[];
    table: readonly (Step & { delta: number; rdp: number })[];
    constantRdp: { rdp: number; maxOrder: number; delta: number; epsilon: number };
    unitEpsilon: { sigma: number; delta: number; epsilon: number };
    tree: readonly { steps: number; delta: number; sigma: number; epsilon: number }[];
  }>('dp-accounting/accountants.json');
  const opacus = vectors<{
    prv: Step & { delta: number; epsilon: number };
    gdp: Step & { delta: number; epsilonLow: number; epsilonHigh: number };
    noise: readonly { steps: number; accountant: 'rdp' | 'pld' | 'gdp'; sigma: number }[];
  }>('opacus/accountants.json');
  const { rdp: constant, maxOrder, delta, epsilon } = google.constantRdp;
  const orders = Array.from({ length: maxOrder - 1 }, (_, i) => i + 2);
  const converted = rdpToEpsilon(
    orders.map(() => constant),
    orders,
    delta,
  ).epsilon;
  const unit = rdpEpsilon(gaussian({ sigma: google.unitEpsilon.sigma, rate: 1, steps: 1 }), google.unitEpsilon.delta);
  const prv = pldEpsilon(gaussian(opacus.prv), opacus.prv.delta);
  const { sigma, rate, steps, epsilonLow, epsilonHigh } = opacus.gdp;
  const gdp = gdpEstimate(sigma, rate, steps, opacus.gdp.delta);
  const tree = google.tree.map(({ sigma: noiseMultiplier, ...at }) => {
    const plan = planOf([{ mechanism: { kind: 'tree', noiseMultiplier, steps: at.steps }, rate: 1, count: 1 }]);
    return Math.abs(rdpEpsilon(plan, at.delta).epsilon / at.epsilon - 1);
  });
  const slack = google.table.map((step) => step.rdp / rdpEpsilon(gaussian(step), step.delta).epsilon - 1);
  return [
    ...google.pld.map(({ what, ...at }) => difference(`PLD, ${what}`, differenceOf(at), 'dp_accounting', 1e-3)),
    difference('RDP constant 1.1, converted', Math.abs(converted / epsilon - 1), 'dp_accounting', 1e-9),
    difference('RDP, σ of epsilon 1', Math.abs(unit.epsilon - google.unitEpsilon.epsilon), 'dp_accounting', 1e-4),
    difference('DP-FTRL tree, 1600 steps', largest(tree), 'dp_accounting, 2 rows', 1e-8),
    difference('RDP epsilon below dp_accounting’s loose one, by at most', largest(slack), '8 rows', 7e-4),
    difference('PLD epsilon below Opacus PRV, a bound of error 0.011', opacus.prv.epsilon - prv, 'Opacus', 0.011),
    difference(
      'GDP estimate, outside of the published interval by',
      Math.max(0, epsilonLow - gdp, gdp - epsilonHigh),
      'Opacus',
      0,
    ),
    difference(
      'σ for epsilon 8 by RDP, PLD and GDP, epsilon below 8 by at most',
      largest(opacus.noise.map((at) => Math.abs(8 - epsilonBy(at)))),
      `Opacus get_noise_multiplier, ${opacus.noise.length} rows, its tolerance 0.01 and its digits`,
      0.022,
    ),
  ];
}

function epsilonBy({ steps, accountant, sigma }: { steps: number; accountant: string; sigma: number }): number {
  const plan = gaussian({ sigma, rate: 0.04, steps });
  if (accountant === 'gdp') return gdpEstimate(sigma, 0.04, steps, 1e-5);
  return accountant === 'rdp' ? rdpEpsilon(plan, 1e-5).epsilon : pldEpsilon(plan, 1e-5);
}

function differenceOf({ events, epsilon, delta, find, accuracy = 1e-5 }: Omit<Published, 'what'>): number {
  const plan = planOf(events);
  return find === 'delta'
    ? Math.abs(pldDelta(plan, epsilon) / delta - 1)
    : Math.abs(pldEpsilon(plan, delta, { accuracy }) / epsilon - 1);
}

function difference(what: string, value: number, against: string, bar: number): Row {
  return row(what, value, 'ratio', against, `≤ ${bar}`, value >= -1e-9 && value <= bar);
}

/** σ, q, steps, ε of many sampled steps: the note's rows, then corners. */
const MANY_STEPS: readonly (readonly [number, number, number, number])[] = [
  [1.1, 256 / 60_000, 14_062, 2.381686],
  [1.5, 0.04, 2250, 6.76878737],
  [8.134, 0.06036, 43_670, 13.22],
  [1, 0.001, 1_000_000, 0],
  [1, 0.001, 1_000_000, 12],
  [0.6648, 0.01314, 101_375, 120.6],
  [2, 0.999999, 200, 60],
  [2.965, 0.0003208, 213_828, 0.1752],
];

/** δ over the true δ: never below 1 (but for the integration's own error), and near it. */
function boundRows(): readonly Row[] {
  const few: number[] = [];
  for (const sigma of [0.6, 1, 2.5]) {
    for (const rate of [0.05, 0.5]) {
      for (const steps of [1, 2, 3]) {
        const found = directedDeltas(gaussian({ sigma, rate, steps }), 0.7);
        few.push(...ratios(found, integratedGaussian(sigma, rate, steps, 0.7)));
      }
    }
  }
  for (const [scale, rate, steps, epsilon] of [
    [1, 0.3, 2, 0.5],
    [0.5, 0.2, 3, 0.3],
    [2, 0.9, 2, 0.2],
  ] as const) {
    const plan = planOf([{ mechanism: { kind: 'laplace', scale }, rate, count: steps }]);
    few.push(...ratios(directedDeltas(plan, epsilon), integratedLaplace(scale, rate, steps, epsilon)));
  }
  for (const sigma of [20, 60, 200]) {
    const truth = gaussianDelta(sigma / Math.sqrt(14_062), 3);
    if (truth > 1e-12) few.push(pldDelta(gaussian({ sigma, rate: 1, steps: 14_062 }), 3) / truth);
  }
  const many = MANY_STEPS.flatMap(([sigma, rate, steps, epsilon]) => {
    const inverted = (direction: 'remove' | 'add') =>
      invertedDelta([{ law: gaussianLaw(sigma, rate, direction), steps }], epsilon);
    const truth = { remove: inverted('remove'), add: inverted('add') };
    return ratios(directedDeltas(gaussian({ sigma, rate, steps }), epsilon), truth);
  });
  const direct = `direct integration of 1 to 3 steps, each direction, and the closed form, ${few.length} cases`;
  const inversion = `inversion of the transform, 200 to 10^6 steps, each direction, ${many.length} cases`;
  return [
    bound('PLD delta over the true delta, least', least(few), direct, '≥ 1 - 1e-8', least(few) >= 1 - 1e-8),
    bound('PLD delta over the true delta, most', largest(few), direct, '≤ 1.001', largest(few) <= 1.001),
    bound('the same for many sampled steps, least', least(many), inversion, '≥ 1 - 1e-8', least(many) >= 1 - 1e-8),
    bound('the same for many sampled steps, most', largest(many), inversion, '≤ 1.05', largest(many) <= 1.05),
  ];
}

function ratios(found: readonly number[], truth: Integrated): readonly number[] {
  return [truth.remove, truth.add].flatMap((delta, i) => (delta > 1e-16 ? [(found[i] as number) / delta] : []));
}

function bound(what: string, value: number, against: string, bar: string, holds: boolean): Row {
  return row(what, value, 'ratio', against, bar, holds);
}

function timeRow(): Row {
  const plan = gaussian({ sigma: 1.1, rate: 256 / 60_000, steps: 14_062 });
  const seconds = Array.from({ length: REPETITIONS }, () => {
    const started = process.cpuUsage();
    pldEpsilon(plan, 1e-5);
    const { user, system } = process.cpuUsage(started);
    return (user + system) / 1e6;
  });
  const value = [...seconds].sort((a, b) => a - b)[REPETITIONS >> 1] as number;
  return row('PLD, 14,062 steps, processor time', value, 's', `the bar, median of ${REPETITIONS}`, '< 1', value < 1);
}

function gaussian({ sigma, rate, steps }: Step): PrivacyPlan {
  return planOf([{ mechanism: { kind: 'gaussian', noiseMultiplier: sigma }, rate, count: steps }]);
}

function planOf(events: Published['events']): PrivacyPlan {
  return {
    adjacency: 'add-or-remove-one',
    events: events.map(({ mechanism, rate, count }) => ({ mechanism, sampling: { kind: 'poisson', rate }, count })),
  };
}

function row(what: string, value: number, unit: string, against: string, bar: string, holds: boolean): Row {
  return { what, value, unit, against, bar, holds };
}

function least(values: readonly number[]): number {
  return values.reduce((a, b) => Math.min(a, b));
}

function largest(values: readonly number[]): number {
  return values.reduce((a, b) => Math.max(a, b));
}

function vectors<T>(path: string): T {
  const url = new URL(`../../packages/privacy/test/vectors/${path}`, import.meta.url);
  return JSON.parse(readFileSync(url, 'utf8')) as T;
}
