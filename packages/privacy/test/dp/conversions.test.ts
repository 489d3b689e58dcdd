import { seededRandom } from '@murmuration/core';
import { describe, expect, test } from 'vitest';
import {
  calibrate,
  calibrateGaussian,
  type DiscreteGaussian,
  gaussianDelta,
  gaussianRho,
  gaussianSigma,
  gdpEstimate,
  pldEpsilon,
  pureEpsilon,
  pureRho,
  RDP_ORDERS,
  rdp,
  rdpCurve,
  rdpEpsilon,
  rdpToDelta,
  sensitivityOf,
  tau,
  treeDepth,
  verifyGuarantees,
  zcdpToDelta,
  zcdpToEpsilon,
} from '../../src/index.ts';
import { codeOf, gaussianPlan, planOf, vectors } from './world.ts';

const google = vectors<{ gaussianSigma: readonly { epsilon: number; delta: number; sigma: number }[] }>(
  'dp-accounting/accountants.json',
);
const opacus = vectors<{
  gdp: { sigma: number; rate: number; steps: number; delta: number; epsilonLow: number; epsilonHigh: number };
  noise: readonly { steps: number; accountant: 'rdp' | 'pld' | 'gdp'; sigma: number; places: number }[];
}>('opacus/accountants.json');

describe('the analytic Gaussian', () => {
  test.each(google.gaussianSigma)('σ for ε $epsilon, δ $delta: dp_accounting get_sigma_gaussian', (row) => {
    const sigma = gaussianSigma(row.epsilon, row.delta);
    expect(Math.abs(sigma - row.sigma)).toBeLessThan(0.51e-8);
    expect(gaussianDelta(sigma, row.epsilon)).toBeLessThanOrEqual(row.delta);
    expect(gaussianDelta(sigma * (1 - 1e-9), row.epsilon)).toBeGreaterThan(row.delta);
  });

  test('the central-limit estimate lies where Opacus GDP does, and below the truth: an estimate, no guarantee', () => {
    const { sigma, rate, steps, delta, epsilonLow, epsilonHigh } = opacus.gdp;
    const estimate = gdpEstimate(sigma, rate, steps, delta);
    expect(estimate).toBeGreaterThan(epsilonLow);
    expect(estimate).toBeLessThan(epsilonHigh);
    expect(estimate).toBeLessThan(pldEpsilon(gaussianPlan(sigma, rate, steps), delta));
  });
});

describe('calibration', () => {
  // Opacus stops once ε is within 0.01 below 8, so its σ may lie above the least by that much.
  test.each(opacus.noise)('Opacus get_noise_multiplier: ε 8, δ 1e-5, q 0.04, $steps steps by $accountant', (row) => {
    const epsilons = {
      rdp: () => rdpEpsilon(gaussianPlan(row.sigma, 0.04, row.steps), 1e-5).epsilon,
      pld: () => pldEpsilon(gaussianPlan(row.sigma, 0.04, row.steps), 1e-5),
      gdp: () => gdpEstimate(row.sigma, 0.04, row.steps, 1e-5),
    };
    const epsilon = epsilons[row.accountant]();
    expect(epsilon).toBeLessThan(8.001);
    expect(epsilon).toBeGreaterThan(8 - 0.022);
  });

  test.each(['rdp', 'pld'] as const)('by %s meets its ε, and a little less noise does not', (accountant) => {
    const sampling = { kind: 'poisson', rate: 0.04 } as const;
    const job = { epsilon: 8, delta: 1e-5, steps: 2000, sampling, adjacency: 'add-or-remove-one' } as const;
    const sigma = calibrateGaussian(job, accountant);
    const opacusSigma = accountant === 'rdp' ? 1.3562 : 1.2915;
    expect(Math.abs(sigma - opacusSigma)).toBeLessThan(0.002);
    const epsilonAt = (s: number) =>
      accountant === 'rdp'
        ? rdpEpsilon(gaussianPlan(s, 0.04, 2000), 1e-5).epsilon
        : pldEpsilon(gaussianPlan(s, 0.04, 2000), 1e-5);
    expect(epsilonAt(sigma)).toBeLessThanOrEqual(8);
    expect(epsilonAt(sigma * (1 - 5e-4))).toBeGreaterThan(8);
  });

  test('a tree, which has its PLD too, is calibrated below its Rényi noise', () => {
    const plan = (noiseMultiplier: number) => planOf({ kind: 'tree', noiseMultiplier, steps: 1600 }, 1, 1);
    const byRdp = calibrate(plan, 2, 1e-6);
    const byPld = calibrate(plan, 2, 1e-6, 'pld');
    expect(byPld).toBeLessThan(byRdp);
    // Eleven levels, each one Gaussian release.
    expect(Math.abs(byPld / (Math.sqrt(11) * gaussianSigma(2, 1e-6)) - 1)).toBeLessThan(3e-4);
  });

  test('what PLD calibrates, PLD then proves: 4 random jobs', () => {
    const random = seededRandom('calibrate');
    for (let i = 0; i < 4; i++) {
      const sampling =
        i % 2 === 0 ? ({ kind: 'none' } as const) : ({ kind: 'poisson', rate: 0.01 + 0.3 * random.unit() } as const);
      const adjacency = i % 4 === 0 ? 'replace-one' : 'add-or-remove-one';
      const job = {
        epsilon: 0.3 + 4 * random.unit(),
        delta: 10 ** -(4 + 6 * random.unit()),
        steps: 1 + random.below(60),
        sampling,
        adjacency,
      } as const;
      const mechanism = { kind: 'gaussian', noiseMultiplier: calibrateGaussian(job, 'pld') } as const;
      const plan = { adjacency, events: [{ mechanism, sampling, count: job.steps }] } as const;
      expect(verifyGuarantees(plan, job)).toMatchObject({ holds: true, method: 'pld' });
    }
  });

  test('an ε out of reach is an error', () => {
    const plan = () => planOf({ kind: 'zcdp', rho: 1 }, 1, 1);
    expect(codeOf(() => calibrate(plan, 0.1, 1e-6))).toBe('PRIVACY_UNREACHABLE');
  });
});

