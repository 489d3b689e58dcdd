import { seededRandom } from '@murmuration/core';
import { describe, expect, test } from 'vitest';
import { compose } from '../../src/dp/pld/compose.ts';
import { discretise } from '../../src/dp/pld/discretise.ts';
import { epsilonAt } from '../../src/dp/pld/hockey-stick.ts';
import { directionsOf } from '../../src/dp/pld/parts.ts';
import { directedDeltas } from '../../src/dp/pld/pld.ts';
import {
  type Adjacency,
  gaussianDelta,
  type Mechanism,
  type PrivacyPlan,
  pldDelta,
  pldEpsilon,
  rdpEpsilon,
} from '../../src/index.ts';
import { integratedGaussian, integratedLaplace, upperNormal } from './direct-integration.ts';
import { gaussianLaw, invertedDelta, mixtureLaw } from './inversion.ts';
import { gaussianPlan, planOf } from './world.ts';

/** A grid for tests: a few times faster, and no less an upper bound. */
const COARSE = { accuracy: 1e-4, maxPoints: 2 ** 17 };

/** How far the references themselves may be off, relative. */
const SLACK = 1e-8;

/** Each direction's δ is not below the truth, and not much above. */
function expectBetween(found: readonly number[], truth: readonly number[], above: number): void {
  expect(found).toHaveLength(truth.length);
  for (const [i, delta] of found.entries()) {
    expect(delta).toBeGreaterThanOrEqual((truth[i] as number) * (1 - SLACK) - 1e-15);
    expect(delta).toBeLessThanOrEqual((truth[i] as number) * (1 + above) + 1e-10);
  }
}

function unsampled(mechanism: Mechanism, count: number, adjacency: Adjacency = 'add-or-remove-one'): PrivacyPlan {
  return { adjacency, events: [{ mechanism, sampling: { kind: 'none' }, count }] };
}

describe('few steps by direct integration, each direction by itself', () => {
  test.each([
    [0.6, 0.05, 2, 0.7, 1e-3],
    [0.5, 0.3, 3, 1, 1e-3],
    [1, 0.1, 1, 0, 1e-6],
    [1, 0.1, 2, 0, 1e-4],
    [0.3, 0.9, 2, 3, 1e-3],
    [3, 0.999999, 2, 0.4, 1e-3],
    [0.3, 1e-6, 2, 0.01, 0.02],
    [1, 1e-9, 1, 1e-9, 0.6],
  ])('Gaussian: σ %f, q %f, %i steps, ε %f', (sigma, rate, steps, epsilon, above) => {
    const { remove, add } = integratedGaussian(sigma, rate, steps, epsilon);
    expectBetween(directedDeltas(gaussianPlan(sigma, rate, steps), epsilon), [remove, add], above);
  });

  test.each([
    [1, 0.3, 2, 0.5],
    [0.5, 0.2, 3, 0.3],
    [0.5, 0.2, 3, 2.4],
    [1, 0.01, 3, 0],
    [2, 0.9, 2, 0.2],
    [0.3, 1e-5, 2, 0.0001],
  ])('Laplace: b %f, q %f, %i steps, ε %f', (scale, rate, steps, epsilon) => {
    const { remove, add } = integratedLaplace(scale, rate, steps, epsilon);
    expectBetween(directedDeltas(planOf({ kind: 'laplace', scale }, rate, steps), epsilon), [remove, add], 2e-3);
  });

  test('the two references agree: integration over the noise, inversion of its transform', () => {
    const inverted = (direction: 'remove' | 'add') =>
      invertedDelta([{ law: gaussianLaw(2.5, 0.5, direction), steps: 3 }], 0.7);
    const { remove, add } = integratedGaussian(2.5, 0.5, 3, 0.7);
    expect(Math.abs(inverted('remove') / remove - 1)).toBeLessThan(1e-7);
    expect(Math.abs(inverted('add') / add - 1)).toBeLessThan(1e-7);
    expect(
      Math.abs(
        invertedDelta([{ law: gaussianLaw(40, 1, 'remove'), steps: 1000 }], 1) /
          gaussianDelta(40 / Math.sqrt(1000), 1) -
          1,
      ),
    ).toBeLessThan(1e-9);
    expect(Math.abs(upperNormal(1.96) - 0.024997895148220435)).toBeLessThan(1e-16);
    expect(Math.abs(upperNormal(8) / 6.220960574271784e-16 - 1)).toBeLessThan(1e-13);
  });
});

