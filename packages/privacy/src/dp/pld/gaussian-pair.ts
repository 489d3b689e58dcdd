import { logMixture } from '../accounting/rdp-sampled.ts';
import { normalCdf } from '../maths/erfc.ts';
import type { Directions, LossPair } from './pair.ts';

/** Standard deviations kept on either side of each mean: the mass beyond is 4e-26. */
const REACH = 10.5;

/**
 * Noise N(0, σ²) against a mixture of its shifts: P = Σ w_i N(s_i, σ²), Q = N(0, σ²), and the reverse. These two
 * pairs dominate the Poisson-subsampled Gaussian (w = (1-q, q), s = (0, 1)) under add-or-remove-one
 * (Zhu, Dong & Wang 2022).
 *
 * @param shifts ≥ 0, not all 0
 * @param weights sum to 1
 */
export function gaussianPairs(sigma: number, shifts: readonly number[], weights: readonly number[]): Directions {
  const mixture = likelihood(sigma, shifts, weights);
  const furthest = shifts.reduce((a, b) => Math.max(a, b), 0);
  const piece = Math.min(sigma / 8, (sigma * sigma) / (4 * furthest));
  const tail = normalCdf(-REACH);
  return {
    symmetric: shifts.length === 1,
    remove: {
      from: -REACH * sigma,
      to: furthest + REACH * sigma,
      piece,
      density: (x) => shifts.reduce((sum, s, i) => sum + (weights[i] as number) * normalDensity(x - s, sigma), 0),
      loss: mixture.log,
      inverse: mixture.inverse,
      atoms: [{ mass: tail, loss: mixture.log(-REACH * sigma) }],
      lost: tail,
      maxLoss: Number.POSITIVE_INFINITY,
    },
    add: noiseAgainst(sigma, piece, mixture, tail, weightOfNoShift(shifts, weights)),
  };
}

/** P = N(0, σ²) against the mixture, along -x so that the loss increases. */
function noiseAgainst(sigma: number, piece: number, mixture: Likelihood, tail: number, unmoved: number): LossPair {
  return {
    from: -REACH * sigma,
    to: REACH * sigma,
    piece,
    density: (x) => normalDensity(x, sigma),
    loss: (x) => -mixture.log(-x),
    inverse: (loss) => -mixture.inverse(-loss),
    atoms: [{ mass: tail, loss: -mixture.log(REACH * sigma) }],
    lost: tail,
    maxLoss: -Math.log(unmoved),
  };
}

function weightOfNoShift(shifts: readonly number[], weights: readonly number[]): number {
  return shifts.reduce((sum, s, i) => (s === 0 ? sum + (weights[i] as number) : sum), 0);
}

function normalDensity(x: number, sigma: number): number {
  const z = x / sigma;
  return Math.exp(-0.5 * z * z) / (sigma * Math.sqrt(2 * Math.PI));
}

/** ln of the mixture's density over the noise's, increasing in x, and its inverse. */
interface Likelihood {
  log(x: number): number;
  inverse(log: number): number;
}

function likelihood(sigma: number, shifts: readonly number[], weights: readonly number[]): Likelihood {
  const variance = sigma * sigma;
  if (shifts.length === 1) {
    const s = shifts[0] as number;
    return {
      log: (x) => (s * (2 * x - s)) / (2 * variance),
      inverse: (log) => (variance * log) / s + s / 2,
    };
  }
  if (shifts.length === 2 && shifts[0] === 0) {
    const [s, rate] = [shifts[1] as number, weights[1] as number];
    return {
      log: (x) => logMixture(rate, (s * (2 * x - s)) / (2 * variance)),
      inverse: (log) => (variance * inverseLogMixture(rate, log)) / s + s / 2,
    };
  }
  return searchedLikelihood(variance, shifts, weights);
}

/** The x with ln(1 - q + q·exp(x)) = log. */
export function inverseLogMixture(rate: number, log: number): number {
  if (log > 0) return log + Math.log1p((rate - 1) * Math.exp(-log)) - Math.log(rate);
  const scaled = 1 + Math.expm1(log) / rate;
  return scaled > 0 ? Math.log(scaled) : Number.NEGATIVE_INFINITY;
}

/** Newton's iteration on a convex, increasing function, from where the last search ended: neighbours are near. */
function searchedLikelihood(variance: number, shifts: readonly number[], weights: readonly number[]): Likelihood {
  const limit = 4096 * Math.max(1, Math.sqrt(variance));
  const floor = Math.log(weightOfNoShift(shifts, weights));
  let slope = 0;
  const log = (x: number) => {
    const top = (furthest: number, s: number) => Math.max(furthest, (s * (2 * x - s)) / (2 * variance));
    const shift = shifts.reduce(top, Number.NEGATIVE_INFINITY);
    let [sum, moment] = [0, 0];
    for (let i = 0; i < shifts.length; i++) {
      const s = shifts[i] as number;
      const term = (weights[i] as number) * Math.exp((s * (2 * x - s)) / (2 * variance) - shift);
      sum += term;
      moment += term * s;
    }
    slope = moment / (sum * variance);
    return shift + Math.log(sum);
  };
  let at = 0;
  const inverse = (wanted: number) => {
    if (wanted <= floor) return Number.NEGATIVE_INFINITY;
    for (let i = 0; i < 100; i++) {
      const over = log(at) - wanted;
      const next = Math.max(-limit, Math.min(limit, at - over / slope));
      const moved = Math.abs(next - at);
      at = next;
      if (moved <= 1e-13 * (1 + Math.abs(at))) break;
    }
    return at;
  };
  return { log, inverse };
}