describe('zero-concentrated differential privacy', () => {
  test('over all real orders ε is at most that over the listed ones, and at least the exact Gaussian’s', () => {
    for (const sigma of [0.5, 1, 4, 20]) {
      for (const delta of [1e-3, 1e-6, 1e-10]) {
        const epsilon = zcdpToEpsilon(gaussianRho(sigma), delta);
        expect(epsilon).toBeLessThanOrEqual(rdpEpsilon(gaussianPlan(sigma, 1, 1), delta).epsilon + 1e-12);
        expect(gaussianDelta(sigma, epsilon)).toBeLessThanOrEqual(delta);
        expect(zcdpToDelta(gaussianRho(sigma), epsilon)).toBeCloseTo(delta, 8);
      }
    }
  });

  test('ε-DP as ρ = ε²/2 is above its Rényi divergence at every order', () => {
    const event = { mechanism: { kind: 'pure', epsilon: 1.3 }, sampling: { kind: 'none' }, count: 1 } as const;
    for (const order of RDP_ORDERS) {
      expect(rdp(event, 'replace-one', order)).toBeLessThanOrEqual(pureRho(1.3) * order);
    }
  });

  test('nothing costs nothing', () => {
    expect(zcdpToEpsilon(0, 1e-6)).toBe(0);
    expect(zcdpToDelta(0, 0)).toBe(0);
  });
});

/** Probabilities of the sum of `shares` discrete Gaussians on -reach … reach, by convolution. */
function sumOfGaussians(sigma: number, shares: number, reach: number): Float64Array {
  const size = 2 * reach + 1;
  const one = Float64Array.from({ length: size }, (_, i) => Math.exp(-((i - reach) ** 2) / (2 * sigma ** 2)));
  const total = one.reduce((sum, p) => sum + p, 0);
  let sum = one.map((p) => p / total);
  for (let share = 1; share < shares; share++) {
    const next = new Float64Array(size);
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        const at = i + j - reach;
        if (at >= 0 && at < size) next[at] = (next[at] as number) + ((sum[i] as number) * (one[j] as number)) / total;
      }
    }
    sum = next;
  }
  return sum;
}

