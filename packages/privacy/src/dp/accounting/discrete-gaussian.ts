import { checkInteger, checkNumber } from '@murmuration/core';
import type { DiscreteGaussian } from '../event.ts';
import { binomialLogMoment } from './rdp-sampled.ts';

/**
 * How far a sum of n discrete Gaussians of deviation σ (integer units) is from one discrete Gaussian of deviation
 * √n·σ: the largest log ratio of their probabilities is at most τ = 10·Σ_{k=1}^{n-1} exp(-2π²σ²k/(k+1))
 * (Kairouz, Liu & Steinke 2021, Theorem 5 with γ = 1, for σ ≥ 1/2).
 * @param sigma of each share, at least 0.5. @param shares 1 to 10⁶. @throws OPTION_OUT_OF_RANGE
 */
export function tau(sigma: number, shares: number): number {
  checkNumber('sigma of a discrete Gaussian', sigma, 0.5, 2 ** 40);
  checkInteger('shares of noise', shares, 1, 10 ** 6);
  let sum = 0;
  for (let k = 1; k < shares; k++) {
    const term = Math.exp((-2 * Math.PI ** 2 * sigma * sigma * k) / (k + 1));
    sum += term;
    if (term === 0) break;
  }
  return 10 * sum;
}

/**
 * Rényi divergence of order α ≥ 1 of the sum of discrete Gaussians on integer vectors: the least of the three bounds of
 * Kairouz, Liu & Steinke 2021, Proposition 14. With one share it is αΔ²/2σ² (Canonne, Kamath & Steinke 2020).
 *
 * @param factor of the sensitivity, 2 under replace-one
 */
export function discreteGaussianRdp(mechanism: DiscreteGaussian, factor: number, order: number): number {
  const { sigma, shares, dimension } = mechanism;
  const l2 = factor * mechanism.l2;
  // An integer vector's L1 norm is at most its squared L2 norm, and at most √d times its L2 norm.
  const l1 = Math.min(l2 * l2, Math.sqrt(dimension) * l2);
  const t = tau(sigma, shares);
  const deviation = Math.sqrt(shares) * sigma;
  const ratio = l2 / deviation;
  const additive = (order / 2) * ratio ** 2 + t * dimension;
  const cross = (order / 2) * (ratio ** 2 + (2 * l1 * t) / deviation + t * t * dimension);
  const direct = (order / 2) * (ratio + t * Math.sqrt(dimension)) ** 2;
  return Math.min(additive, cross, direct);
}

/**
 * The same under Poisson sampling. Integer orders by the binomial sum: reflection swaps the two shifted distributions,
 * so the worse direction is mixture against noise, as for the Gaussian. Between them (α-1)·D_α is convex in α, so its
 * chord is an upper bound.
 */
export function sampledDiscreteGaussianRdp(
  mechanism: DiscreteGaussian,
  factor: number,
  rate: number,
  order: number,
): number {
  const unsampled = discreteGaussianRdp(mechanism, factor, order);
  if (rate === 1) return unsampled;
  const logMoment = (k: number) =>
    k === 1 ? 0 : binomialLogMoment(rate, k, (j) => (j - 1) * discreteGaussianRdp(mechanism, factor, j));
  const low = Math.floor(order);
  const share = order - low;
  const chord = share === 0 ? logMoment(low) : (1 - share) * logMoment(low) + share * logMoment(low + 1);
  return Math.min(unsampled, chord / (order - 1));
}
