/**
 * The least x in [low, high] where the non-increasing `f` is ≤ target, rounded up to within `tolerance`·x: bisection
 * on a logarithmic scale, so `low` > 0. Returns a point at which `f` was evaluated and holds; Infinity where f(high)
 * is above the target.
 */
export function leastWithin(
  f: (x: number) => number,
  target: number,
  low: number,
  high: number,
  tolerance = 1e-12,
): number {
  if (f(high) > target) return Number.POSITIVE_INFINITY;
  let below = low;
  let holds = high;
  for (let i = 0; i < 200 && holds - below > tolerance * holds; i++) {
    const middle = Math.sqrt(below * holds);
    if (f(middle) > target) below = middle;
    else holds = middle;
  }
  return holds;
}

/** The minimum of a unimodal `f` over [low, high] by golden sections. @returns [where, value] */
export function minimise(f: (x: number) => number, low: number, high: number, steps = 80): readonly [number, number] {
  const golden = (Math.sqrt(5) - 1) / 2;
  let [a, b] = [low, high];
  let [x, y] = [b - golden * (b - a), a + golden * (b - a)];
  let [fx, fy] = [f(x), f(y)];
  for (let i = 0; i < steps; i++) {
    if (fx <= fy) {
      [b, y, fy] = [y, x, fx];
      x = b - golden * (b - a);
      fx = f(x);
    } else {
      [a, x, fx] = [x, y, fy];
      y = a + golden * (b - a);
      fy = f(y);
    }
  }
  return fx <= fy ? [x, fx] : [y, fy];
}
