import { describe, expect, test } from 'vitest';
import { sampledGaussianRdp, sampledLaplaceRdp } from '../../src/dp/accounting/rdp-sampled.ts';
import { integrate } from '../../src/dp/maths/quadrature.ts';
import { type Mechanism, RDP_ORDERS, rdp, rdpEpsilon, rdpToDelta, rdpToEpsilon } from '../../src/index.ts';
import { upperNormal } from './direct-integration.ts';
import { gaussianPlan, planOf, vectors } from './world.ts';

const ADD = 'add-or-remove-one';

interface Step {
  readonly sigma: number;
  readonly rate: number;
  readonly steps: number;
}

const mpmath = vectors<{ rows: readonly (Step & { order: number; rdp: number })[] }>('mpmath/rdp.json');
const opacus = vectors<{ rdp: readonly (Step & { delta: number; epsilon: number; digits: number })[] }>(
  'opacus/accountants.json',
);
const google = vectors<{
  table: readonly (Step & { delta: number; rdp: number })[];
  looseRdp: Step & { order: number; rdp: number };
  constantRdp: { rdp: number; maxOrder: number; delta: number; epsilon: number; order: number };
  unitEpsilon: { sigma: number; delta: number; epsilon: number };
  tree: readonly { steps: number; delta: number; sigma: number; epsilon: number; below: number }[];
}>('dp-accounting/accountants.json');

