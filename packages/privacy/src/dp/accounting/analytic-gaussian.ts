import { checkInteger, checkNumber } from '@murmuration/core';
import { logNormalCdf } from '../maths/erfc.ts';
import { leastWithin } from '../maths/search.ts';

/**
 * δ of one Gaussian release at ε, exactly: Φ(1/2σ - εσ) - e^ε·Φ(-1/2σ - εσ) (Balle & Wang 2018, Theorem 8).
 * @param sigma noise multiplier, standard deviation over sensitivity, > 0
 * @param epsilon ≥ 0
 * @throws OPTION_OUT_OF_RANGE
 */
export function gaussianDelta(sigma: number, epsilon: number): number {
  checkNumber('noise multiplier', sigma, Number.MIN_VALUE, Number.MAX_VALUE);
  checkNumber('epsilon', epsilon, 0, Number.MAX_VALUE);
  const log = logNormalCdf(1 / (2 * sigma) - epsilon * sigma);
  const logOther = epsilon + logNormalCdf(-1 / (2 * sigma) - epsilon * sigma);
  return logOther >= log ? 0 : Math.exp(log) * -Math.expm1(logOther - log);
}

/**
 * The least noise multiplier at which one Gaussian release is (ε, δ)-DP; rounded up in the twelfth digit.
 * @param epsilon 1e-6 to 1000
 * @param delta 1e-300 to 1 - 1e-9
 * @throws OPTION_OUT_OF_RANGE
 */
export function gaussianSigma(epsilon: number, delta: number): number {
  checkNumber('epsilon', epsilon, 1e-6, 1e3);
  checkNumber('delta', delta, 1e-300, 1 - 1e-9);
  return leastWithin((sigma) => gaussianDelta(sigma, epsilon), delta, 1e-4, 1e9);
}

/**
 * ε at δ by the central limit of Gaussian differential privacy, μ = q·√(T(e^{1/σ²} - 1)) (Bu et al. 2020). An
 * estimate that can fall below the truth: for comparison with other tools only, never for a guarantee.
 * @throws OPTION_OUT_OF_RANGE
 */
export function gdpEstimate(sigma: number, rate: number, steps: number, delta: number): number {
  checkNumber('noise multiplier', sigma, 0.04, 1e6);
  checkNumber('rate of Poisson sampling', rate, 1e-9, 1);
  checkInteger('steps', steps, 1, 10 ** 9);
  checkNumber('delta', delta, 1e-300, 1 - 1e-9);
  const mu = rate * Math.sqrt(steps * Math.expm1(1 / (sigma * sigma)));
  return leastWithin((epsilon) => gaussianDelta(1 / mu, epsilon), delta, 1e-9, 1e4);
}
