/**
 * (1+u)^a - 1 - a·u, which is ≥ 0 for a outside (0, 1) and u > -1. Its mean over u of mean zero is the excess of a
 * moment over 1; taking the vanishing part away beforehand is what keeps nine digits of 1 + 1e-6.
 */
export function excess(a: number, u: number): number {
  if (Math.abs(a * u) > 0.05 || Math.abs(u) > 0.05) return Math.expm1(a * Math.log1p(u)) - a * u;
  let term = a * u;
  let sum = 0;
  for (let k = 2; k < 40; k++) {
    term *= ((a - k + 1) * u) / k;
    sum += term;
    if (Math.abs(term) <= 1e-17 * sum) break;
  }
  return sum;
}

/** ln(exp(x) - 1) for x > 0. */
export function logExpm1(x: number): number {
  return x > 30 ? x + Math.log1p(-Math.exp(-x)) : Math.log(Math.expm1(x));
}

/** ln Σ exp(x_i). */
export function logSumExp(xs: readonly number[]): number {
  const top = xs.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  if (!Number.isFinite(top)) return top;
  let sum = 0;
  for (const x of xs) sum += Math.exp(x - top);
  return top + Math.log(sum);
}

/** ln(1 + exp(x)). */
export function logOnePlusExp(x: number): number {
  return x > 40 ? x : Math.log1p(Math.exp(x));
}
