import { calibrateGaussian } from '@murmuration/privacy';
import { describe, expect, test } from 'vitest';
import {
  checkPromise,
  decodePlan,
  defaultPlan,
  encodePlan,
  epsilonAfter,
  makePrivate,
  type PrivateChoice,
  type PrivatePlan,
  privateTerms,
  type TrainingPlan,
} from '../../../src/index.ts';

const PLAN: TrainingPlan = { ...defaultPlan('digits'), model: { hidden: 8, features: 784 }, faulty: 1 };
const JOB = { devices: 50, rounds: 20 };
const BUDGET = { kind: 'budget', epsilon: 4, delta: 1e-5 } as const;

function choose(noise: PrivateChoice['noise'], change: Partial<TrainingPlan> = {}, rest: Partial<PrivateChoice> = {}) {
  return makePrivate({ ...PLAN, ...change }, { clippingNorm: 1, noise, ...rest }, JOB);
}

/** σ of the noise that a sum is guaranteed, over its sensitivity. */
function multiplierOf(plan: PrivatePlan): number {
  const { tolerance, quantiser } = privateTerms(plan, JOB.devices);
  const variance = (plan.privacy.noise?.variance ?? 0) * tolerance.honestSurvivors;
  return Math.sqrt(variance) / quantiser.l2;
}

describe('noise for a budget', () => {
  test.each([1, 4, 16, 200])('of epsilon %d is that of a Gaussian of all rounds, and no round more fits', (epsilon) => {
    const plan = choose({ ...BUDGET, epsilon });
    const central = calibrateGaussian({
      ...{ epsilon, delta: BUDGET.delta, steps: JOB.rounds },
      ...{ sampling: { kind: 'none' }, adjacency: 'add-or-remove-one' },
    });
    expect(multiplierOf(plan) / central).toBeGreaterThan(0.9999);
    expect(multiplierOf(plan) / central).toBeLessThan(1.001);
    const terms = privateTerms(plan, JOB.devices);
    expect(epsilonAfter(plan, terms, JOB.rounds)).toBeLessThanOrEqual(epsilon);
    expect(epsilonAfter(plan, terms, JOB.rounds)).toBeGreaterThan(0.99 * epsilon);
    expect(() => checkPromise(plan, terms, JOB.rounds + 1)).toThrow(
      expect.objectContaining({ code: 'PRIVATE_ROUNDS_BUDGET' }),
    );
  });

  test('is drawn by the fast sampler up to where rounding would cost more', () => {
    for (const epsilon of [1, 4, 16]) {
      const { privacy } = choose({ ...BUDGET, epsilon });
      expect(Math.sqrt(privacy.noise?.variance ?? 0)).toBeLessThan(4090);
      const { quantiser } = privateTerms(choose({ ...BUDGET, epsilon }), JOB.devices);
      expect(quantiser.l2 / privacy.levels).toBeLessThan(1.25);
    }
  });

  test('that no noise keeps is refused before anything runs', () => {
    expect(() => choose({ ...BUDGET, epsilon: 1e-5 })).toThrow(
      expect.objectContaining({ code: 'PRIVACY_UNREACHABLE' }),
    );
  });

  test('written down too small by whoever opened the job is found out', () => {
    const plan = choose(BUDGET);
    const { noise } = plan.privacy;
    if (noise === null) throw new Error('no noise');
    const lie = {
      ...plan,
      privacy: { ...plan.privacy, noise: { ...noise, variance: Math.floor(noise.variance * 0.98) } },
    };
    expect(() => checkPromise(lie, privateTerms(lie, JOB.devices), JOB.rounds)).toThrow(
      expect.objectContaining({ code: 'PRIVATE_ROUNDS_BUDGET' }),
    );
  });
});

test('a given sigma is taken, and what it costs is worked out', () => {
  const plan = choose({ kind: 'sigma', noiseMultiplier: 2, delta: 1e-5 });
  expect(multiplierOf(plan)).toBeCloseTo(2, 3);
  const spent = epsilonAfter(plan, privateTerms(plan, JOB.devices), JOB.rounds);
  expect((plan.privacy.noise?.epsilon ?? 0) / spent).toBeCloseTo(1, 6);
});

test('masks only costs no budget, and promises none', () => {
  const plan = choose({ kind: 'none' });
  expect(plan.privacy.noise).toBeNull();
  expect(privateTerms(plan, JOB.devices).event).toBeNull();
  expect(epsilonAfter(plan, privateTerms(plan, JOB.devices), 1)).toBe(Number.POSITIVE_INFINITY);
});

describe('what groups cannot bear is refused with the numbers of the table', () => {
  const refused: readonly [string, Partial<TrainingPlan>, Partial<PrivateChoice>, number, string][] = [
    ['half of ten groups', { faulty: 5 }, {}, 50, 'make 10 groups: training bears 4 poisoners'],
    ['what the rule does not bear', { strategy: 'mean' }, {}, 50, '"mean" 0, the plan expects 1'],
    ['one group', { faulty: 0 }, {}, 9, 'make 1 groups'],
    ['no devices', { faulty: 0 }, {}, 0, 'make 0 groups'],
    ['four colluders of five', {}, { colluders: 4 }, 50, '1 honest members are in each sum'],
  ];
  test.each(refused)('%s', (_, change, rest, devices, words) => {
    const choice = { clippingNorm: 1, noise: { kind: 'none' } as const, ...rest };
    expect(() => makePrivate({ ...PLAN, ...change }, choice, { devices, rounds: 1 })).toThrow(
      expect.objectContaining({ code: 'PRIVATE_ROUNDS_TOLERANCE', message: expect.stringContaining(words) }),
    );
  });

  test('and 4 of 50 in groups of 5 are borne', () => {
    expect(privateTerms(choose(BUDGET, { faulty: 4 }), 50).tolerance).toMatchObject({ groups: 10, poisoners: 4 });
  });
});

describe('bytes of a plan', () => {
  test('a private plan comes back from them; one without has no byte more than before', () => {
    const plan = choose(BUDGET);
    expect(decodePlan(encodePlan(plan))).toEqual({ ok: true, value: plan });
    const { privacy: _, ...open } = plan;
    // A list of 13 fields, of 14 with privacy.
    expect([encodePlan(open)[0], encodePlan(plan)[0]]).toEqual([0x9d, 0x9e]);
    expect(decodePlan(encodePlan(open))).toEqual({ ok: true, value: open });
  });

  const { privacy } = choose(BUDGET);
  const wrong: readonly Partial<PrivatePlan['privacy']>[] = [
    { groupSize: 4 },
    { groupSize: 11 },
    { clippingNorm: 0 },
    { clippingNorm: Number.NaN },
    { levels: 0 },
    { colluders: -1 },
    { noise: { epsilon: 0, delta: 1e-5, variance: 1 } },
    { noise: { epsilon: 1, delta: 1, variance: 1 } },
    { noise: { epsilon: 1, delta: 1e-5, variance: 0.5 } },
  ];
  test.each(wrong)('with %o are refused', (change) => {
    expect(() => encodePlan({ ...PLAN, privacy: { ...privacy, ...change } })).toThrow(
      expect.objectContaining({ code: 'PLAN_INVALID' }),
    );
  });
});
