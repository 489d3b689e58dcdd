import { MurmurError } from '@murmuration/core';
import { checkSameLength, type Vector } from '../vectors/check.ts';

/** Coordinates that one pass holds in cache, as doubles of every row. */
const BLOCK = 1024;

/**
 * Per coordinate: the mean of what remains after the `trim` smallest and the `trim` largest values were
 * dropped. The remaining values are added in ascending order, so the order of the rows changes no bit.
 *
 * @param rows n vectors of length d, finite
 * @param trim 0 ≤ trim, 2 · trim < n
 * @throws KERNEL_SHAPE, KERNEL_TRIM
 * @see Yin et al. 2018, Definition 2
 */
export function trimmedMean(rows: readonly Vector[], trim: number): Float32Array {
  const dimension = checkSameLengths(rows);
  checkTrim(rows.length, trim);
  const result = new Float32Array(dimension);
  const sorted = new Float64Array(rows.length);
  for (let at = 0; at < dimension; at++) result[at] = trimmedMeanAt(rows, at, trim, sorted);
  return result;
}

/** Per coordinate: the middle value, or the mean of the two middle ones. @throws KERNEL_SHAPE, KERNEL_TRIM */
export function median(rows: readonly Vector[]): Float32Array {
  return trimmedMean(rows, Math.floor((rows.length - 1) / 2));
}

/**
 * The trimmed mean of mixtures of the rows, without ever holding the mixtures: yᵢ = Σⱼ M[i,j] · xⱼ, summed in
 * the order of j in double precision, a block of coordinates at a time.
 *
 * @param rows n vectors of length d, finite
 * @param mixing M, m × n, row-major
 * @param trim 0 ≤ trim, 2 · trim < m
 * @throws KERNEL_SHAPE, KERNEL_TRIM
 */
export function trimmedMeanOfMixtures(rows: readonly Vector[], mixing: Float64Array, trim: number): Float32Array {
  const dimension = checkSameLengths(rows);
  const n = rows.length;
  const mixtures = mixing.length / n;
  checkSameLength('trimmedMeanOfMixtures', mixing.length, Math.floor(mixtures) * n);
  checkTrim(mixtures, trim);
  const result = new Float32Array(dimension);
  const sorted = new Float64Array(mixtures);
  const block = Array.from({ length: mixtures }, () => new Float64Array(BLOCK));
  for (let from = 0; from < dimension; from += BLOCK) {
    const length = Math.min(BLOCK, dimension - from);
    for (const [i, mixture] of block.entries()) mixBlock(mixture, rows, mixing, i * n, from, length);
    for (let k = 0; k < length; k++) result[from + k] = trimmedMeanAt(block, k, trim, sorted);
  }
  return result;
}

function mixBlock(
  into: Float64Array,
  rows: readonly Vector[],
  mixing: Float64Array,
  mixingAt: number,
  from: number,
  length: number,
): void {
  into.fill(0);
  for (const [j, row] of rows.entries()) {
    const share = mixing[mixingAt + j] as number;
    if (share === 0) continue;
    for (let k = 0; k < length; k++) into[k] = (into[k] as number) + share * (row[from + k] as number);
  }
}

/** Sorts one coordinate by insertion, the fastest for the handful of rows that a cohort has. */
function trimmedMeanAt(rows: readonly Vector[], at: number, trim: number, sorted: Float64Array): number {
  const n = rows.length;
  for (let i = 0; i < n; i++) {
    const value = (rows[i] as Vector)[at] as number;
    let j = i;
    while (j > 0 && (sorted[j - 1] as number) > value) {
      sorted[j] = sorted[j - 1] as number;
      j--;
    }
    sorted[j] = value;
  }
  let sum = 0;
  for (let i = trim; i < n - trim; i++) sum += sorted[i] as number;
  return sum / (n - 2 * trim);
}

function checkSameLengths(rows: readonly Vector[]): number {
  const dimension = rows[0]?.length ?? 0;
  for (const row of rows) checkSameLength('coordinate-wise rule', row.length, dimension);
  return dimension;
}

function checkTrim(n: number, trim: number): void {
  if (Number.isInteger(trim) && trim >= 0 && 2 * trim < n) return;
  throw new MurmurError({
    code: 'KERNEL_TRIM',
    message: `cannot drop ${trim} of ${n} values on each side`,
    remedy: 'give more rows, or a trim below half of them',
    facts: { n, trim },
  });
}
