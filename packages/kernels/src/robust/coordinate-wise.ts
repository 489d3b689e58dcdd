import { MurmurError } from '@murmuration/core';
import { checkSameLength, type Vector } from '../vectors/check.ts';

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
  const n = rows.length;
  if (!Number.isInteger(trim) || trim < 0 || 2 * trim >= n) throw badTrim(n, trim);
  const kept = n - 2 * trim;
  return byCoordinate(rows, (sorted) => {
    let sum = 0;
    for (let i = trim; i < n - trim; i++) sum += sorted[i] as number;
    return sum / kept;
  });
}

/** Per coordinate: the middle value, or the mean of the two middle ones. @throws KERNEL_SHAPE, KERNEL_TRIM */
export function median(rows: readonly Vector[]): Float32Array {
  return trimmedMean(rows, Math.floor((rows.length - 1) / 2));
}

function byCoordinate(rows: readonly Vector[], reduce: (sorted: Float64Array) => number): Float32Array {
  const dimension = rows[0]?.length ?? 0;
  for (const row of rows) checkSameLength('coordinate-wise rule', row.length, dimension);
  const result = new Float32Array(dimension);
  const sorted = new Float64Array(rows.length);
  for (let at = 0; at < dimension; at++) {
    insertSorted(sorted, rows, at);
    result[at] = reduce(sorted);
  }
  return result;
}

/** Insertion sort: the fastest for the handful of rows that a cohort has. */
function insertSorted(sorted: Float64Array, rows: readonly Vector[], at: number): void {
  for (let i = 0; i < rows.length; i++) {
    const value = (rows[i] as Vector)[at] as number;
    let j = i;
    while (j > 0 && (sorted[j - 1] as number) > value) {
      sorted[j] = sorted[j - 1] as number;
      j--;
    }
    sorted[j] = value;
  }
}

function badTrim(n: number, trim: number): MurmurError {
  return new MurmurError({
    code: 'KERNEL_TRIM',
    message: `cannot drop ${trim} of ${n} values on each side`,
    remedy: 'give more rows, or a trim below half of them',
    facts: { n, trim },
  });
}
