import { checkInteger, checkNumber, MurmurError } from '@murmuration/core';
import { type Adjacency, checkAdjacency, type Sampling } from './relation.ts';

/**
 * What is released, in the terms that its privacy depends on. Noise is stated against the contribution of one
 * record; what another neighbouring relation makes of that, the accountants work out.
 */
export type Mechanism =
  /** N(0, σ²I) on a sum of vectors clipped to L2 norm C: noiseMultiplier = σ/C. */
  | { readonly kind: 'gaussian'; readonly noiseMultiplier: number }
  /** Continuous Laplace(b) on a sum of vectors of L1 norm ≤ C: scale = b/C. */
  | { readonly kind: 'laplace'; readonly scale: number }
  | DiscreteLaplace
  | DiscreteGaussian
  /** A record counts with `sensitivities[i]` at probability `probabilities[i]`, noise N(0, sigma²). */
  | {
      readonly kind: 'gaussian-mixture';
      readonly sigma: number;
      readonly sensitivities: readonly number[];
      readonly probabilities: readonly number[];
    }
  /** DP-FTRL: binary-tree aggregation over `steps`, each record in at most one step a tree. */
  | { readonly kind: 'tree'; readonly noiseMultiplier: number; readonly steps: number }
  /** Proven ρ-zCDP elsewhere, for the plan's relation. */
  | { readonly kind: 'zcdp'; readonly rho: number }
  /** Proven ε-DP elsewhere, for the plan's relation. */
  | { readonly kind: 'pure'; readonly epsilon: number };

/**
 * Discrete Laplace noise on an integer. Its losses lie in few atoms, which is worse than the continuous Laplace of the
 * same ε: equal at the knots of δ(ε), its chord between them.
 */
export interface DiscreteLaplace {
  readonly kind: 'discrete-laplace';
  /** b, in integer units: P(x) ∝ exp(-|x|/b). */
  readonly scale: number;
  /** How far one record moves the integer, 1 to 2^15. */
  readonly sensitivity: number;
}

/** Sum of `shares` independent discrete Gaussians on an integer vector; one share is the central model. */
export interface DiscreteGaussian {
  readonly kind: 'discrete-gaussian';
  /** Standard deviation of each share, in integer units, ≥ 0.5. */
  readonly sigma: number;
  readonly shares: number;
  /** Largest L2 norm of one record's integer vector: `roundedNorm` of the quantiser. */
  readonly l2: number;
  readonly dimension: number;
}

export interface PrivacyEvent {
  readonly mechanism: Mechanism;
  readonly sampling: Sampling;
  /** How often it runs. */
  readonly count: number;
}

/** All that is to be released about one data set, and the relation under which it is judged. */
export interface PrivacyPlan {
  readonly adjacency: Adjacency;
  readonly events: readonly PrivacyEvent[];
}

const MAX_EVENTS = 10_000;
const MAX_COUNT = 10 ** 9;
const MIN_NOISE = 0.01;
const MAX_NOISE = 1e6;
const NO_SAMPLING: Sampling = { kind: 'none' };

/** @returns an event of `count` runs. @throws OPTION_OUT_OF_RANGE, PRIVACY_BAD_EVENT */
export function privacyEvent(mechanism: Mechanism, sampling: Sampling = NO_SAMPLING, count = 1): PrivacyEvent {
  const event = { mechanism, sampling, count };
  checkEvent(event);
  return event;
}

/** @throws OPTION_OUT_OF_RANGE, PRIVACY_BAD_EVENT */
export function checkPlan(plan: PrivacyPlan): void {
  if (!isRecord(plan) || !Array.isArray(plan.events)) throw badEvent('a plan has no list of events', 'give one');
  checkAdjacency(plan.adjacency);
  checkInteger('number of events in a plan', plan.events.length, 0, MAX_EVENTS);
  for (const event of plan.events) checkEvent(event);
}

/** @throws OPTION_OUT_OF_RANGE, PRIVACY_BAD_EVENT */
export function checkEvent(event: PrivacyEvent): void {
  if (!isRecord(event) || !isRecord(event.mechanism) || !isRecord(event.sampling)) {
    throw badEvent('an event lacks its mechanism or its sampling', 'make events with `privacyEvent`');
  }
  const { mechanism, sampling, count } = event;
  checkInteger('count of an event', count, 1, MAX_COUNT);
  checkSampling(sampling);
  checkMechanism(mechanism);
  if (sampling.kind === 'poisson' && sampling.rate < 1 && !AMPLIFIED.has(mechanism.kind)) {
    throw badEvent(
      `amplification by sampling is not worked out for "${mechanism.kind}"`,
      'state it without sampling: the bound then holds for any',
    );
  }
}

