/** A number ≥ 0 as num/den, den ≥ 1: sums that no order or grouping of their terms changes. */
export interface Fraction {
  readonly num: bigint;
  readonly den: bigint;
}

export const ZERO: Fraction = { num: 0n, den: 1n };

/** Denominators beyond this are rounded away, upwards: a total of many odd scales stays small. */
const MAX_DEN = 2n ** 256n;
const ROUNDED_DEN = 2n ** 192n;

/**
 * A double as people write it: the shortest decimal that means it. 0.1 is a tenth, so ten of them are 1.
 * @param value finite, ≥ 0
 */
export function decimal(value: number): Fraction {
  const [digits = '0', exponent = '0'] = String(value).split('e');
  const [whole = '0', part = ''] = digits.split('.');
  const num = BigInt(whole + part);
  const shift = Number(exponent) - part.length;
  return shift >= 0 ? { num: num * 10n ** BigInt(shift), den: 1n } : reduced(num, 10n ** BigInt(-shift));
}

/** a + times·b, exactly, or above it by less than 2^-192. @param times integer ≥ 0 */
export function plus(a: Fraction, b: Fraction, times = 1): Fraction {
  const sum = reduced(a.num * b.den + BigInt(times) * b.num * a.den, a.den * b.den);
  if (sum.den <= MAX_DEN) return sum;
  return { num: (sum.num * ROUNDED_DEN + sum.den - 1n) / sum.den, den: ROUNDED_DEN };
}

/** factor/a for a > 0. */
export function over(factor: number, { num, den }: Fraction): Fraction {
  return reduced(BigInt(factor) * den, num);
}

export function atMost(a: Fraction, b: Fraction): boolean {
  return a.num * b.den <= b.num * a.den;
}

/** a - b where that is positive, else 0. */
export function less(a: Fraction, b: Fraction): Fraction {
  return atMost(a, b) ? ZERO : reduced(a.num * b.den - b.num * a.den, a.den * b.den);
}

/** Where neither part exceeds 2^53 the nearest double; else within two units of its last place. */
export function approximately({ num, den }: Fraction): number {
  return Number(num) / Number(den);
}

function reduced(num: bigint, den: bigint): Fraction {
  let [a, b] = [num, den];
  while (b !== 0n) [a, b] = [b, a % b];
  return a === 1n ? { num, den } : { num: num / a, den: den / a };
}
