import { concatBytes, toHex, utf8 } from '@murmuration/core';
import { expect, test } from 'vitest';
import {
  ED25519_SIGNATURE_BYTES,
  ed25519Sign,
  ed25519Verify,
  HYBRID_SIGNATURE_BYTES,
  HYBRID_SUITE,
  hybridKeyPair,
  hybridSign,
  hybridVerify,
  ML_DSA_65_SIGNATURE_BYTES,
  mlDsa65KeyPair,
  mlDsa65Sign,
  mlDsa65Verify,
} from '../../src/index.ts';

const seeds = { ed25519: new Uint8Array(32).fill(1), mlDsa65: new Uint8Array(32).fill(2) };
const own = hybridKeyPair(seeds);
const other = hybridKeyPair({ ed25519: new Uint8Array(32).fill(3), mlDsa65: new Uint8Array(32).fill(4) });
const message = utf8('a certificate');
const signature = hybridSign('d', message, own.secretKey);

test('a hybrid signature has 3373 bytes and verifies for its domain, message and key only', () => {
  expect(signature.length).toBe(HYBRID_SIGNATURE_BYTES);
  expect(HYBRID_SIGNATURE_BYTES).toBe(3373);
  expect(hybridVerify('d', message, signature, own.publicKey)).toBe(true);
  expect(hybridVerify('e', message, signature, own.publicKey)).toBe(false);
  expect(hybridVerify('d', utf8('another'), signature, own.publicKey)).toBe(false);
  expect(hybridVerify('d', message, signature, other.publicKey)).toBe(false);
});

test('either half broken breaks the pair', () => {
  for (let at = 0; at < HYBRID_SIGNATURE_BYTES; at += at < ED25519_SIGNATURE_BYTES ? 1 : 41) {
    const damaged = signature.slice();
    damaged[at] = (damaged[at] as number) ^ 0x10;
    expect(hybridVerify('d', message, damaged, own.publicKey)).toBe(false);
  }
});

test('either half by another key breaks the pair', () => {
  const theirs = hybridSign('d', message, other.secretKey);
  const classical = (from: Uint8Array) => from.subarray(0, ED25519_SIGNATURE_BYTES);
  const postQuantum = (from: Uint8Array) => from.subarray(ED25519_SIGNATURE_BYTES);
  expect(hybridVerify('d', message, concatBytes(classical(theirs), postQuantum(signature)), own.publicKey)).toBe(false);
  expect(hybridVerify('d', message, concatBytes(classical(signature), postQuantum(theirs)), own.publicKey)).toBe(false);
  expect(hybridVerify('d', message, concatBytes(postQuantum(signature), classical(signature)), own.publicKey)).toBe(
    false,
  );
});

test('a mixed public key breaks the pair', () => {
  const { ed25519, mlDsa65 } = own.publicKey;
  expect(hybridVerify('d', message, signature, { ed25519, mlDsa65: other.publicKey.mlDsa65 })).toBe(false);
  expect(hybridVerify('d', message, signature, { ed25519: other.publicKey.ed25519, mlDsa65 })).toBe(false);
  expect(hybridVerify('d', message, signature, { ed25519: mlDsa65, mlDsa65: ed25519 })).toBe(false);
});

test('a half passes for no signature outside the pair, and the other way round', () => {
  const half = signature.subarray(0, ED25519_SIGNATURE_BYTES);
  expect(ed25519Verify('d', message, half, own.publicKey.ed25519)).toBe(false);
  expect(mlDsa65Verify('d', message, signature.subarray(ED25519_SIGNATURE_BYTES), own.publicKey.mlDsa65)).toBe(false);
  const alone = concatBytes(
    ed25519Sign('d', message, own.secretKey.ed25519),
    mlDsa65Sign('d', message, own.secretKey.mlDsa65),
  );
  expect(hybridVerify('d', message, alone, own.publicKey)).toBe(false);
  // Both halves cover the id of the suite.
  expect(ed25519Verify(`d|${HYBRID_SUITE}`, message, half, own.publicKey.ed25519)).toBe(true);
});

test('signatures and keys of a wrong length are refused, not thrown', () => {
  const short = { ed25519: new Uint8Array(31), mlDsa65: new Uint8Array(1951) };
  expect(hybridVerify('d', message, signature, short)).toBe(false);
  for (const length of [0, 64, 3309, 3372, 3374]) {
    expect(hybridVerify('d', message, new Uint8Array(length), own.publicKey)).toBe(false);
    expect(mlDsa65Verify('d', message, new Uint8Array(length), own.publicKey.mlDsa65)).toBe(false);
  }
});

test('without a hedge a signature replays bit for bit; with one it differs and verifies', () => {
  const { publicKey, secretKey } = mlDsa65KeyPair(new Uint8Array(32).fill(5));
  const sign = (hedge?: Uint8Array) => mlDsa65Sign('d', message, secretKey, hedge);
  expect(toHex(sign())).toBe(toHex(sign()));
  const hedged = sign(new Uint8Array(32).fill(6));
  expect(toHex(hedged)).not.toBe(toHex(sign()));
  expect(hedged.length).toBe(ML_DSA_65_SIGNATURE_BYTES);
  expect(mlDsa65Verify('d', message, hedged, publicKey)).toBe(true);
  expect(() => sign(new Uint8Array(31))).toThrow(expect.objectContaining({ code: 'CRYPTO_WRONG_LENGTH' }));
});

test('a caller that gives a seed of a wrong length is told so', () => {
  const wanted = expect.objectContaining({ code: 'CRYPTO_WRONG_LENGTH' });
  expect(() => hybridKeyPair({ ...seeds, mlDsa65: new Uint8Array(33) })).toThrow(wanted);
  expect(() => mlDsa65Sign('d', message, new Uint8Array(4032))).toThrow(wanted);
});