describe('many steps by inversion of the transform, each direction by itself', () => {
  test.each([
    // σ, q, steps, ε: the note's rows, then corners: δ near 1e-15, 10^6 steps, ε 0, q beside 0 and 1, little noise.
    [1.1, 256 / 60_000, 14_062, 2.381686],
    [1.5, 0.04, 2250, 6.76878737],
    [10, 0.5, 1000, 8.34692642],
    [8.134, 0.06036, 43_670, 13.22],
    [1, 0.001, 1_000_000, 12],
    [0.6648, 0.01314, 101_375, 120.6],
    [2, 0.999999, 200, 60],
    [9.984, 0.09626, 5180, 3.457],
    [2.965, 0.0003208, 213_828, 0.1752],
  ])('Gaussian: σ %f, q %f, %i steps, ε %f', (sigma, rate, steps, epsilon) => {
    const truth = (['remove', 'add'] as const).map((direction) =>
      invertedDelta([{ law: gaussianLaw(sigma, rate, direction), steps }], epsilon),
    );
    expectBetween(directedDeltas(gaussianPlan(sigma, rate, steps), epsilon, COARSE), truth, 0.15);
  });

  test('mixtures of Gaussians, and two kinds of them in one plan', () => {
    const one = {
      kind: 'gaussian-mixture',
      sigma: 4,
      sensitivities: [0, 1, 3],
      probabilities: [0.5, 0.3, 0.2],
    } as const;
    const other = { kind: 'gaussian-mixture', sigma: 6, sensitivities: [1, 2], probabilities: [0.7, 0.3] } as const;
    const plan: PrivacyPlan = {
      adjacency: 'add-or-remove-one',
      events: [...unsampled(one, 30).events, ...unsampled(other, 20).events],
    };
    const law = (of: typeof one | typeof other, direction: 'remove' | 'add') =>
      mixtureLaw(of.sigma, of.sensitivities, of.probabilities, direction);
    for (const epsilon of [0.2, 2, 8]) {
      const truth = (['remove', 'add'] as const).map((direction) =>
        invertedDelta(
          [
            { law: law(one, direction), steps: 30 },
            { law: law(other, direction), steps: 20 },
          ],
          epsilon,
        ),
      );
      expectBetween(directedDeltas(plan, epsilon), truth, 2e-3);
    }
  });

  test('known bad: a thousandth less steps, noise or rate falls below the reference', () => {
    const truth = invertedDelta([{ law: gaussianLaw(1.1, 0.004, 'remove'), steps: 14_000 }], 2.3);
    const [right, ...wrong] = [
      gaussianPlan(1.1, 0.004, 14_000),
      gaussianPlan(1.1, 0.004, 13_986),
      gaussianPlan(1.1011, 0.004, 14_000),
      gaussianPlan(1.1, 0.003996, 14_000),
    ].map((plan) => pldDelta(plan, 2.3, COARSE));
    expect(right).toBeGreaterThanOrEqual(truth);
    for (const delta of wrong) expect(delta).toBeLessThan(truth);
  });
});

describe('what is known in closed form', () => {
  test('randomised response k times: the binomial, at every ε', () => {
    for (const [epsilon0, k] of [
      [0.3, 7],
      [1.7, 4],
    ] as const) {
      const p = 1 / (1 + Math.exp(-epsilon0));
      for (const epsilon of [0, 0.1, 0.9, 2, 4]) {
        let truth = 0;
        let ways = 1;
        for (let lies = 0; lies <= k; lies++) {
          const loss = (k - 2 * lies) * epsilon0;
          if (loss > epsilon) truth += ways * p ** (k - lies) * (1 - p) ** lies * -Math.expm1(epsilon - loss);
          ways = (ways * (k - lies)) / (lies + 1);
        }
        expectBetween(directedDeltas(unsampled({ kind: 'pure', epsilon: epsilon0 }, k), epsilon), [truth], 5e-3);
      }
    }
  });

  test('the discrete Laplace, sampled and composed: every sequence of its losses', () => {
    for (const [scale, shift, rate] of [
      [1, 1, 0.2],
      [2, 3, 0.4],
      [0.7, 2, 0.9],
    ] as const) {
      const noise = (x: number) => Math.tanh(1 / (2 * scale)) * Math.exp(-Math.abs(x) / scale);
      const points = Array.from({ length: 121 }, (_, i) => i - 60);
      const mixed = (x: number) => (1 - rate) * noise(x) + rate * noise(x - shift);
      const pairs = [
        points.map((x) => [mixed(x), noise(x)] as const),
        points.map((x) => [noise(x), mixed(x)] as const),
      ];
      for (const epsilon of [0, 0.15, 0.8]) {
        const truth = pairs.map((outcomes) => {
          let sum = 0;
          for (const [p, q] of outcomes)
            for (const [r, s] of outcomes) sum += Math.max(0, p * r - Math.exp(epsilon) * q * s);
          return sum;
        });
        const mechanism = { kind: 'discrete-laplace', scale, sensitivity: shift } as const;
        expectBetween(directedDeltas(planOf(mechanism, rate, 2), epsilon), truth, 2e-3);
      }
    }
  });

  test('replace-one is the mechanism at twice the sensitivity, whatever the sampling', () => {
    const sampling = { kind: 'poisson', rate: 0.001 } as const;
    for (const epsilon of [0, 0.5, 3]) {
      const gaussian: PrivacyPlan = {
        adjacency: 'replace-one',
        events: [{ mechanism: { kind: 'gaussian', noiseMultiplier: 5 }, sampling, count: 9 }],
      };
      expectBetween(directedDeltas(gaussian, epsilon), [gaussianDelta(5 / 2 / 3, epsilon)], 1e-3);
      const laplace: PrivacyPlan = {
        adjacency: 'replace-one',
        events: [{ mechanism: { kind: 'laplace', scale: 3 }, sampling, count: 1 }],
      };
      expectBetween(directedDeltas(laplace, epsilon), [Math.max(0, -Math.expm1((epsilon - 2 / 3) / 2))], 1e-3);
    }
  });

  test('DP-FTRL: 1600 steps are eleven Gaussian releases', () => {
    const plan = unsampled({ kind: 'tree', noiseMultiplier: 8.83, steps: 1600 }, 1);
    for (const epsilon of [0, 0.3, 1.7]) {
      expectBetween(directedDeltas(plan, epsilon), [gaussianDelta(8.83 / Math.sqrt(11), epsilon)], 1e-3);
    }
  });
});

