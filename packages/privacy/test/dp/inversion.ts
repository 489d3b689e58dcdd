/**
 * δ(ε) of any number of steps by inverting the Laplace transform of (1 - e^-x)⁺, which is 1/(s(s+1)):
 *
 *   δ(ε) = 1/2πi ∫ exp(Σ K(s) - sε) / (s(s+1)) ds along Re s = c > 0,  K(s) = ln E_P exp(s·L)
 *
 * No grid of losses, no FFT, no tilted masses and none of the package's formulas: an integral over the noise inside
 * one over a line, both by the trapezoidal rule, which converges geometrically for such integrands. Right to about
 * 1e-9 of δ for continuous losses, and the more so the more steps there are.
 */
export interface Law {
  /** Weights of the noise at the nodes, summing to 1. */
  readonly weights: Float64Array;
  /** ln(P/Q) there. */
  readonly losses: Float64Array;
}

export interface Run {
  readonly law: Law;
  readonly steps: number;
}

const REACH = 13;
/** Real parts below this change the result by less than 1e-15 of it. */
const NEGLIGIBLE = -38;

/** P against Q of one Poisson-sampled Gaussian step: the mixture against the noise, or the noise against the mixture. */
export function gaussianLaw(sigma: number, rate: number, direction: 'remove' | 'add'): Law {
  return mixtureLaw(sigma, [0, 1], [1 - rate, rate], direction);
}

/** The same for noise whose shift is drawn. */
export function mixtureLaw(
  sigma: number,
  shifts: readonly number[],
  chances: readonly number[],
  direction: 'remove' | 'add',
): Law {
  const furthest = Math.max(...shifts);
  const step = Math.min(sigma / 12, (Math.PI * sigma * sigma) / (12 * furthest));
  const count = Math.ceil((furthest + 2 * REACH * sigma) / step);
  const weights = new Float64Array(count + 1);
  const losses = new Float64Array(count + 1);
  const variance = sigma * sigma;
  const mean = (of: (shift: number) => number) => shifts.reduce((sum, s, i) => sum + (chances[i] as number) * of(s), 0);
  for (let i = 0; i <= count; i++) {
    const x = -REACH * sigma + i * step;
    const over = (s: number) => (s * (2 * x - s)) / (2 * variance);
    const most = Math.max(...shifts.map(over));
    // Relative to the noise where nothing overflows, so that a tiny chance is not lost beside 1.
    const log =
      most < 300
        ? Math.log1p(mean((s) => Math.expm1(over(s))))
        : most + Math.log(mean((s) => Math.exp(over(s) - most)));
    const density = (s: number) => Math.exp(-((x - s) ** 2) / (2 * variance));
    weights[i] = direction === 'remove' ? mean(density) : density(0);
    losses[i] = direction === 'remove' ? log : -log;
  }
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return { weights: weights.map((weight) => weight / total), losses };
}

/** δ at ε, in the one direction that the laws are of. */
export function invertedDelta(runs: readonly Run[], epsilon: number): number {
  const c = saddle(runs, epsilon);
  const { width } = derivatives(runs, c);
  // The transform's period 2π/step is what the law may stretch over: beyond it, 24 deviations, nothing is left.
  const step = (2 * Math.PI) / (60 * width + 60);
  const peak = integrand(runs, epsilon, c, 0);
  let sum = 0.5 * peak.value;
  for (let i = 1; ; i++) {
    const { value, log } = integrand(runs, epsilon, c, i * step);
    sum += value;
    if (log - peak.log < NEGLIGIBLE) break;
    if (i > 20_000) throw new Error('the law has too few steps, or atoms: this method does not converge');
  }
  return (sum * step) / Math.PI;
}

/** The least real c at which K(s) - sε - ln s(s+1) is flat, by bisection: there the integrand oscillates least. */
function saddle(runs: readonly Run[], epsilon: number): number {
  const slope = (c: number) => derivatives(runs, c).mean - epsilon - 1 / c - 1 / (c + 1);
  let [low, high] = [1e-6, 1e12];
  for (let i = 0; i < 100; i++) {
    const middle = Math.sqrt(low * high);
    if (slope(middle) > 0) high = middle;
    else low = middle;
  }
  return Math.sqrt(low * high);
}

/** K'(c), and the deviation of the tilted law. */
function derivatives(runs: readonly Run[], c: number): { readonly mean: number; readonly width: number } {
  let [mean, variance] = [0, 0];
  for (const { law, steps } of runs) {
    const top = topOf(law, c);
    let [a, b, d] = [0, 0, 0];
    for (let i = 0; i < law.losses.length; i++) {
      const l = law.losses[i] as number;
      const w = (law.weights[i] as number) * Math.exp(c * l - top);
      a += w;
      b += w * l;
      d += w * l * l;
    }
    mean += (steps * b) / a;
    variance += steps * Math.max(0, d / a - (b / a) ** 2);
  }
  return { mean, width: Math.sqrt(variance) };
}

function topOf({ losses }: Law, c: number): number {
  return losses.reduce((top, l) => Math.max(top, c * l), Number.NEGATIVE_INFINITY);
}

/** Re exp(ΣK(s) - sε)/(s(s+1)) at s = c + it, and its logarithm's real part. */
function integrand(runs: readonly Run[], epsilon: number, c: number, t: number) {
  let [log, angle] = [-c * epsilon, -t * epsilon];
  for (const { law, steps } of runs) {
    const [re, im] = logTransform(law, c, t);
    log += steps * re;
    angle += steps * im;
  }
  // 1/(s(s+1)) in polar form.
  log -= 0.5 * Math.log(c * c + t * t) + 0.5 * Math.log((c + 1) ** 2 + t * t);
  angle -= Math.atan2(t, c) + Math.atan2(t, c + 1);
  return { value: Math.exp(log) * Math.cos(angle), log };
}

/** ln E exp(sL), from E (exp(sL) - 1) where that is small: many steps multiply every lost digit. */
function logTransform({ weights, losses }: Law, c: number, t: number): readonly [number, number] {
  const top = topOf({ weights, losses }, c);
  const shift = top > 200 ? top : 0;
  let [re, im] = [0, 0];
  for (let i = 0; i < losses.length; i++) {
    const l = losses[i] as number;
    const w = weights[i] as number;
    if (shift > 0) {
      const size = w * Math.exp(c * l - shift);
      re += size * Math.cos(t * l);
      im += size * Math.sin(t * l);
    } else {
      const size = Math.exp(c * l);
      // e^(cl)·cos(tl) - 1 without cancellation.
      re += w * (Math.expm1(c * l) - 2 * size * Math.sin((t * l) / 2) ** 2);
      im += w * size * Math.sin(t * l);
    }
  }
  if (shift > 0) return [shift + 0.5 * Math.log(re * re + im * im), Math.atan2(im, re)];
  return [0.5 * Math.log1p(2 * re + re * re + im * im), Math.atan2(im, 1 + re)];
}
