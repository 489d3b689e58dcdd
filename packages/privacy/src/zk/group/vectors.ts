import { scalars } from './group.ts';

/** 1, x, x², … of the given length. */
export function powers(x: bigint, length: number): bigint[] {
  const result = new Array<bigint>(length);
  let power = scalars.ONE;
  for (let i = 0; i < length; i++) {
    result[i] = power;
    power = scalars.mul(power, x);
  }
  return result;
}

/** Σ aᵢ bᵢ modulo the group order; both of one length. */
export function innerProduct(a: readonly bigint[], b: readonly bigint[]): bigint {
  let sum = 0n;
  for (let i = 0; i < a.length; i++) sum += (a[i] as bigint) * (b[i] as bigint);
  return scalars.create(sum);
}

export function sumOf(values: readonly bigint[]): bigint {
  let sum = 0n;
  for (const value of values) sum += value;
  return scalars.create(sum);
}

/** The smallest power of two ≥ n, n ≥ 1. */
export function nextPowerOfTwo(n: number): number {
  let power = 1;
  while (power < n) power *= 2;
  return power;
}
