import { seededRandom } from '@murmuration/core';
import { describe, expect, test } from 'vitest';
import {
  gaussianDelta,
  hasPld,
  type Mechanism,
  type PrivacyPlan,
  pldDelta,
  pldEpsilon,
  rdp,
  rdpEpsilon,
} from '../../src/index.ts';
import { integratedGaussian } from './direct-integration.ts';
import { codeOf, gaussianPlan, planOf, poisson, vectors } from './world.ts';

interface Row {
  readonly sigma: number;
  readonly rate: number;
  readonly steps: number;
  readonly delta: number;
  readonly pld: number;
}

const google = vectors<{
  table: readonly Row[];
  pld: readonly {
    readonly what: string;
    readonly events: readonly { readonly mechanism: Mechanism; readonly rate: number; readonly count: number }[];
    readonly epsilon: number;
    readonly delta: number;
    readonly find: 'epsilon' | 'delta';
    readonly within: number;
    readonly accuracy?: number;
  }[];
}>('dp-accounting/accountants.json');
const opacus = vectors<{ prv: Row & { epsilon: number; error: number } }>('opacus/accountants.json');

/** Several mechanisms without sampling. */
function composed(...parts: readonly (readonly [Mechanism, number])[]): PrivacyPlan {
  return {
    adjacency: 'add-or-remove-one',
    events: parts.map(([mechanism, count]) => ({ mechanism, sampling: { kind: 'none' }, count })),
  };
}

describe('published values', () => {
  test.each(google.table)('ε of σ $sigma, q $rate, $steps steps: dp_accounting to 1e-4, never above RDP', (row) => {
    const plan = gaussianPlan(row.sigma, row.rate, row.steps);
    const epsilon = pldEpsilon(plan, row.delta);
    expect(Math.abs(epsilon / row.pld - 1)).toBeLessThan(1e-4);
    expect(epsilon).toBeLessThanOrEqual(rdpEpsilon(plan, row.delta).epsilon);
  });

  test('Opacus PRV, an upper bound with error 0.01, lies above by no more', () => {
    const { sigma, rate, steps, delta, epsilon, error } = opacus.prv;
    const ours = pldEpsilon(gaussianPlan(sigma, rate, steps), delta);
    expect(ours).toBeLessThan(epsilon);
    expect(ours).toBeGreaterThan(epsilon - error);
  });

  test.each(google.pld)('dp_accounting: $what', ({ events, epsilon, delta, find, within, accuracy = 1e-5 }) => {
    const plan: PrivacyPlan = {
      adjacency: 'add-or-remove-one',
      events: events.map(({ mechanism, rate, count }) => ({ mechanism, sampling: poisson(rate), count })),
    };
    if (find === 'delta') expect(Math.abs(pldDelta(plan, epsilon) - delta)).toBeLessThan(within);
    else expect(Math.abs(pldEpsilon(plan, delta, { accuracy }) - epsilon)).toBeLessThan(within);
  });

  test('three steps at σ √3 are one at σ 1, and Laplace noise never loses more than its ε', () => {
    expect(pldDelta(gaussianPlan(Math.sqrt(3), 1, 3), 1)).toBeGreaterThanOrEqual(gaussianDelta(1, 1));
    const plan = composed([{ kind: 'laplace', scale: 1 }, 3], [{ kind: 'laplace', scale: 2 }, 2]);
    expect(pldDelta(plan, 4)).toBe(0);
  });
});

