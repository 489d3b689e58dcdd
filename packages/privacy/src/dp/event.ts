import { checkEvent } from './check-plan.ts';
import type { Adjacency, Sampling } from './relation.ts';

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

const NO_SAMPLING: Sampling = { kind: 'none' };

/** @returns an event of `count` runs. @throws OPTION_OUT_OF_RANGE, PRIVACY_BAD_EVENT */
export function privacyEvent(mechanism: Mechanism, sampling: Sampling = NO_SAMPLING, count = 1): PrivacyEvent {
  const event = { mechanism, sampling, count };
  checkEvent(event);
  return event;
}

/** A mixture's probabilities, of sum 1 to the last digit: what the check lets through is not lost but spread. */
export function weightsOf({ probabilities }: Extract<Mechanism, { kind: 'gaussian-mixture' }>): readonly number[] {
  const sum = probabilities.reduce((total, p) => total + p, 0);
  return probabilities.map((p) => p / sum);
}
