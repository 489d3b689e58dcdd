import { MurmurError } from '@murmuration/core';

/** A row of numbers: what a model, an update or a partial sum is made of. */
export type Vector = Float32Array | Float64Array;

/** @throws KERNEL_SHAPE where two vectors differ in length */
export function checkSameLength(what: string, left: number, right: number): void {
  if (left === right) return;
  throw new MurmurError({
    code: 'KERNEL_SHAPE',
    message: `${what}: lengths ${left} and ${right} differ`,
    remedy: 'give vectors of one length',
    facts: { what, left, right },
  });
}

/** @returns the index of the first NaN or infinity, or -1 */
export function firstNonFinite(x: Vector): number {
  // A sum is NaN or infinite as soon as one term is; only then is the culprit looked for. A sum that
  // overflows without one costs the second pass and nothing else.
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += (x[i] as number) * 0;
  if (sum === 0) return -1;
  return x.findIndex((value) => !Number.isFinite(value));
}

/** @throws KERNEL_NOT_FINITE naming the first place of a NaN or infinity */
export function checkFinite(what: string, x: Vector): void {
  const at = firstNonFinite(x);
  if (at < 0) return;
  throw new MurmurError({
    code: 'KERNEL_NOT_FINITE',
    message: `${what} holds ${x[at]} at index ${at}`,
    remedy: 'refuse such vectors where they enter',
    facts: { what, index: at },
  });
}

/** @returns the common length of at least one row. @throws KERNEL_SHAPE, KERNEL_NOT_FINITE */
export function checkRows(what: string, rows: readonly Vector[]): number {
  const first = rows[0];
  if (first === undefined) {
    throw new MurmurError({
      code: 'KERNEL_SHAPE',
      message: `${what}: there is no row`,
      remedy: 'give at least one vector',
      facts: { what },
    });
  }
  for (const [i, row] of rows.entries()) {
    checkSameLength(`${what}, row ${i}`, row.length, first.length);
    checkFinite(`${what}, row ${i}`, row);
  }
  return first.length;
}