describe('against direct numerical integration', () => {
  const random = seededRandom('pld');
  const cases = Array.from({ length: 24 }, (_, i) => ({
    sigma: 0.5 + 2.5 * random.unit(),
    rate: 0.02 + 0.9 * random.unit(),
    steps: 1 + (i % 3),
    epsilon: 0.05 + 2 * random.unit(),
  }));

  test.each(cases)('σ $sigma, q $rate, $steps steps, ε $epsilon: δ is not below, and at most 1e-3 above', (row) => {
    const { remove, add } = integratedGaussian(row.sigma, row.rate, row.steps, row.epsilon);
    const truth = Math.max(remove, add);
    const delta = pldDelta(gaussianPlan(row.sigma, row.rate, row.steps), row.epsilon);
    expect(delta).toBeGreaterThanOrEqual(truth * (1 - 1e-8) - 1e-14);
    expect(delta).toBeLessThanOrEqual(truth * (1 + 1e-3) + 1e-10);
    if (truth < 1e-9) return;
    const epsilon = pldEpsilon(gaussianPlan(row.sigma, row.rate, row.steps), truth);
    expect(epsilon).toBeGreaterThanOrEqual(row.epsilon * (1 - 1e-7));
    expect(epsilon).toBeLessThan(row.epsilon * (1 + 1e-3));
  });

  test('a thousand Gaussian steps are one at σ/√1000: δ not below it, ε within 1e-4', () => {
    for (const sigma of [5, 20, 80]) {
      for (const delta of [1e-3, 1e-6, 1e-12]) {
        const epsilon = pldEpsilon(gaussianPlan(sigma, 1, 1000), delta);
        expect(gaussianDelta(sigma / Math.sqrt(1000), epsilon)).toBeLessThanOrEqual(delta);
        expect(gaussianDelta(sigma / Math.sqrt(1000), epsilon * (1 - 1e-4))).toBeGreaterThan(delta);
      }
    }
  });
});

describe('the discrete Laplace mechanism', () => {
  /** δ of one step by summing over all integers, in the worse direction. */
  function summed(scale: number, shift: number, rate: number, epsilon: number): number {
    const noise = (x: number) => Math.tanh(1 / (2 * scale)) * Math.exp(-Math.abs(x) / scale);
    let [remove, add] = [0, 0];
    for (let x = -40 * scale - shift; x <= 40 * scale + 2 * shift; x++) {
      const other = (1 - rate) * noise(x) + rate * noise(x - shift);
      remove += Math.max(0, other - Math.exp(epsilon) * noise(x));
      add += Math.max(0, noise(x) - Math.exp(epsilon) * other);
    }
    return Math.max(remove, add);
  }

  test('δ equals the sum over all integers, and is never below the continuous one: its chord', () => {
    for (const [scale, shift, rate] of [
      [1, 1, 1],
      [2, 3, 1],
      [5, 4, 0.3],
      [1, 2, 0.1],
    ] as const) {
      for (const epsilon of [0.05, 0.2, 0.4, 0.9]) {
        const truth = summed(scale, shift, rate, epsilon);
        const discrete = { kind: 'discrete-laplace', scale, sensitivity: shift } as const;
        const delta = pldDelta(planOf(discrete, rate, 1), epsilon);
        expect(delta).toBeGreaterThanOrEqual(truth * (1 - 1e-9) - 1e-15);
        expect(delta).toBeLessThanOrEqual(truth * (1 + 1e-3) + 1e-5);
        const continuous = pldDelta(planOf({ kind: 'laplace', scale: scale / shift }, rate, 1), epsilon, {
          accuracy: 1e-7,
        });
        expect(truth).toBeGreaterThanOrEqual(continuous * (1 - 1e-4) - 1e-8);
      }
    }
  });

  test('dp_accounting: parameter 1 three times and 0.5 twice never lose more than 4', () => {
    const one: Mechanism = { kind: 'discrete-laplace', scale: 1, sensitivity: 1 };
    const plan = composed([one, 3], [{ ...one, scale: 2 }, 2]);
    expect(pldDelta(plan, 4)).toBe(0);
    expect(Math.abs(pldEpsilon(plan, 1e-14) - 4)).toBeLessThan(1e-6);
    expect(pldEpsilon(plan, 1e-3)).toBeLessThanOrEqual(rdpEpsilon(plan, 1e-3).epsilon);
  });

  test('its Rényi divergence at sensitivity 1 is randomised response’s, above the continuous Laplace’s', () => {
    for (const order of [1.5, 2, 7, 64]) {
      const at = (mechanism: Mechanism) =>
        rdp({ mechanism, sampling: { kind: 'none' }, count: 1 }, 'add-or-remove-one', order);
      const discrete = at({ kind: 'discrete-laplace', scale: 2, sensitivity: 1 });
      expect(discrete).toBeCloseTo(at({ kind: 'pure', epsilon: 0.5 }), 12);
      expect(discrete).toBeGreaterThan(at({ kind: 'laplace', scale: 2 }));
    }
  });
});

