import { checkNumber, MurmurError } from '@murmuration/core';

/** A positive fraction. Scales of noise are fractions so that a sampler can be exact about them. */
export interface Rational {
  readonly num: bigint;
  readonly den: bigint;
}

/** @returns num/den in lowest terms. @throws PRIVACY_BAD_SCALE where it is not positive */
export function rational(num: bigint | number, den: bigint | number = 1): Rational {
  const n = integerOf(num);
  const d = integerOf(den);
  if (n === undefined || d === undefined || n <= 0n || d <= 0n) {
    throw new MurmurError({
      code: 'PRIVACY_BAD_SCALE',
      message: `a scale of noise is ${num}/${den}, not a positive fraction of integers`,
      remedy: 'give a numerator and a denominator that are integers of at least 1',
      facts: { num: String(num), den: String(den) },
    });
  }
  const divisor = greatestCommonDivisor(n, d);
  return { num: n / divisor, den: d / divisor };
}

/** Largest value that `atLeast` turns into a fraction. */
const MAX_VALUE = 2 ** 40;

/**
 * The smallest multiple of 1/den that is not below `value`. Rounding a scale of noise up never costs privacy.
 *
 * @param value > 0, at most 2^40
 * @param den granularity. @default 4 — with it the fast path reaches σ of about 1900
 * @throws OPTION_OUT_OF_RANGE
 */
export function atLeast(value: number, den = 4): Rational {
  checkNumber('a scale of noise', value, Number.MIN_VALUE, MAX_VALUE);
  return rational(BigInt(Math.ceil(value * den)), BigInt(den));
}

export function toNumber({ num, den }: Rational): number {
  return Number(num) / Number(den);
}

/** Largest r with r² ≤ n (Newton's iteration from above). */
export function integerSquareRoot(n: bigint): bigint {
  if (n < 2n) return n;
  let root = 1n << BigInt((n.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (root + n / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

function integerOf(value: bigint | number): bigint | undefined {
  if (typeof value === 'bigint') return value;
  return Number.isSafeInteger(value) ? BigInt(value) : undefined;
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  return b === 0n ? a : greatestCommonDivisor(b, a % b);
}
