/** Standard deviations that are integrated on either side of a mean: beyond lie 4e-33. */
const REACH = 12;
/** Simpson's intervals: the error is far below 1e-10 of the integral. */
const INTERVALS = 4000;

/**
 * δ(ε) of one Poisson-sampled Gaussian step, the larger of both directions, by integrating (1 - e^(ε - loss))⁺ over
 * each component of the noise by itself, so that nothing cancels: right for any σ, rate and ε, and worked out apart
 * from the package. Cut-off tails make it less than the truth, by at most 1e-32.
 */
export function steppedDelta(sigma: number, rate: number, epsilon: number): number {
  return Math.max(removed(sigma, rate, epsilon), added(sigma, rate, epsilon));
}

/** ln((1-q) + q·e^u) without overflow, u = (2x - 1)/2σ². */
function loss(sigma: number, rate: number, x: number): number {
  const u = (2 * x - 1) / (2 * sigma * sigma);
  if (rate === 1) return u;
  return u > 500 ? u + Math.log(rate + (1 - rate) * Math.exp(-u)) : Math.log1p(rate * Math.expm1(u));
}

/** Where the loss is `wanted`; -∞ where it is above everywhere. */
function placeOf(sigma: number, rate: number, wanted: number): number {
  if (rate === 1) return sigma * sigma * wanted + 0.5;
  // e^u = (e^wanted - 1 + q)/q
  const u =
    wanted > 1
      ? wanted + Math.log1p(-(1 - rate) * Math.exp(-wanted)) - Math.log(rate)
      : Math.log1p(Math.expm1(wanted) / rate);
  return Number.isNaN(u) ? Number.NEGATIVE_INFINITY : sigma * sigma * u + 0.5;
}

/** The mixture against the noise. */
function removed(sigma: number, rate: number, epsilon: number): number {
  const start = placeOf(sigma, rate, epsilon);
  const over = (x: number) => Math.max(0, -Math.expm1(epsilon - loss(sigma, rate, x)));
  const part = (mean: number) =>
    expectation(sigma, mean, Math.max(start, mean - REACH * sigma), mean + REACH * sigma, over);
  return (1 - rate) * part(0) + rate * part(1);
}

/** The noise against the mixture. */
function added(sigma: number, rate: number, epsilon: number): number {
  const end = placeOf(sigma, rate, -epsilon);
  const over = (x: number) => Math.max(0, -Math.expm1(epsilon + loss(sigma, rate, x)));
  return expectation(sigma, 0, -REACH * sigma, Math.min(end, REACH * sigma), over);
}

/** ∫ N(mean, σ²)(x)·f(x) dx, by Simpson's rule. */
function expectation(sigma: number, mean: number, from: number, to: number, f: (x: number) => number): number {
  if (!(from < to)) return 0;
  const h = (to - from) / INTERVALS;
  let sum = 0;
  for (let i = 0; i <= INTERVALS; i++) {
    const x = from + i * h;
    const z = (x - mean) / sigma;
    const weight = i === 0 || i === INTERVALS ? 1 : 2 + 2 * (i & 1);
    sum += weight * Math.exp(-0.5 * z * z) * f(x);
  }
  return (sum * h) / (3 * sigma * Math.sqrt(2 * Math.PI));
}
