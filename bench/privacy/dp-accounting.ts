import { readFileSync } from 'node:fs';
import {
  gaussianDelta,
  gaussianSigma,
  type PrivacyPlan,
  pldDelta,
  pldEpsilon,
  rdp,
  rdpEpsilon,
} from '@murmuration/privacy';
import { integratedGaussian } from '../../packages/privacy/test/dp/direct-integration.ts';
import type { Row } from '../rows.ts';

interface Step {
  readonly sigma: number;
  readonly rate: number;
  readonly steps: number;
}

const REPETITIONS = 5;

/** Accountants against published and high-precision values, PLD's time, and its distance above the truth. */
export function dpAccountingRows(): readonly Row[] {
  return [...rdpRows(), calibrationRow(), pldRow(), ...boundRows(), timeRow()];
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

/** δ over the true δ: never below 1 (but for the integration's own error), and near it. */
function boundRows(): readonly Row[] {
  const ratios: number[] = [];
  for (const sigma of [0.6, 1, 2.5]) {
    for (const rate of [0.05, 0.5]) {
      for (const steps of [1, 2, 3]) {
        const { remove, add } = integratedGaussian(sigma, rate, steps, 0.7);
        const truth = Math.max(remove, add);
        if (truth > 1e-12) ratios.push(pldDelta(gaussian({ sigma, rate, steps }), 0.7) / truth);
      }
    }
  }
  for (const sigma of [20, 60, 200]) {
    const truth = gaussianDelta(sigma / Math.sqrt(14_062), 3);
    if (truth > 1e-12) ratios.push(pldDelta(gaussian({ sigma, rate: 1, steps: 14_062 }), 3) / truth);
  }
  const least = ratios.reduce((a, b) => Math.min(a, b));
  const most = largest(ratios);
  const against = `direct numerical integration (1 to 3 steps) and the closed form (14,062 steps), ${ratios.length} cases`;
  return [
    row('PLD delta over the true delta, least', least, 'ratio', against, '≥ 1 - 1e-8', least >= 1 - 1e-8),
    row('PLD delta over the true delta, most', most, 'ratio', against, '≤ 1.001', most <= 1.001),
  ];
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
  const mechanism = { kind: 'gaussian', noiseMultiplier: sigma } as const;
  return { adjacency: 'add-or-remove-one', events: [{ mechanism, sampling: { kind: 'poisson', rate }, count: steps }] };
}

function row(what: string, value: number, unit: string, against: string, bar: string, holds: boolean): Row {
  return { what, value, unit, against, bar, holds };
}

function largest(values: readonly number[]): number {
  return values.reduce((a, b) => Math.max(a, b));
}

function vectors<T>(path: string): T {
  const url = new URL(`../../packages/privacy/test/vectors/${path}`, import.meta.url);
  return JSON.parse(readFileSync(url, 'utf8')) as T;
}
