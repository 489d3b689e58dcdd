import { seededRandom, toHex } from '@murmuration/core';
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { expect, test } from 'vitest';
import { ed25519KeyPair } from '../../src/sign/ed25519.ts';
import { VRF_PROOF_BYTES, vrfProve, vrfVerify } from '../../src/vrf/ecvrf.ts';
import { hex, vectors } from '../vectors.ts';

type Row = Record<'name' | 'secretKey' | 'publicKey' | 'alpha' | 'proof' | 'output', string>;
const ROWS = vectors<Row>('rfc/9381-ecvrf-edwards25519-sha512-tai.json');
const ORDER = ed25519.Point.Fn.ORDER;

function fill(seed: string, length: number): Uint8Array {
  const random = seededRandom(seed);
  return Uint8Array.from({ length }, () => random.below(256));
}

function littleEndian(value: bigint, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => Number((value >> BigInt(8 * i)) & 255n));
}

test.each(ROWS)('proof and output are those of RFC 9381 appendix B.3, $name', (row) => {
  expect(toHex(vrfProve(hex(row.secretKey), hex(row.alpha)))).toBe(row.proof);
  const output = vrfVerify(hex(row.publicKey), hex(row.alpha), hex(row.proof));
  expect(output === undefined ? 'refused' : toHex(output)).toBe(row.output);
});

test('every single-bit flip of a proof is refused', () => {
  const { publicKey, alpha, proof } = ROWS[1] as Row;
  for (let bit = 0; bit < 8 * VRF_PROOF_BYTES; bit++) {
    const damaged = hex(proof);
    damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
    expect([bit, vrfVerify(hex(publicKey), hex(alpha), damaged)]).toEqual([bit, undefined]);
  }
});

test('another question, key or length is refused without an exception', () => {
  const [first, second] = ROWS as [Row, Row];
  const [key, alpha, proof] = [hex(first.publicKey), hex(first.alpha), hex(first.proof)];
  expect(vrfVerify(key, Uint8Array.of(0), proof)).toBeUndefined();
  expect(vrfVerify(hex(second.publicKey), alpha, proof)).toBeUndefined();
  for (const length of [0, 1, 79, 81]) expect(vrfVerify(key, alpha, fill('cut', length))).toBeUndefined();
  for (const length of [0, 31, 33]) expect(vrfVerify(fill('key', length), alpha, proof)).toBeUndefined();
});

test('s + q, the other encoding of the same scalar, is refused: RFC 9381 §5.4.4', () => {
  const { publicKey, alpha, proof } = ROWS[0] as Row;
  const wire = hex(proof);
  let s = 0n;
  for (let i = 79; i >= 48; i--) s = (s << 8n) | BigInt(wire[i] as number);
  wire.set(littleEndian(s + ORDER, 32), 48);
  expect(vrfVerify(hex(publicKey), hex(alpha), wire)).toBeUndefined();
});

/** What anyone can make under the identity as key: U = sB and V = sH whatever c is, so no secret is needed. */
function forgeUnderIdentity(alpha: Uint8Array): { identity: Uint8Array; proof: Uint8Array } {
  const { Point } = ed25519;
  const identity = Point.ZERO.toBytes();
  const tryAt = (tries: number) => sha512(Uint8Array.of(3, 1, ...identity, ...alpha, tries, 0)).slice(0, 32);
  let tries = 0;
  let h = Point.ZERO;
  while (h.is0()) {
    try {
      h = Point.fromBytes(tryAt(tries++)).clearCofactor();
    } catch {}
  }
  const s = 7n;
  const points = [identity, h.toBytes(), identity, Point.BASE.multiply(s).toBytes(), h.multiply(s).toBytes()];
  const c = sha512(Uint8Array.of(3, 2, ...points.flatMap((point) => [...point]), 0)).slice(0, 16);
  return { identity, proof: Uint8Array.of(...identity, ...c, ...littleEndian(s, 32)) };
}

test('a key of small order is refused though its equations hold: RFC 9381 §5.4.5', () => {
  const alpha = Uint8Array.of(1);
  const { identity, proof } = forgeUnderIdentity(alpha);
  for (const key of [identity, new Uint8Array(32), littleEndian(2n ** 255n - 20n, 32)]) {
    expect(vrfVerify(key, alpha, proof)).toBeUndefined();
  }
});

test('a Gamma with a part of small order gives no second output', () => {
  const torsion = ed25519.Point.fromBytes(littleEndian(2n ** 255n - 20n, 32));
  for (const { publicKey, alpha, proof } of ROWS) {
    const wire = hex(proof);
    wire.set(ed25519.Point.fromBytes(wire.slice(0, 32)).add(torsion).toBytes(), 0);
    expect(vrfVerify(hex(publicKey), hex(alpha), wire)).toBeUndefined();
  }
});

test('what a key proves verifies, and proving again gives the same bytes', () => {
  const outputs = new Set<string>();
  for (let i = 0; i < 12; i++) {
    const { publicKey, secretKey } = ed25519KeyPair(fill(`key ${i}`, 32));
    const alpha = fill(`alpha ${i}`, i * 9);
    const proof = vrfProve(secretKey, alpha);
    expect(toHex(vrfProve(secretKey, alpha))).toBe(toHex(proof));
    const output = vrfVerify(publicKey, alpha, proof);
    expect(output?.length).toBe(64);
    outputs.add(toHex(output as Uint8Array));
  }
  expect(outputs.size).toBe(12);
});

test('a secret key of the wrong length is CRYPTO_WRONG_LENGTH, without its bytes', () => {
  expect(() => vrfProve(new Uint8Array(31), Uint8Array.of(1))).toThrow(
    expect.objectContaining({ code: 'CRYPTO_WRONG_LENGTH', message: expect.stringContaining('31') }),
  );
});
