import { PublicKey, Signature } from '@chainsafe/blst';
import { equalBytes, seededRandom, toHex } from '@murmuration/core';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { describe, expect, test } from 'vitest';
import { platform as node } from '../../src/platform/node.ts';
import { platform as web } from '../../src/platform/web.ts';
import { hex, vectors } from '../vectors.ts';

const IDENTITY_KEY = Uint8Array.from({ length: 48 }, (_, i) => (i === 0 ? 0xc0 : 0));
const IDENTITY_SIGNATURE = Uint8Array.from({ length: 96 }, (_, i) => (i === 0 ? 0xc0 : 0));
const MESSAGE = Uint8Array.of(1, 2, 3);
const { G1, G2 } = bls12_381;

/** Points on the curves but outside of the groups of prime order, as blst reads them when told not to ask. */
function outsiders(): { key: Uint8Array; signature: Uint8Array } {
  const search = (length: number, onCurve: (bytes: Uint8Array) => unknown) => {
    for (let x = 1; x < 256; x++) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i === 0 ? 0x80 : i === length - 1 ? x : 0));
      try {
        onCurve(bytes);
        return bytes;
      } catch {} // no point has this x
    }
    throw new Error('no such point below 256');
  };
  const key = search(48, (bytes) => PublicKey.fromBytes(bytes, false));
  const signature = search(96, (bytes) => Signature.fromBytes(bytes, false));
  expect(() => PublicKey.fromBytes(key, false).keyValidate()).toThrow('not in group');
  expect(() => Signature.fromBytes(signature, false).sigValidate()).toThrow('not in group');
  return { key, signature };
}

function scalar(random: { below(bound: number): number }): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? random.below(0x73) : random.below(256)));
}

describe.each(Object.entries({ node, web }))('%s platform', (_, platform) => {
  type Signed = Record<'message' | 'signature', string>;

  test('signatures are those of the Ethereum consensus specification: sign', () => {
    const rows = vectors<Signed & { secretKey: string }>('ethereum-bls/sign.json');
    expect(rows.length).toBe(9);
    for (const { secretKey, message, signature } of rows) {
      expect(toHex(platform.blsSign(hex(message), hex(secretKey)))).toBe(signature);
    }
  });

  test('verdicts are those of the Ethereum consensus specification: verify', () => {
    const rows = vectors<Signed & { publicKey: string; valid: boolean }>('ethereum-bls/verify.json');
    expect(new Set(rows.map(({ valid }) => valid)).size).toBe(2);
    for (const { publicKey, message, signature, valid } of rows) {
      expect(platform.blsVerify(hex(message), hex(signature), [hex(publicKey)])).toBe(valid);
    }
  });

  test('sums are those of the Ethereum consensus specification: aggregate', () => {
    for (const row of vectors<{ signatures: string[]; aggregate: string }>('ethereum-bls/aggregate.json')) {
      expect(toHex(platform.blsAggregate(row.signatures.map(hex)) as Uint8Array)).toBe(row.aggregate);
    }
  });

  test('verdicts are those of the Ethereum consensus specification: fast_aggregate_verify', () => {
    const rows = vectors<Signed & { publicKeys: string[]; valid: boolean }>('ethereum-bls/fast-aggregate-verify.json');
    expect(new Set(rows.map(({ valid }) => valid)).size).toBe(2);
    for (const { publicKeys, message, signature, valid } of rows) {
      expect(platform.blsVerify(hex(message), hex(signature), publicKeys.map(hex))).toBe(valid);
    }
  });

  test('the identity is neither key nor signature, nor what two signatures may add up to', () => {
    const key = scalar(seededRandom('identity'));
    const signature = platform.blsSign(MESSAGE, key);
    const negated = G2.Point.fromBytes(signature).negate().toBytes(true);
    const publicKey = platform.blsPublicKey(key);
    const negatedKey = G1.Point.fromBytes(publicKey).negate().toBytes(true);
    expect(platform.blsIsPublicKey(publicKey)).toBe(true);
    expect(platform.blsIsPublicKey(negatedKey)).toBe(true);
    expect(platform.blsIsPublicKey(IDENTITY_KEY)).toBe(false);
    expect(platform.blsVerify(MESSAGE, IDENTITY_SIGNATURE, [IDENTITY_KEY])).toBe(false);
    expect(platform.blsVerify(MESSAGE, IDENTITY_SIGNATURE, [publicKey, negatedKey])).toBe(false);
    expect(platform.blsVerify(MESSAGE, signature, [publicKey, IDENTITY_KEY])).toBe(false);
    expect(platform.blsAggregate([signature, negated])).toBeUndefined();
    expect(platform.blsAggregate([signature, IDENTITY_SIGNATURE])).toBeUndefined();
  });

  test('points on the curve but outside of the prime-order group are refused', () => {
    const { key, signature } = outsiders();
    const secret = scalar(seededRandom('subgroup'));
    const own = platform.blsSign(MESSAGE, secret);
    expect(platform.blsIsPublicKey(key)).toBe(false);
    expect(platform.blsVerify(MESSAGE, own, [key])).toBe(false);
    expect(platform.blsVerify(MESSAGE, signature, [platform.blsPublicKey(secret)])).toBe(false);
    expect(platform.blsAggregate([own, signature])).toBeUndefined();
  });
});

test('node and web give the same keys, signatures and verdicts, also for damaged bytes', () => {
  const random = seededRandom('bls platforms agree');
  const verdicts = new Set<boolean>();
  for (let i = 0; i < 12; i++) {
    const secretKey = scalar(random);
    const message = Uint8Array.from({ length: random.below(100) }, () => random.below(256));
    const publicKey = node.blsPublicKey(secretKey);
    const signature = node.blsSign(message, secretKey);
    expect(equalBytes(publicKey, web.blsPublicKey(secretKey))).toBe(true);
    expect(equalBytes(signature, web.blsSign(message, secretKey))).toBe(true);
    const damaged = (bytes: Uint8Array) => {
      const copy = bytes.slice();
      const at = random.below(3) === 0 ? 0 : random.below(copy.length);
      copy[at] = (copy[at] as number) ^ (1 << random.below(8));
      return copy;
    };
    for (const [key, signed] of [
      [publicKey, signature],
      [damaged(publicKey), signature],
      [publicKey, damaged(signature)],
    ] as const) {
      const verdict = node.blsVerify(message, signed, [key]);
      expect(web.blsVerify(message, signed, [key])).toBe(verdict);
      expect(web.blsIsPublicKey(key)).toBe(node.blsIsPublicKey(key));
      verdicts.add(verdict);
    }
  }
  expect(verdicts.size).toBe(2);
});

test('every single-bit flip of a key or signature is refused by blst', () => {
  const secretKey = scalar(seededRandom('flips'));
  const [publicKey, signature] = [node.blsPublicKey(secretKey), node.blsSign(MESSAGE, secretKey)];
  const flip = (bytes: Uint8Array, bit: number) => {
    const copy = bytes.slice();
    copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7));
    return copy;
  };
  expect(node.blsVerify(MESSAGE, signature, [publicKey])).toBe(true);
  for (let bit = 0; bit < 8 * 96; bit++) expect(node.blsVerify(MESSAGE, flip(signature, bit), [publicKey])).toBe(false);
  for (let bit = 0; bit < 8 * 48; bit++) expect(node.blsVerify(MESSAGE, signature, [flip(publicKey, bit)])).toBe(false);
});
