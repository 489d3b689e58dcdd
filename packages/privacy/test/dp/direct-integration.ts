import { normalCdf } from '../../src/dp/maths/erfc.ts';
import { integrate } from '../../src/dp/maths/quadrature.ts';

/** A step's mixture and noise by density, loss and upper probabilities, worked out apart from the package's pairs. */
function stepOf(sigma: number, rate: number) {
  const density = (x: number, mean: number) =>
    Math.exp(-((x - mean) ** 2) / (2 * sigma ** 2)) / (sigma * Math.sqrt(2 * Math.PI));
  const loss = (x: number) => Math.log(1 - rate + rate * Math.exp((2 * x - 1) / (2 * sigma ** 2)));
  const place = (l: number) => {
    const inside = (Math.exp(l) - 1 + rate) / rate;
    return inside > 0 ? sigma ** 2 * Math.log(inside) + 0.5 : Number.NEGATIVE_INFINITY;
  };
  const above = (x: number, mean: number) => normalCdf((mean - x) / sigma);
  return {
    sigma,
    loss,
    place,
    mixture: (x: number) => (1 - rate) * density(x, 0) + rate * density(x, 1),
    noise: (x: number) => density(x, 0),
    /** δ of one step, mixture against noise. */
    remove: (epsilon: number) => {
      const x = place(epsilon);
      return (1 - rate) * above(x, 0) + rate * above(x, 1) - Math.exp(epsilon) * above(x, 0);
    },
    /** δ of one step, noise against mixture. */
    add: (epsilon: number) => {
      const x = place(-epsilon);
      const [zero, one] = [1 - above(x, 0), 1 - above(x, 1)];
      return zero - Math.exp(epsilon) * ((1 - rate) * zero + rate * one);
    },
  };
}

/**
 * δ of `steps` ≤ 3 steps by direct numerical integration over all but the last. The integral is cut where the rest's
 * ε meets the loss's limit ln(1-q): there the integrand is smooth but not analytic, and pieces shrink towards it.
 */
export function integratedDelta(sigma: number, rate: number, steps: number, epsilon: number): number {
  const step = stepOf(sigma, rate);
  const limit = Math.log(1 - rate);
  const [from, to] = [-9 * sigma, 1 + 9 * sigma];
  const whole = (f: (x: number) => number, cut: number) => {
    if (!(cut > from && cut < to)) return integrate(f, from, to, 40);
    const ends = [0, 0.003, 0.01, 0.03, 0.1, 0.3, 1];
    const grades = [
      ...ends.toReversed().map((e) => cut + e * (from - cut)),
      ...ends.slice(1).map((e) => cut + e * (to - cut)),
    ];
    return grades.slice(1).reduce((sum, end, i) => sum + integrate(f, grades[i] as number, end, 6), 0);
  };
  const remove = (left: number, e: number): number =>
    left === 1
      ? step.remove(e)
      : whole((x) => step.mixture(x) * remove(left - 1, e - step.loss(x)), step.place(e - limit));
  const add = (left: number, e: number): number =>
    left === 1 ? step.add(e) : whole((x) => step.noise(x) * add(left - 1, e + step.loss(x)), step.place(-limit - e));
  return Math.max(remove(steps, epsilon), add(steps, epsilon));
}
