import type { LossNodes } from './pair.ts';

/** K(λ) = ln E exp(λL) of a composition, its mean K' and variance K'' under the tilted law. */
export interface Cumulants {
  readonly k: number;
  readonly mean: number;
  readonly variance: number;
}

export interface CountedNodes extends LossNodes {
  readonly count: number;
}

export function cumulants(parts: readonly CountedNodes[], lambda: number): Cumulants {
  let k = 0;
  let mean = 0;
  let variance = 0;
  for (const { masses, losses, count } of parts) {
    const one = cumulantsOf(masses, losses, lambda);
    k += count * one.k;
    mean += count * one.mean;
    variance += count * one.variance;
  }
  return { k, mean, variance };
}

function cumulantsOf(masses: Float64Array, losses: Float64Array, lambda: number): Cumulants {
  // The loss that weighs most, so that no exponential overflows.
  let top = losses[0] as number;
  for (const loss of losses) if (lambda * loss > lambda * top) top = loss;
  let sum = 0;
  let first = 0;
  let second = 0;
  for (let i = 0; i < masses.length; i++) {
    const below = (losses[i] as number) - top;
    const weight = (masses[i] as number) * Math.exp(lambda * below);
    sum += weight;
    first += weight * below;
    second += weight * below * below;
  }
  const mean = first / sum;
  return { k: lambda * top + Math.log(sum), mean: top + mean, variance: Math.max(0, second / sum - mean * mean) };
}

/** No tilt is steeper, in inverse deviations of the loss: beyond it a bounded loss sits at its maximum anyway. */
const MAX_TILT = 1e4;
const MIN_TILT = 1e-6;

/** The tilt of the Chernoff bound at δ: λK'(λ) - K(λ) = ln(1/δ), whose left side increases. */
export function tiltForDelta(parts: readonly CountedNodes[], delta: number): number {
  const wanted = -Math.log(delta);
  return bisect(maxTilt(parts), (lambda) => {
    const { k, mean } = cumulants(parts, lambda);
    return lambda * mean - k >= wanted;
  });
}

/**
 * ln of a bound on the tilted law's mass below `bottom`: Chernoff's, K(μ) - K(λ) + (λ-μ)·bottom, the least of a few
 * tilts μ < λ.
 */
export function logMassBelow(parts: readonly CountedNodes[], lambda: number, bottom: number): number {
  const { k, variance } = cumulants(parts, lambda);
  const unit = 1 / Math.max(1e-9, Math.sqrt(variance));
  let least = 0;
  for (let gap = unit / 16; gap < 64 * unit; gap *= 2) {
    least = Math.min(least, cumulants(parts, lambda - gap).k - k + gap * bottom);
  }
  return least;
}

/** The tilt under which the mean loss is ε: K'(λ) = ε, or no tilt where the mean is above ε already. */
export function tiltForMean(parts: readonly CountedNodes[], epsilon: number): number {
  if (cumulants(parts, 0).mean >= epsilon) return 0;
  return bisect(maxTilt(parts), (lambda) => cumulants(parts, lambda).mean >= epsilon);
}

function maxTilt(parts: readonly CountedNodes[]): number {
  return MAX_TILT / Math.max(1e-9, Math.min(1, Math.sqrt(cumulants(parts, 0).variance)));
}

function bisect(steepest: number, reached: (lambda: number) => boolean): number {
  let [low, high] = [MIN_TILT, steepest];
  if (reached(low)) return low;
  if (!reached(high)) return high;
  while (high / low > 1.001) {
    const middle = Math.sqrt(low * high);
    if (reached(middle)) high = middle;
    else low = middle;
  }
  return high;
}