describe('what no parameter can be', () => {
  const adjacency = 'add-or-remove-one';
  const sampling = { kind: 'none' } as const;
  const plan = (noise: number) => gaussianPlan(noise, 1, 1);
  const event = { mechanism: { kind: 'gaussian', noiseMultiplier: 1 }, sampling, count: 1 } as const;
  const job = { epsilon: 1, delta: 1e-6, steps: 10, sampling, adjacency } as const;

  test.each([
    ['gaussianDelta, σ', (bad: number) => gaussianDelta(bad, 1)],
    ['gaussianDelta, ε', (bad: number) => gaussianDelta(1, bad)],
    ['gaussianSigma, ε', (bad: number) => gaussianSigma(bad, 1e-6)],
    ['gaussianSigma, δ', (bad: number) => gaussianSigma(1, bad)],
    ['gdpEstimate, σ', (bad: number) => gdpEstimate(bad, 0.1, 10, 1e-6)],
    ['gdpEstimate, q', (bad: number) => gdpEstimate(1, bad, 10, 1e-6)],
    ['gdpEstimate, steps', (bad: number) => gdpEstimate(1, 0.1, bad, 1e-6)],
    ['gdpEstimate, δ', (bad: number) => gdpEstimate(1, 0.1, 10, bad)],
    ['gaussianRho', (bad: number) => gaussianRho(bad)],
    ['pureRho', (bad: number) => pureRho(bad)],
    ['zcdpToEpsilon, ρ', (bad: number) => zcdpToEpsilon(bad, 1e-6)],
    ['zcdpToEpsilon, δ', (bad: number) => zcdpToEpsilon(1, bad)],
    ['zcdpToDelta, ε', (bad: number) => zcdpToDelta(1, bad)],
    ['tau, σ', (bad: number) => tau(bad, 3)],
    ['tau, shares', (bad: number) => tau(1, bad)],
    ['treeDepth', (bad: number) => treeDepth(bad)],
    ['rdp, order', (bad: number) => rdp(event, adjacency, bad)],
    [
      'rdp, noise',
      (bad: number) => rdp({ ...event, mechanism: { kind: 'gaussian', noiseMultiplier: bad } }, adjacency, 2),
    ],
    ['rdpCurve, order', (bad: number) => rdpCurve(plan(1), [2, bad])],
    ['rdpEpsilon, δ', (bad: number) => rdpEpsilon(plan(1), bad)],
    ['rdpToDelta, ε', (bad: number) => rdpToDelta([1], [2], bad)],
    [
      'pureEpsilon',
      (bad: number) => pureEpsilon({ adjacency, events: [{ ...event, mechanism: { kind: 'pure', epsilon: bad } }] }),
    ],
    ['calibrateGaussian, ε', (bad: number) => calibrateGaussian({ ...job, epsilon: bad })],
    ['calibrateGaussian, δ', (bad: number) => calibrateGaussian({ ...job, delta: bad })],
    ['calibrateGaussian, steps', (bad: number) => calibrateGaussian({ ...job, steps: bad })],
  ] as const)('is refused with a code, never answered: %s', (_, run) => {
    for (const bad of [Number.NaN, -1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      expect(codeOf(() => run(bad))).toBe('OPTION_OUT_OF_RANGE');
    }
  });

  test('a relation, a sampling or a mechanism that is unknown would count as the weakest: it is refused', () => {
    const relation = 'replace' as string as 'replace-one';
    expect(codeOf(() => rdpEpsilon({ ...plan(1), adjacency: relation }, 1e-6))).toBe('PRIVACY_BAD_EVENT');
    expect(codeOf(() => pldEpsilon({ ...plan(1), adjacency: relation }, 1e-6))).toBe('PRIVACY_BAD_EVENT');
    expect(codeOf(() => rdp(event, relation, 2))).toBe('PRIVACY_BAD_EVENT');
    expect(codeOf(() => sensitivityOf({ kind: 'count' }, relation))).toBe('PRIVACY_BAD_EVENT');
    const shuffled = { ...event, sampling: { kind: 'shuffled' as string as 'none' } };
    expect(codeOf(() => rdp(shuffled, adjacency, 2))).toBe('PRIVACY_BAD_EVENT');
  });
});

describe('sums of discrete Gaussians', () => {
  test('are not discrete Gaussians; τ bounds the log ratio of probabilities: Kairouz, Liu & Steinke 2021, Theorem 5', () => {
    for (const sigma of [0.5, 0.6, 0.75, 1]) {
      for (const shares of [2, 3, 6]) {
        const deviation = Math.sqrt(shares) * sigma;
        const reach = Math.ceil(12 * deviation);
        const sum = sumOfGaussians(sigma, shares, 2 * reach).slice(reach, 3 * reach + 1);
        const one = sumOfGaussians(deviation, 1, reach);
        let worst = 0;
        for (let x = reach - Math.ceil(4 * deviation); x <= reach + 4 * deviation; x++) {
          worst = Math.max(worst, Math.abs(Math.log((sum[x] as number) / (one[x] as number))));
        }
        expect(worst).toBeLessThan(tau(sigma, shares));
        if (sigma <= 0.6) expect(worst).toBeGreaterThan(1e-5);
      }
    }
  });

  test('are charged at least their divergence, computed directly, and a single one exactly αΔ²/2σ²', () => {
    let uncorrected = 0;
    for (const sigma of [0.5, 0.8, 1.5]) {
      for (const shares of [1, 2, 5]) {
        const mechanism: DiscreteGaussian = { kind: 'discrete-gaussian', sigma, shares, l2: 2, dimension: 1 };
        const reach = 40 + Math.ceil(16 * Math.sqrt(shares) * sigma);
        const p = sumOfGaussians(sigma, shares, reach);
        for (const order of [1.5, 2, 4, 8, 16]) {
          const logs: number[] = [];
          for (let x = 2; x < p.length; x++) {
            const [a, b] = [p[x] as number, p[x - 2] as number];
            if (a > 1e-300 && b > 1e-300) logs.push(order * Math.log(a) + (1 - order) * Math.log(b));
          }
          const most = Math.max(...logs);
          const divergence = (most + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - most), 0))) / (order - 1);
          const charged = rdp({ mechanism, sampling: { kind: 'none' }, count: 1 }, 'add-or-remove-one', order);
          expect(charged).toBeGreaterThan(divergence * (1 - 1e-9));
          // Known bad: as if the sum were one discrete Gaussian, and σ small, it would be charged too little.
          const asOne = (order * 4) / (2 * shares * sigma ** 2);
          if (sigma === 0.5 && shares > 1) uncorrected = Math.max(uncorrected, divergence / asOne);
          if (shares === 1) expect(charged).toBeCloseTo((order * 4) / (2 * sigma ** 2), 12);
        }
      }
    }
    expect(uncorrected).toBeGreaterThan(1 + 1e-4);
  });

  test('sampled, they are charged at least their divergence in both directions, computed directly', () => {
    for (const [sigma, shares] of [
      [0.5, 2],
      [0.7, 3],
      [2, 1],
    ] as const) {
      const p = sumOfGaussians(sigma, shares, 40);
      for (const rate of [0.05, 0.6]) {
        for (const order of [1.1, 1.5, 2, 3.5, 6]) {
          let [towards, away] = [0, 0];
          for (let x = 1; x < p.length; x++) {
            const noise = p[x] as number;
            const mixed = (1 - rate) * noise + rate * (p[x - 1] as number);
            if (noise < 1e-250) continue;
            towards += noise * (mixed / noise) ** order;
            away += mixed * (noise / mixed) ** order;
          }
          const mechanism: DiscreteGaussian = { kind: 'discrete-gaussian', sigma, shares, l2: 1, dimension: 1 };
          const charged = rdp({ mechanism, sampling: { kind: 'poisson', rate }, count: 1 }, 'add-or-remove-one', order);
          const direct = Math.log(Math.max(towards, away)) / (order - 1);
          expect(charged).toBeGreaterThanOrEqual(direct * (1 - 1e-9));
          if (shares === 1 && Number.isInteger(order)) expect(charged).toBeLessThan(direct * (1 + 1e-3));
        }
      }
    }
  });

  test('at σ 3 and more the correction is below 1e-37 a share: exponentially small, never forgotten', () => {
    expect(tau(3, 10)).toBeGreaterThan(0);
    expect(tau(3, 10)).toBeLessThan(1e-36);
    expect(tau(3, 1)).toBe(0);
  });

  test('Poisson sampling: never above the unsampled charge, near the Gaussian’s at integer orders, monotone between', () => {
    const mechanism: DiscreteGaussian = { kind: 'discrete-gaussian', sigma: 20, shares: 4, l2: 30, dimension: 10 };
    const at = (order: number, rate: number) =>
      rdp({ mechanism, sampling: { kind: 'poisson', rate }, count: 1 }, 'add-or-remove-one', order);
    const gaussian = (order: number, rate: number) =>
      rdp(
        { mechanism: { kind: 'gaussian', noiseMultiplier: 40 / 30 }, sampling: { kind: 'poisson', rate }, count: 1 },
        'add-or-remove-one',
        order,
      );
    for (const rate of [0.01, 0.3]) {
      for (const order of [2, 3, 8, 33])
        expect(Math.abs(at(order, rate) / gaussian(order, rate) - 1)).toBeLessThan(1e-9);
      let before = 0;
      for (const order of [1.1, 1.5, 1.9, 2, 2.3, 3, 5.5, 9]) {
        expect(at(order, rate)).toBeGreaterThanOrEqual(before * (1 - 1e-12));
        expect(at(order, rate)).toBeGreaterThanOrEqual(gaussian(order, rate) * (1 - 1e-9));
        expect(at(order, rate)).toBeLessThanOrEqual(at(order, 1));
        before = at(order, rate);
      }
    }
  });
});