describe('shape', () => {
  test('ε grows with steps and rate, falls with noise and δ, and never exceeds RDP: 24 random plans', () => {
    const random = seededRandom('shape');
    for (let i = 0; i < 24; i++) {
      const sigma = 0.6 + 3 * random.unit();
      const rate = i % 5 === 0 ? 1 : 10 ** (-3 * random.unit());
      const steps = 1 + random.below(2000);
      const delta = 10 ** -(2 + 7 * random.unit());
      const coarse = { accuracy: 1e-3 };
      const epsilon = pldEpsilon(gaussianPlan(sigma, rate, steps), delta, coarse);
      expect(epsilon).toBeLessThanOrEqual(rdpEpsilon(gaussianPlan(sigma, rate, steps), delta).epsilon * 1.001);
      expect(pldEpsilon(gaussianPlan(sigma, rate, 2 * steps), delta, coarse)).toBeGreaterThanOrEqual(epsilon * 0.998);
      expect(pldEpsilon(gaussianPlan(2 * sigma, rate, steps), delta, coarse)).toBeLessThanOrEqual(epsilon * 1.002);
      expect(pldEpsilon(gaussianPlan(sigma, rate, steps), delta / 10, coarse)).toBeGreaterThanOrEqual(epsilon * 0.998);
    }
  });

  test('a coarser grid never lowers ε: pessimism is one-sided', () => {
    const plan = gaussianPlan(1, 0.1, 200);
    const fine = pldEpsilon(plan, 1e-6, { accuracy: 1e-6 });
    for (const accuracy of [1e-5, 1e-4, 1e-3, 1e-2]) {
      expect(pldEpsilon(plan, 1e-6, { accuracy })).toBeGreaterThanOrEqual(fine * (1 - 1e-9));
    }
  });

  test('a transform of any number of points is one of a power of two below', () => {
    const plan = gaussianPlan(1, 0.1, 20);
    expect(pldEpsilon(plan, 1e-6, { maxPoints: 5000 })).toBe(pldEpsilon(plan, 1e-6, { maxPoints: 4096 }));
    expect(codeOf(() => pldEpsilon(plan, 1e-6, { maxPoints: 1000 }))).toBe('OPTION_OUT_OF_RANGE');
  });

  test('ε and δ are inverse to each other', () => {
    const plan = gaussianPlan(1.2, 0.05, 300);
    for (const delta of [1e-2, 1e-5, 1e-9]) {
      const back = pldDelta(plan, pldEpsilon(plan, delta, { accuracy: 1e-5 }), { accuracy: 1e-5 });
      expect(Math.abs(back / delta - 1)).toBeLessThan(1e-3);
    }
  });

  test('randomised response k times is the binomial: basic composition where δ vanishes', () => {
    const plan = composed([{ kind: 'pure', epsilon: 0.3 }, 5]);
    expect(pldEpsilon(plan, 1e-18)).toBeLessThanOrEqual(1.5);
    expect(pldEpsilon(plan, 1e-18)).toBeGreaterThan(1.5 - 1e-6);
    const truth = 1 / (1 + Math.exp(-0.3));
    const top = truth ** 5 * -Math.expm1(1.2 - 1.5);
    expect(Math.abs(pldDelta(plan, 1.2) / top - 1)).toBeLessThan(1e-3);
  });

  test('nothing released costs nothing', () => {
    expect(pldEpsilon({ adjacency: 'replace-one', events: [] }, 1e-6)).toBe(0);
    expect(pldDelta({ adjacency: 'replace-one', events: [] }, 0)).toBe(0);
  });

  test('what has no dominating pair is refused with a code, and known beforehand', () => {
    const plan = composed([{ kind: 'zcdp', rho: 0.1 }, 1]);
    expect(hasPld(plan)).toBe(false);
    expect(codeOf(() => pldEpsilon(plan, 1e-6))).toBe('PRIVACY_NO_PLD');
  });
});
