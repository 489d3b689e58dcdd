import { toHex } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { expect, test } from 'vitest';
import { decodePoint, decodeScalar, scalars } from '../../../src/zk/group/group.ts';
import { BLINDING_BASE, commit, commitVector, VALUE_BASE, vectorBases } from '../../../src/zk/group/pedersen.ts';

test('all bases are distinct points and none is the identity', () => {
  const bases = [VALUE_BASE, BLINDING_BASE, ...vectorBases('g', 32), ...vectorBases('h', 32)];
  expect(new Set(bases.map((base) => toHex(base.toBytes()))).size).toBe(66);
  expect(bases.some((base) => base.is0())).toBe(false);
});

/**
 * By a program of its own, from the texts alone: expand_message_xmd over SHA-512 (RFC 9380 §5.3.1) of the name under
 * `murmuration/zk/generators/v1`, then the element derivation and encoding of RFC 9496 §4.3.
 */
test('bases are hashes of their names and nothing else: known answers', () => {
  expect(VALUE_BASE.toHex()).toBe('7c5c643ee7f100e5c93f9c33803e5cc1696bcbed22738c9d66b2fffb0f4d2b7f');
  expect(BLINDING_BASE.toHex()).toBe('e0700a966ad9101f89de3d7682c3b52917d90dd334f2483ecca98ce411cd862b');
  const families = [...vectorBases('g', 64), ...vectorBases('h', 64)].map((base) => base.toBytes());
  expect(toHex(sha3_256(...families))).toBe('80c6c286c55e424f9de5133b3fcf029563b6c2a6197d92d5d19d25611eeb1d48');
});

test('a commitment is value·G + blinding·H, and commitments add up', () => {
  const point = commit({ value: 5n, blinding: 7n });
  expect(point.equals(VALUE_BASE.multiply(5n).add(BLINDING_BASE.multiply(7n)))).toBe(true);
  expect(point.add(commit({ value: 1n, blinding: 2n })).equals(commit({ value: 6n, blinding: 9n }))).toBe(true);
});

test('a vector commitment takes negative numbers as their residues', () => {
  const [g] = vectorBases('g', 1);
  expect(commitVector([-3n], 2n).equals(BLINDING_BASE.multiply(2n).subtract((g ?? VALUE_BASE).multiply(3n)))).toBe(
    true,
  );
});

test('a vector longer than there are bases for is refused with a code', () => {
  expect(() => vectorBases('g', 8193)).toThrow(expect.objectContaining({ code: 'OPTION_OUT_OF_RANGE' }));
});

test('points: the identity, what is no canonical encoding and wrong lengths are reasons', () => {
  expect(decodePoint(new Uint8Array(32))).toBe('identity-point');
  expect(decodePoint(new Uint8Array(32).fill(255))).toBe('bad-point');
  expect(decodePoint(Uint8Array.from([1, ...new Uint8Array(31)]))).toBe('bad-point');
  expect(decodePoint(new Uint8Array(31))).toBe('wrong-length');
});

/** Negative, non-canonical and non-square field elements: RFC 9496, appendix A.3. */
const BAD_ENCODINGS = [
  '00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'f3ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371',
];

test.each(BAD_ENCODINGS)('bad encodings of RFC 9496, appendix A.3, are refused: %s', (hex) => {
  expect(decodePoint(Uint8Array.from(Buffer.from(hex, 'hex')))).toBe('bad-point');
});

test('scalars: the group order and above are refused, the largest below is not', () => {
  const encode = (value: bigint) => {
    const bytes = new Uint8Array(32);
    for (let i = 0; i < 32; i++) bytes[i] = Number((value >> BigInt(8 * i)) & 255n);
    return bytes;
  };
  expect(decodeScalar(encode(scalars.ORDER - 1n))).toBe(scalars.ORDER - 1n);
  expect(decodeScalar(encode(scalars.ORDER))).toBe('bad-scalar');
  expect(decodeScalar(encode((1n << 256n) - 1n))).toBe('bad-scalar');
  expect(decodeScalar(new Uint8Array(33))).toBe('wrong-length');
});
