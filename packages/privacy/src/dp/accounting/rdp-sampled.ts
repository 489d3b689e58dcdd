import { integrate } from '../maths/quadrature.ts';
import { excess, logExpm1, logOnePlusExp, logSumExp } from './moments.ts';

/**
 * Rényi divergence of order α of one Poisson-subsampled Gaussian step, in the worse direction, which is mixture
 * against noise (Mironov, Talwar & Zhang 2019, Theorem 5): ln(A)/(α-1), A = E_{z~N(0,σ²)} (1 + q·w)^α with
 * w = exp((2z-1)/2σ²) - 1.
 *
 * Integer orders: the binomial sum. Other orders: the same mean by the trapezoidal rule. Both sum positive terms of
 * A - 1 only, so no sign can be lost, and both are exact to about 1e-12.
 *
 * @param sigma noise multiplier, > 0
 * @param rate of sampling, in (0, 1]
 * @param order α > 1
 */
export function sampledGaussianRdp(sigma: number, rate: number, order: number): number {
  const unsampled = order / (2 * sigma * sigma);
  if (rate === 1) return unsampled;
  const logA = Number.isInteger(order)
    ? binomialLogMoment(rate, order, (k) => (k * (k - 1)) / (2 * sigma * sigma))
    : trapezoidalLogMoment(sigma, rate, order);
  return amplified(logA / (order - 1), unsampled);
}

/** Sampling never adds (quasi-convexity): where the sampled bound overflowed, the unsampled one stands. */
export function amplified(sampled: number, unsampled: number): number {
  return Number.isNaN(sampled) ? unsampled : Math.min(sampled, unsampled);
}

/**
 * ln Σ_k C(α,k) (1-q)^(α-k) q^k exp(m_k), where m_k = ln E_Q (P/Q)^k, m_0 = m_1 = 0.
 * @param logMoment m_k for k ≥ 2, each ≥ 0
 */
export function binomialLogMoment(rate: number, order: number, logMoment: (k: number) => number): number {
  const logRate = Math.log(rate);
  const logRest = Math.log1p(-rate);
  const terms: number[] = [];
  let logChoose = Math.log(order);
  for (let k = 2; k <= order; k++) {
    logChoose += Math.log((order - k + 1) / k);
    terms.push(logChoose + (order - k) * logRest + k * logRate + logExpm1(logMoment(k)));
  }
  return logOnePlusExp(logSumExp(terms));
}

/** How far, in σ, the trapezoidal rule runs past the two peaks of the integrand. */
const REACH = 12;
/** Beyond, exp(order·exponent) may overflow: such terms are taken by their logarithm, as upper bounds. */
const MAX_EXPONENT = 600;

function trapezoidalLogMoment(sigma: number, rate: number, order: number): number {
  const variance = sigma * sigma;
  // The integrand's nearest singularity lies πσ² off the real axis: the step must resolve that too.
  const step = Math.min(sigma / 12, (Math.PI * variance) / 8);
  const from = -REACH * sigma;
  const count = Math.ceil((order + REACH * sigma - from) / step);
  // Where the largest term would overflow, all are divided by its estimate.
  const peak = (order * (order - 1)) / (2 * variance) + order * Math.log(rate);
  const scale = peak > 300 ? peak : 0;
  let sum = 0;
  for (let i = 0; i <= count; i++) {
    const z = from + i * step;
    const logDensity = -(z * z) / (2 * variance) - scale;
    const exponent = (2 * z - 1) / (2 * variance);
    if (scale === 0 && order * exponent < MAX_EXPONENT) {
      sum += Math.exp(logDensity) * excess(order, rate * Math.expm1(exponent));
    } else sum += Math.exp(order * logMixture(rate, exponent) + logDensity);
  }
  const excessMoment = (sum * step) / (sigma * Math.sqrt(2 * Math.PI));
  return scale === 0 ? Math.log1p(excessMoment) : scale + Math.log(excessMoment);
}

/** ln(1 - q + q·exp(x)). */
export function logMixture(rate: number, x: number): number {
  return x > 30 ? x + Math.log(rate + (1 - rate) * Math.exp(-x)) : Math.log1p(rate * Math.expm1(x));
}

/**
 * Rényi divergence of order α of one Poisson-subsampled Laplace step of scale b (sensitivity 1), in the worse of its
 * two directions. w takes the value exp(±1/b) - 1 beyond the two centres; between them the mean is an integral.
 */
export function sampledLaplaceRdp(scale: number, rate: number, order: number): number {
  const towards = laplaceExcess(scale, rate, order);
  const away = laplaceExcess(scale, rate, 1 - order);
  return amplified(Math.log1p(Math.max(towards, away)) / (order - 1), laplaceRdp(scale, order));
}

/** E_Q (1 + q·w)^a - 1 for Q = Laplace(0, b), w = P/Q - 1, P = Laplace(1, b). */
function laplaceExcess(scale: number, rate: number, a: number): number {
  const at = (exponent: number) => excess(a, rate * Math.expm1(exponent));
  const between = (x: number) => (Math.exp(-x / scale) / (2 * scale)) * at((2 * x - 1) / scale);
  const pieces = Math.ceil(4 + (8 * Math.max(1, Math.abs(a))) / scale);
  return 0.5 * at(-1 / scale) + 0.5 * Math.exp(-1 / scale) * at(1 / scale) + integrate(between, 0, 1, pieces);
}

/** Rényi divergence of the Laplace mechanism (Mironov 2017, Proposition 6). */
export function laplaceRdp(scale: number, order: number): number {
  const up = Math.log(order / (2 * order - 1)) + (order - 1) / scale;
  const down = Math.log((order - 1) / (2 * order - 1)) - order / scale;
  return logSumExp([up, down]) / (order - 1);
}