describe('pessimism', () => {
  const pairs = [
    gaussianPlan(0.3, 1e-6, 1),
    gaussianPlan(1, 0.01, 1),
    gaussianPlan(50, 0.5, 1),
    gaussianPlan(2, 1, 1),
    planOf({ kind: 'laplace', scale: 0.5 }, 0.2, 1),
    planOf({ kind: 'discrete-laplace', scale: 3, sensitivity: 5 }, 0.3, 1),
    unsampled({ kind: 'gaussian-mixture', sigma: 1, sensitivities: [0, 1, 2], probabilities: [0.2, 0.6, 0.2] }, 1),
  ].flatMap((plan) => directionsOf(plan).map(([part]) => (part as { pair: Parameters<typeof discretise>[0] }).pair));

  test('a grid loses no mass of P, and gives Q none that it has not', () => {
    for (const pair of pairs) {
      for (const h of [2 ** -3, 2 ** -8, 2 ** -12]) {
        const { offset, masses, infinite } = discretise(pair, h);
        const p = masses.reduce((sum, mass) => sum + mass, 0);
        const q = masses.reduce((sum, mass, i) => sum + mass * Math.exp(-(offset + i) * h), 0);
        expect(p + infinite).toBeGreaterThan(1 - 1e-12);
        expect(p + infinite).toBeLessThan(1 + 1e-12);
        expect(q).toBeLessThan(1 + 1e-12);
      }
    }
  });

  test('known bad: losses rounded down instead of split fall below the truth, and the same bounds see it', () => {
    const [[part]] = directionsOf(gaussianPlan(1, 0.1, 1)) as unknown[] as [[{ pair: (typeof pairs)[number] }]];
    const h = 2 ** -10;
    const grid = discretise(part.pair, h);
    const window = { h, size: 2 ** 15, offset: -(2 ** 14), lambda: 2, upperLambda: 4 };
    const epsilon = (offset: number) => epsilonAt(compose([{ ...grid, offset, count: 3 }], window), 1e-4).epsilon;
    const found = epsilon(grid.offset);
    const rounded = epsilon(grid.offset - 1);
    expect(integratedGaussian(1, 0.1, 3, found).remove).toBeLessThanOrEqual(1e-4);
    expect(integratedGaussian(1, 0.1, 3, rounded).remove).toBeGreaterThan(1e-4 * (1 + SLACK));
  });

  test('the ε of Rényi accounting keeps its δ by PLD too, found without looking at it: 16 random plans', () => {
    const random = seededRandom('below rdp');
    for (let i = 0; i < 16; i++) {
      const noise = 0.4 + 4 * random.unit();
      const rate = 10 ** (-4 * random.unit());
      const mechanisms: readonly Mechanism[] = [
        { kind: 'gaussian', noiseMultiplier: noise },
        { kind: 'laplace', scale: noise },
        { kind: 'discrete-laplace', scale: 3 * noise, sensitivity: 1 + random.below(5) },
        { kind: 'tree', noiseMultiplier: noise, steps: 1 + random.below(1000) },
      ];
      const mechanism = mechanisms[i % 4] as Mechanism;
      const delta = 10 ** -(2 + 12 * random.unit());
      const plan = planOf(mechanism, mechanism.kind === 'tree' ? 1 : rate, 1 + random.below(300));
      const { epsilon } = rdpEpsilon(plan, delta);
      expect(Math.max(...directedDeltas(plan, epsilon, COARSE))).toBeLessThanOrEqual(delta);
      expect(pldEpsilon(plan, delta, COARSE)).toBeLessThanOrEqual(epsilon);
    }
  });
});
