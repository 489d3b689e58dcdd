import { SecretKey } from '@chainsafe/blst';
import { isMurmurError, seededRandom, toHex } from '@murmuration/core';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { expect, test } from 'vitest';
import { BLS_PUBLIC_KEY_BYTES, BLS_SIGNATURE_BYTES, blsKeyPair, isBlsPublicKey } from '../../src/bls/keys.ts';
import { blsAggregate, blsFastAggregateVerify, blsSign, blsVerify } from '../../src/bls/multisignature.ts';
import { blsProvePossession, blsVerifyPossession } from '../../src/bls/possession.ts';
import { hex, vectors } from '../vectors.ts';

const DOMAIN = 'murmur/test/1';
const MESSAGE = Uint8Array.of(1, 2, 3);
const ORDER = '73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001';

function pairs(n: number) {
  return Array.from({ length: n }, (_, i) => blsKeyPair(new Uint8Array(32).fill(i + 1)));
}

test('keys are those of EIP-2333, and blst makes the same of a seed', () => {
  for (const { seed, secretKey } of vectors<Record<'seed' | 'secretKey', string>>(
    'ethereum-bls/eip-2333-master.json',
  )) {
    expect(BigInt(`0x${toHex(blsKeyPair(hex(seed)).secretKey)}`).toString()).toBe(secretKey);
  }
  const random = seededRandom('bls seeds');
  for (let i = 0; i < 20; i++) {
    const seed = Uint8Array.from({ length: 32 + random.below(40) }, () => random.below(256));
    const { publicKey, secretKey } = blsKeyPair(seed);
    const blst = SecretKey.fromKeygen(seed);
    expect(toHex(secretKey)).toBe(toHex(blst.toBytes()));
    expect(toHex(publicKey)).toBe(toHex(blst.toPublicKey().toBytes()));
    expect([publicKey.length, isBlsPublicKey(publicKey)]).toEqual([BLS_PUBLIC_KEY_BYTES, true]);
  }
});

test('a signature is worth nothing under another domain, message or key', () => {
  const [one, other] = pairs(2) as [ReturnType<typeof blsKeyPair>, ReturnType<typeof blsKeyPair>];
  const signature = blsSign(DOMAIN, MESSAGE, one.secretKey);
  expect(signature.length).toBe(BLS_SIGNATURE_BYTES);
  expect(blsVerify(DOMAIN, MESSAGE, signature, one.publicKey)).toBe(true);
  expect(blsVerify('murmur/test/2', MESSAGE, signature, one.publicKey)).toBe(false);
  expect(blsVerify(DOMAIN, Uint8Array.of(1, 2), signature, one.publicKey)).toBe(false);
  expect(blsVerify(DOMAIN, MESSAGE, signature, other.publicKey)).toBe(false);
});

test('the sum of signatures verifies for exactly the keys that signed', () => {
  const all = pairs(7);
  const keys = all.map(({ publicKey }) => publicKey);
  const signatures = all.map(({ secretKey }) => blsSign(DOMAIN, MESSAGE, secretKey));
  const sum = blsAggregate(signatures) as Uint8Array;
  expect(sum.length).toBe(BLS_SIGNATURE_BYTES);
  expect(blsFastAggregateVerify(DOMAIN, MESSAGE, keys, sum)).toBe(true);
  expect(blsFastAggregateVerify(DOMAIN, MESSAGE, keys.toReversed(), sum)).toBe(true);
  expect(blsFastAggregateVerify(DOMAIN, MESSAGE, keys.slice(1), sum)).toBe(false);
  expect(blsFastAggregateVerify(DOMAIN, MESSAGE, [...keys, keys[0] as Uint8Array], sum)).toBe(false);
  const bad = blsSign('murmur/test/2', MESSAGE, (all[3] as (typeof all)[0]).secretKey);
  const spoilt = blsAggregate(signatures.with(3, bad)) as Uint8Array;
  expect(blsFastAggregateVerify(DOMAIN, MESSAGE, keys, spoilt)).toBe(false);
});

test('what a peer chose is refused without an exception', () => {
  const { publicKey, secretKey } = pairs(1)[0] as ReturnType<typeof blsKeyPair>;
  const signature = blsSign(DOMAIN, MESSAGE, secretKey);
  expect(blsAggregate([])).toBeUndefined();
  expect(blsFastAggregateVerify(DOMAIN, MESSAGE, [], signature)).toBe(false);
  for (const length of [0, 1, 47, 48, 49, 95, 96, 97, 192]) {
    for (const fill of [0, 0x80, 0xa0, 0xc0, 0xe0, 0xff]) {
      const bytes = new Uint8Array(length).fill(fill);
      expect(blsVerify(DOMAIN, MESSAGE, bytes, publicKey)).toBe(false);
      expect(blsVerify(DOMAIN, MESSAGE, signature, bytes)).toBe(false);
      expect(blsAggregate([signature, bytes])).toBeUndefined();
      expect(blsVerifyPossession(publicKey, bytes)).toBe(false);
      expect(isBlsPublicKey(bytes)).toBe(false);
    }
  }
});

test('a secret key of another length, zero or too large is the caller’s mistake', () => {
  const codes = [new Uint8Array(31), new Uint8Array(32), hex(ORDER), new Uint8Array(32).fill(255)].map((key) => {
    try {
      blsSign(DOMAIN, MESSAGE, key);
      return 'signed';
    } catch (error) {
      return isMurmurError(error) ? error.code : 'thrown';
    }
  });
  expect(codes).toEqual(['CRYPTO_WRONG_LENGTH', 'CRYPTO_BAD_SCALAR', 'CRYPTO_BAD_SCALAR', 'CRYPTO_BAD_SCALAR']);
  expect(() => blsKeyPair(new Uint8Array(31))).toThrow('31 bytes');
});

test('a proof of possession holds for its own key alone, and is no signature', () => {
  const [one, other] = pairs(2) as [ReturnType<typeof blsKeyPair>, ReturnType<typeof blsKeyPair>];
  const proof = blsProvePossession(one.secretKey);
  expect(blsVerifyPossession(one.publicKey, proof)).toBe(true);
  expect(blsVerifyPossession(other.publicKey, proof)).toBe(false);
  const signed = SecretKey.fromBytes(one.secretKey).sign(one.publicKey).toBytes();
  expect(blsVerifyPossession(one.publicKey, signed)).toBe(false);
  const damaged = proof.slice();
  damaged[95] = (damaged[95] as number) ^ 1;
  expect(blsVerifyPossession(one.publicKey, damaged)).toBe(false);
});

test('a rogue key forges for both where nobody asks for its possession: known-bad', () => {
  const { G1 } = bls12_381;
  const [victim, attacker] = pairs(2) as [ReturnType<typeof blsKeyPair>, ReturnType<typeof blsKeyPair>];
  const rogue = G1.Point.fromBytes(attacker.publicKey).subtract(G1.Point.fromBytes(victim.publicKey)).toBytes(true);
  const forged = blsSign(DOMAIN, MESSAGE, attacker.secretKey);
  expect(blsFastAggregateVerify(DOMAIN, MESSAGE, [victim.publicKey, rogue], forged)).toBe(true);
  expect(isBlsPublicKey(rogue)).toBe(true);
  expect(blsVerifyPossession(rogue, blsProvePossession(attacker.secretKey))).toBe(false);
});