const AMPLIFIED: ReadonlySet<Mechanism['kind']> = new Set([
  'gaussian',
  'laplace',
  'discrete-laplace',
  'discrete-gaussian',
]);

function checkSampling(sampling: Sampling): void {
  switch (sampling.kind) {
    case 'none':
      return;
    case 'poisson':
      checkNumber('rate of Poisson sampling', sampling.rate, 1e-9, 1);
      return;
    case 'fixed-size':
      checkInteger('population of a sample', sampling.population, 1);
      checkInteger('size of a sample', sampling.size, 1, sampling.population);
      return;
    default:
      throw unknownKind('sampling', sampling);
  }
}

function checkMechanism(mechanism: Mechanism): void {
  switch (mechanism.kind) {
    case 'gaussian':
      checkNumber('noise multiplier', mechanism.noiseMultiplier, MIN_NOISE, MAX_NOISE);
      return;
    case 'laplace':
      checkNumber('Laplace scale', mechanism.scale, MIN_NOISE, MAX_NOISE);
      return;
    case 'discrete-laplace':
      checkNumber('Laplace scale', mechanism.scale, MIN_NOISE, 2 ** 40);
      checkInteger('sensitivity', mechanism.sensitivity, 1, 2 ** 15);
      return;
    case 'discrete-gaussian':
      checkNumber('sigma of a discrete Gaussian', mechanism.sigma, 0.5, 2 ** 40);
      checkInteger('shares of noise', mechanism.shares, 1, 10 ** 6);
      checkNumber('L2 norm', mechanism.l2, 0, 2 ** 40);
      checkInteger('dimension', mechanism.dimension, 1, 2 ** 40);
      return;
    case 'gaussian-mixture':
      checkMixture(mechanism);
      return;
    case 'tree':
      checkNumber('noise multiplier', mechanism.noiseMultiplier, MIN_NOISE, MAX_NOISE);
      checkInteger('steps of a tree', mechanism.steps, 1, MAX_COUNT);
      return;
    case 'zcdp':
      checkNumber('rho', mechanism.rho, 0, 10 ** 6);
      return;
    case 'pure':
      checkNumber('epsilon', mechanism.epsilon, 0, 10 ** 6);
      return;
    default:
      throw unknownKind('mechanism', mechanism);
  }
}

/** A mixture's probabilities, of sum 1 to the last digit: what the check lets through is not lost but spread. */
export function weightsOf({ probabilities }: Extract<Mechanism, { kind: 'gaussian-mixture' }>): readonly number[] {
  const sum = probabilities.reduce((total, p) => total + p, 0);
  return probabilities.map((p) => p / sum);
}

const MIXTURE = 'give as many probabilities as sensitivities, none negative, the probabilities summing to 1';

function checkMixture(mechanism: Extract<Mechanism, { kind: 'gaussian-mixture' }>): void {
  const { sigma, sensitivities, probabilities } = mechanism;
  if (!Array.isArray(sensitivities) || !Array.isArray(probabilities))
    throw badEvent('a mixture lacks its lists', MIXTURE);
  checkNumber('sigma of a mixture', sigma, MIN_NOISE, MAX_NOISE);
  checkInteger('components of a mixture', sensitivities.length, 1, 64);
  const sum = probabilities.reduce((total, p) => total + p, 0);
  const fits = probabilities.length === sensitivities.length && Math.abs(sum - 1) < 1e-12;
  if (!fits || probabilities.some((p) => !(p >= 0)) || sensitivities.some((s) => !(s >= 0 && s <= MAX_NOISE))) {
    throw badEvent(
      `a mixture has ${sensitivities.length} sensitivities and ${probabilities.length} probabilities that sum to ${sum}`,
      MIXTURE,
    );
  }
}

/** Plans come from files and other programs too: what no type kept out. */
function unknownKind(what: string, value: { readonly kind?: unknown }): MurmurError {
  return badEvent(
    `"${String(value.kind)}" is no ${what} known here`,
    'its privacy cannot be worked out: use a known one',
  );
}

function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function badEvent(message: string, remedy: string): MurmurError {
  return new MurmurError({ code: 'PRIVACY_BAD_EVENT', message, remedy });
}
