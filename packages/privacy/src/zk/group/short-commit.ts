import { assert } from '@murmuration/core';
import { IDENTITY, type Point, SCALAR_BYTES, scalars } from './group.ts';
import { select } from './msm.ts';
import { BLINDING_BASE, VALUE_BASE } from './pedersen.ts';

const VALUE_NIBBLES = 8;
const BLINDING_NIBBLES = 2 * SCALAR_BYTES;

/** For each four bits of a scalar: 0 to 15 times the base, shifted to their place. */
type Comb = readonly (readonly Point[])[];
let combs: { readonly value: Comb; readonly blinding: Comb } | undefined;

/**
 * value · G + blinding · H for many values below 2^32: 72 additions each, a fifth of `commit`, with the same fixed
 * sequence of additions and whole-table reads. The tables take 1,152 points, made once.
 */
export function commitShort(value: number, blinding: bigint): Point {
  assert(Number.isInteger(value) && value >= 0 && value < 2 ** 32, 'a short value is below 2^32');
  combs ??= { value: combOf(VALUE_BASE, VALUE_NIBBLES), blinding: combOf(BLINDING_BASE, BLINDING_NIBBLES) };
  const short = new Uint8Array(4);
  new DataView(short.buffer).setUint32(0, value, true);
  const long = scalars.toBytes(blinding);
  const sum = multiply(combs.value, short).add(multiply(combs.blinding, long));
  short.fill(0);
  long.fill(0);
  return sum;
}

function combOf(base: Point, nibbles: number): Comb {
  let shifted = base;
  return Array.from({ length: nibbles }, () => {
    const row = [IDENTITY];
    for (let i = 1; i < 16; i++) row.push((row[i - 1] as Point).add(shifted));
    shifted = (row[15] as Point).add(shifted);
    return row;
  });
}

function multiply(comb: Comb, littleEndian: Uint8Array): Point {
  let sum = IDENTITY;
  for (const [i, row] of comb.entries()) {
    sum = sum.add(select(row, ((littleEndian[i >> 1] as number) >> (4 * (i & 1))) & 15));
  }
  return sum;
}
