/**
 * Weights with which bits reach every number from 0 to `max` and none above, so a range proof needs no second side.
 * For max = 2^n - 1 they are the powers of two.
 */
export function weightsTo(max: bigint): readonly bigint[] {
  if (max === 0n) return [];
  const length = max.toString(2).length;
  const weights = Array.from({ length: length - 1 }, (_, i) => 1n << BigInt(i));
  return [...weights, max - (1n << BigInt(length - 1)) + 1n];
}

/** The bits of `value` under `weightsTo(max)`, without a branch on it. Wrong for a value that is out of range. */
export function bitsOf(value: bigint, max: bigint): number[] {
  const weights = weightsTo(max);
  if (weights.length === 0) return [];
  const top = BigInt(weights.length - 1);
  const last = (value >> top) & 1n;
  const rest = value - last * (weights.at(-1) as bigint);
  return weights.map((_, i) => Number(BigInt(i) === top ? last : (rest >> BigInt(i)) & 1n));
}
