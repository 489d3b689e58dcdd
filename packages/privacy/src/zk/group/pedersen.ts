import { checkInteger, type Entropy } from '@murmuration/core';
import { hashToGroup, type Point, randomScalar, scalars } from './group.ts';
import { secretMsm } from './msm.ts';

const DOMAIN = 'murmuration/zk/generators/v1';
const encoder = new TextEncoder();

/** Base of values. */
export const VALUE_BASE: Point = hashToGroup(DOMAIN, encoder.encode('value'));
/** Base of blindings. */
export const BLINDING_BASE: Point = hashToGroup(DOMAIN, encoder.encode('blinding'));

/** Longest vector that is committed to. */
export const MAX_VECTOR = 8192;
const cached: Record<'g' | 'h', Point[]> = { g: [], h: [] };

/**
 * The first `length` bases of vectors, family g or h: hashes of their names, so nobody knows a relation between any
 * two. Made once (0.2 ms each) and always the same objects.
 * @throws OPTION_OUT_OF_RANGE
 */
export function vectorBases(family: 'g' | 'h', length: number): readonly Point[] {
  checkInteger('length of a committed vector', length, 0, MAX_VECTOR);
  const bases = cached[family];
  while (bases.length < length) bases.push(hashToGroup(DOMAIN, encoder.encode(`${family}/${bases.length}`)));
  return bases.slice(0, length);
}

/** What opens a commitment. Both are secrets. */
export interface Opening {
  /** In [0, group order). */
  readonly value: bigint;
  readonly blinding: bigint;
}

/** value · G + blinding · H: hides perfectly, binds unless discrete logarithms are found. @see Pedersen 1991 */
export function commit({ value, blinding }: Opening): Point {
  return secretMsm([VALUE_BASE, BLINDING_BASE], [scalars.create(value), blinding]);
}

/** Opens to `value` with a fresh blinding. */
export function openingOf(value: bigint, entropy: Entropy): Opening {
  return { value: scalars.create(value), blinding: randomScalar(entropy) };
}

/** Σ valueᵢ · gᵢ + blinding · H. */
export function commitVector(values: readonly bigint[], blinding: bigint): Point {
  const bases = vectorBases('g', values.length);
  return secretMsm([...bases, BLINDING_BASE], [...values.map((value) => scalars.create(value)), blinding]);
}