describe('Rényi accounting', () => {
  test.each(mpmath.rows)('order $order at σ $sigma, q $rate equals mpmath to 1e-9', (row) => {
    const value = row.steps * sampledGaussianRdp(row.sigma, row.rate, row.order);
    expect(Math.abs(value / row.rdp - 1)).toBeLessThan(1e-9);
  });

  /**
   * The series of Mironov, Talwar & Zhang 2019, §3.3, for a fractional order: binomial coefficients of both signs. Taken
   * by their magnitudes, as ln|Γ| gives them, the sum is too large.
   */
  function bySeries({ sigma, rate, order }: Omit<Step, 'steps'> & { order: number }, signed: boolean): number {
    const middle = sigma ** 2 * Math.log(1 / rate - 1) + 0.5;
    let [choose, sum] = [1, 0];
    for (let i = 0; i < 40; i++) {
      const j = order - i;
      const low =
        rate ** i * (1 - rate) ** j * Math.exp((i * i - i) / (2 * sigma ** 2)) * upperNormal((i - middle) / sigma);
      const high =
        rate ** j * (1 - rate) ** i * Math.exp((j * j - j) / (2 * sigma ** 2)) * upperNormal((middle - j) / sigma);
      sum += (signed ? choose : Math.abs(choose)) * (low + high);
      choose *= (order - i) / (i + 1);
    }
    return Math.log(sum) / (order - 1);
  }

  test('fractional orders: the signed series agrees; known bad: without its signs it is 3 % off, as dp_accounting is', () => {
    const { steps, rdp: pinned, ...at } = google.looseRdp;
    const right = steps * sampledGaussianRdp(at.sigma, at.rate, at.order);
    expect(Math.abs((steps * bySeries(at, true)) / right - 1)).toBeLessThan(1e-9);
    const planted = steps * bySeries(at, false);
    expect(Math.abs(planted / pinned - 1)).toBeLessThan(1e-5);
    expect(Math.abs(planted / right - 1)).toBeGreaterThan(0.03);
    const step = { sigma: 1.5, rate: 0.04, order: 3.8 };
    expect(Math.abs(bySeries(step, true) / sampledGaussianRdp(1.5, 0.04, 3.8) - 1)).toBeLessThan(1e-9);
    expect(Math.abs(bySeries(step, false) / sampledGaussianRdp(1.5, 0.04, 3.8) - 1)).toBeGreaterThan(1e-9);
  });

  test('no parameters give NaN, and sampling never adds: every corner of what a plan may hold', () => {
    for (const noise of [0.05, 1, 1e6]) {
      const mechanisms: readonly Mechanism[] = [
        { kind: 'gaussian', noiseMultiplier: noise },
        { kind: 'laplace', scale: noise },
        { kind: 'discrete-laplace', scale: noise, sensitivity: 3 },
        { kind: 'discrete-gaussian', sigma: Math.max(0.5, noise), shares: 3, l2: 5, dimension: 7 },
      ];
      for (const mechanism of mechanisms) {
        for (const order of [1.1, 1.7, 10.9, 63]) {
          const at = (rate: number) => rdp({ mechanism, sampling: { kind: 'poisson', rate }, count: 1 }, ADD, order);
          const unsampled = at(1);
          expect(unsampled).toBeGreaterThan(0);
          for (const rate of [1e-9, 0.5, 1 - 1e-12]) {
            const value = at(rate);
            expect(value).toBeGreaterThanOrEqual(0);
            expect(value).toBeLessThanOrEqual(unsampled * (1 + 1e-12));
          }
        }
      }
    }
  });

  test.each(opacus.rdp)('ε of σ $sigma, q $rate, $steps steps equals Opacus to the digits given', (row) => {
    const { epsilon } = rdpEpsilon(gaussianPlan(row.sigma, row.rate, row.steps), row.delta);
    expect(Math.abs(epsilon - row.epsilon)).toBeLessThan(0.51 * 10 ** -row.digits + 1e-9 * row.epsilon);
  });

  test.each(google.table)('dp_accounting is never below at σ $sigma, q $rate, and at most 0.07 % above', (row) => {
    const { epsilon } = rdpEpsilon(gaussianPlan(row.sigma, row.rate, row.steps), row.delta);
    expect(row.rdp).toBeGreaterThan(epsilon - 1e-8);
    expect(row.rdp / epsilon).toBeLessThan(1.0007);
  });

  test('a constant divergence of 1.1 converts as in the test of dp_accounting', () => {
    const { rdp: constant, maxOrder, delta, epsilon, order } = google.constantRdp;
    const orders = Array.from({ length: maxOrder - 1 }, (_, i) => i + 2);
    const found = rdpToEpsilon(
      orders.map(() => constant),
      orders,
      delta,
    );
    expect(found.order).toBe(order);
    expect(found.epsilon).toBeCloseTo(epsilon, 10);
  });

  test('σ 4.530877117 costs ε 1 at δ 1e-6: dp_accounting', () => {
    const { sigma, delta, epsilon } = google.unitEpsilon;
    expect(Math.abs(rdpEpsilon(gaussianPlan(sigma, 1, 1), delta).epsilon - epsilon)).toBeLessThan(1e-6);
  });

  test.each(google.tree)('DP-FTRL tree of $steps steps at σ $sigma: dp_accounting', ({ steps, sigma, ...row }) => {
    const { epsilon } = rdpEpsilon(planOf({ kind: 'tree', noiseMultiplier: sigma, steps }, 1, 1), row.delta);
    expect(epsilon).toBeCloseTo(row.epsilon, 7);
    expect(epsilon).toBeLessThan(row.below);
  });

  test('integer and fractional orders meet: two formulas, one curve', () => {
    for (const [sigma, rate] of [
      [0.5, 0.2],
      [1, 0.01],
      [4, 0.5],
      [30, 0.9],
    ] as const) {
      for (const order of [2, 3, 7, 20]) {
        const at = sampledGaussianRdp(sigma, rate, order);
        const beside = sampledGaussianRdp(sigma, rate, order + 1e-9);
        expect(Math.abs(beside / at - 1)).toBeLessThan(1e-7);
      }
    }
  });

  test('subsampled Laplace equals direct integration of both directions', () => {
    for (const [scale, rate, order] of [
      [1, 0.1, 1.5],
      [0.5, 0.2, 4],
      [3, 0.7, 2.5],
    ] as const) {
      const noise = (x: number) => Math.exp(-Math.abs(x) / scale) / (2 * scale);
      const mix = (x: number) => (1 - rate) * noise(x) + rate * noise(x - 1);
      const moment = (p: (x: number) => number, q: (x: number) => number) =>
        [
          [-60 * scale, 0],
          [0, 1],
          [1, 60 * scale],
        ].reduce(
          (sum, [from, to]) =>
            sum + integrate((x) => p(x) ** order * q(x) ** (1 - order), from as number, to as number, 800),
          0,
        );
      const direct = Math.log(Math.max(moment(mix, noise), moment(noise, mix))) / (order - 1);
      expect(Math.abs(sampledLaplaceRdp(scale, rate, order) / direct - 1)).toBeLessThan(1e-9);
    }
  });

  test('pure ε-DP never diverges by more than ε, nor by more than αε²/2', () => {
    const event = { mechanism: { kind: 'pure', epsilon: 0.7 }, sampling: { kind: 'none' }, count: 1 } as const;
    for (const order of RDP_ORDERS) {
      const value = rdp(event, 'replace-one', order);
      expect(value).toBeLessThanOrEqual(0.7);
      expect(value).toBeLessThanOrEqual((order * 0.49) / 2);
      expect(value).toBeGreaterThan(0);
    }
  });

  test('replace-one doubles the sensitivity: the noise multiplier counts half, and sampling amplifies nothing', () => {
    const event = {
      mechanism: { kind: 'gaussian', noiseMultiplier: 2 },
      sampling: { kind: 'poisson', rate: 0.01 },
    } as const;
    expect(rdp({ ...event, count: 3 }, 'replace-one', 5)).toBeCloseTo((3 * 5) / (2 * 1 * 1), 12);
  });

  test('fixed-size sampling is charged like none', () => {
    const mechanism = { kind: 'gaussian', noiseMultiplier: 2 } as const;
    const fixed = { mechanism, sampling: { kind: 'fixed-size', size: 1, population: 1000 }, count: 1 } as const;
    expect(rdp(fixed, 'add-or-remove-one', 5)).toBe(5 / 8);
  });

  test('δ at the ε of a δ is that δ', () => {
    const plan = gaussianPlan(1, 0.01, 100);
    const curve = RDP_ORDERS.map((order) => rdp(plan.events[0] as (typeof plan.events)[number], plan.adjacency, order));
    const { epsilon } = rdpToEpsilon(curve, RDP_ORDERS, 1e-6);
    expect(rdpToDelta(curve, RDP_ORDERS, epsilon)).toBeCloseTo(1e-6, 12);
  });
});
