import { checkSameLength, type Vector } from '../vectors/check.ts';

/** Coordinates that one pass holds in cache, as doubles of every row. */
const BLOCK = 1024;

/**
 * Gram matrix of the rows after a common reference was subtracted: G[i,j] = ⟨xᵢ − r, xⱼ − r⟩. Without the
 * subtraction a large common part cancels in the distances and leaves noise.
 *
 * Blocks of 1024 coordinates in order, four running sums in a block as in `dot`: one fixed order of
 * additions. n² · d / 2 multiplications.
 *
 * @param rows n vectors of length d, finite
 * @param reference r, length d; zero where it is left out
 * @returns n × n, row-major, symmetric
 * @throws KERNEL_SHAPE
 */
export function gram(rows: readonly Vector[], reference?: Vector): Float64Array {
  const n = rows.length;
  const dimension = rows[0]?.length ?? 0;
  for (const row of rows) checkSameLength('gram', row.length, dimension);
  if (reference !== undefined) checkSameLength('gram, reference', reference.length, dimension);
  const matrix = new Float64Array(n * n);
  const centred = rows.map(() => new Float64Array(BLOCK));
  for (let from = 0; from < dimension; from += BLOCK) {
    const length = Math.min(BLOCK, dimension - from);
    for (const [i, row] of rows.entries()) centre(centred[i] as Float64Array, row, reference, from, length);
    for (let i = 0; i < n; i++) {
      for (let j = i; j < n; j++) {
        const at = i * n + j;
        matrix[at] = (matrix[at] as number) + blockDot(centred[i] as Float64Array, centred[j] as Float64Array);
      }
    }
  }
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) matrix[i * n + j] = matrix[j * n + i] as number;
  return matrix;
}

/** @returns ‖xᵢ − xⱼ‖² from a Gram matrix, never negative */
export function squaredDistance(matrix: Float64Array, n: number, i: number, j: number): number {
  const distance = (matrix[i * n + i] as number) + (matrix[j * n + j] as number) - 2 * (matrix[i * n + j] as number);
  return Math.max(distance, 0);
}

/** Fills `into` with row − reference from `from` on, zeros behind the end. */
function centre(into: Float64Array, row: Vector, reference: Vector | undefined, from: number, length: number): void {
  if (length < BLOCK) into.fill(0);
  if (reference === undefined) {
    for (let k = 0; k < length; k++) into[k] = row[from + k] as number;
  } else {
    for (let k = 0; k < length; k++) into[k] = (row[from + k] as number) - (reference[from + k] as number);
  }
}

function blockDot(a: Float64Array, b: Float64Array): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  for (let k = 0; k < BLOCK; k += 4) {
    s0 += (a[k] as number) * (b[k] as number);
    s1 += (a[k + 1] as number) * (b[k + 1] as number);
    s2 += (a[k + 2] as number) * (b[k + 2] as number);
    s3 += (a[k + 3] as number) * (b[k + 3] as number);
  }
  return s0 + s1 + (s2 + s3);
}
