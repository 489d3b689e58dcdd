import { checkSameLength, type Vector } from './check.ts';

/**
 * Inner product in double precision. Four running sums over indices ≡ 0, 1, 2, 3 (mod 4), the tail into
 * the first, added as (s0 + s1) + (s2 + s3): one fixed order, so one result on every machine.
 * @throws KERNEL_SHAPE
 */
export function dot(a: Vector, b: Vector): number {
  checkSameLength('dot', a.length, b.length);
  const whole = a.length - (a.length % 4);
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  for (let i = 0; i < whole; i += 4) {
    s0 += (a[i] as number) * (b[i] as number);
    s1 += (a[i + 1] as number) * (b[i + 1] as number);
    s2 += (a[i + 2] as number) * (b[i + 2] as number);
    s3 += (a[i + 3] as number) * (b[i + 3] as number);
  }
  for (let i = whole; i < a.length; i++) s0 += (a[i] as number) * (b[i] as number);
  return s0 + s1 + (s2 + s3);
}

/** Euclidean norm. */
export function norm(x: Vector): number {
  return Math.sqrt(dot(x, x));
}

/** Adds `scale · x` to `sum` in place. Both have length d. @throws KERNEL_SHAPE */
export function axpy(sum: Vector, scale: number, x: Vector): void {
  checkSameLength('axpy', sum.length, x.length);
  for (let i = 0; i < x.length; i++) sum[i] = (sum[i] as number) + scale * (x[i] as number);
}

/** Multiplies `x` by `scale` in place. */
export function scaleInPlace(x: Vector, scale: number): void {
  for (let i = 0; i < x.length; i++) x[i] = (x[i] as number) * scale;
}

/** @returns a − b in single precision. @throws KERNEL_SHAPE */
export function subtract(a: Vector, b: Vector): Float32Array {
  checkSameLength('subtract', a.length, b.length);
  const difference = new Float32Array(a.length);
  for (let i = 0; i < a.length; i++) difference[i] = (a[i] as number) - (b[i] as number);
  return difference;
}

/** @returns Σ weightᵢ · rowᵢ, summed in the order of the rows in double precision. @throws KERNEL_SHAPE */
export function weightedSum(rows: readonly Vector[], weights: ArrayLike<number>): Float64Array {
  checkSameLength('weightedSum', rows.length, weights.length);
  const sum = new Float64Array(rows[0]?.length ?? 0);
  for (const [i, row] of rows.entries()) if (weights[i] !== 0) axpy(sum, weights[i] as number, row);
  return sum;
}
