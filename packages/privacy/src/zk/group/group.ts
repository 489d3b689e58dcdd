import { type Entropy, utf8 } from '@murmuration/core';
import { wipe } from '@murmuration/crypto';
import { ristretto255, ristretto255_hasher } from '@noble/curves/ed25519.js';
import { bytesToNumberLE } from '@noble/curves/utils.js';

/** An element of ristretto255, the prime-order group of RFC 9496. */
export type Point = InstanceType<typeof ristretto255.Point>;

/** Integers modulo the group order. `BigInt` below is not constant in time: see the README of this package. */
export const scalars = ristretto255.Point.Fn;
export const IDENTITY: Point = ristretto255.Point.ZERO;
export const POINT_BYTES = 32;
export const SCALAR_BYTES = 32;
const WIDE_BYTES = 64;

export type ElementRefusal = 'wrong-length' | 'bad-point' | 'identity-point' | 'bad-scalar';

/** @returns the point; `bad-point` for what is no canonical encoding (RFC 9496 §4.3.1), `identity-point` for the identity */
export function decodePoint(bytes: Uint8Array): Point | 'wrong-length' | 'bad-point' | 'identity-point' {
  if (bytes.length !== POINT_BYTES) return 'wrong-length';
  try {
    const point = ristretto255.Point.fromBytes(bytes);
    return point.is0() ? 'identity-point' : point;
  } catch {
    return 'bad-point';
  }
}

/** @returns the scalar; `bad-scalar` for a number ≥ the group order */
export function decodeScalar(bytes: Uint8Array): bigint | 'wrong-length' | 'bad-scalar' {
  if (bytes.length !== SCALAR_BYTES) return 'wrong-length';
  const scalar = bytesToNumberLE(bytes);
  return scalar < scalars.ORDER ? scalar : 'bad-scalar';
}

/** Uniform: 512 bits modulo an order of 253, so the bias is below 2^-250. */
export function scalarFromWide(bytes: Uint8Array): bigint {
  return scalars.create(bytesToNumberLE(bytes));
}

/** A secret, uniform scalar. */
export function randomScalar(entropy: Entropy): bigint {
  const bytes = entropy.bytes(WIDE_BYTES);
  const scalar = scalarFromWide(bytes);
  wipe(bytes);
  return scalar;
}

/** A point of which nobody knows a relation to any other. @see RFC 9380 Appendix B, `hash_to_ristretto255` */
export function hashToGroup(domain: string, message: Uint8Array): Point {
  return ristretto255_hasher.hashToCurve(message, { DST: utf8(domain) });
}
