import { concatBytes, toHex, utf8 } from '@murmuration/core';
import { ED25519_TORSION_SUBGROUP, ed25519 } from '@noble/curves/ed25519.js';
import { describe, expect, test } from 'vitest';
import {
  createSigner,
  ed25519KeyPair,
  ed25519Sign,
  ed25519Verify,
  isCanonicalKey,
  isSmallOrderKey,
} from '../../src/index.ts';
import { platform } from '../../src/platform/node.ts';
import { platform as web } from '../../src/platform/web.ts';
import { hex } from '../vectors.ts';

const P = 2n ** 255n - 19n;
const keys = ed25519KeyPair(new Uint8Array(32).fill(1));
const message = utf8('a vote');

/** Encodes y with the sign of x in the top bit. */
function encodeY(y: bigint, sign = 0): Uint8Array {
  const bytes = hex(y.toString(16).padStart(64, '0')).reverse();
  bytes[31] = (bytes[31] as number) | (sign << 7);
  return bytes;
}

test('a signature covers length of domain ‖ domain ‖ message and nothing less', () => {
  const signature = ed25519Sign('murmur/test/1', message, keys.secretKey);
  const signed = concatBytes(Uint8Array.of(13), utf8('murmur/test/1'), message);
  expect(platform.ed25519Verify(signed, signature, keys.publicKey)).toBe(true);
  expect(ed25519Verify('murmur/test/1', message, signature, keys.publicKey)).toBe(true);
});

test('a signature for one domain is worthless in another, also where the joined bytes agree', () => {
  const signature = ed25519Sign('ab', utf8('c'), keys.secretKey);
  expect(ed25519Verify('a', utf8('bc'), signature, keys.publicKey)).toBe(false);
  expect(ed25519Verify('abc', utf8(''), signature, keys.publicKey)).toBe(false);
  expect(ed25519Verify('b', utf8('c'), signature, keys.publicKey)).toBe(false);
});

test('a signer signs as its key does, after its seed is wiped', () => {
  const seed = new Uint8Array(32).fill(1);
  const signer = createSigner(seed);
  seed.fill(0);
  expect(toHex(signer.publicKey)).toBe(toHex(keys.publicKey));
  expect(toHex(signer.sign('d', message))).toBe(toHex(ed25519Sign('d', message, keys.secretKey)));
});

test('every single-bit flip of signature, key or message is refused', () => {
  const signature = ed25519Sign('d', message, keys.secretKey);
  for (const [part, bytes] of [signature, keys.publicKey, message].entries()) {
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const parts = [signature.slice(), keys.publicKey.slice(), message.slice()] as const;
      const target = parts[part] as Uint8Array;
      target[bit >> 3] = (target[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(ed25519Verify('d', parts[2], parts[0], parts[1])).toBe(false);
    }
  }
});

test('signatures and keys of a wrong length are refused, not thrown', () => {
  const signature = ed25519Sign('d', message, keys.secretKey);
  for (const length of [0, 1, 32, 63, 65, 128]) {
    expect(ed25519Verify('d', message, new Uint8Array(length), keys.publicKey)).toBe(false);
    expect(ed25519Verify('d', message, signature, new Uint8Array(length))).toBe(false);
  }
  const longer = concatBytes(signature, Uint8Array.of(0));
  expect(ed25519Verify('d', message, longer, keys.publicKey)).toBe(false);
});

describe('small-order keys', () => {
  /** A signature that a key of order `order` accepts for any message whose challenge the order divides. */
  const forged = concatBytes(encodeY(1n), new Uint8Array(32));

  test('all 8 torsion points in both encodings are named, whatever the sign bit', () => {
    expect(ED25519_TORSION_SUBGROUP.length).toBe(8);
    for (const text of ED25519_TORSION_SUBGROUP) {
      const y = BigInt(`0x${toHex(hex(text).reverse())}`) & (2n ** 255n - 1n);
      for (const encoded of y + P < 2n ** 255n ? [y, y + P] : [y]) {
        for (const sign of [0, 1]) expect(isSmallOrderKey(encodeY(encoded, sign))).toBe(true);
      }
    }
  });

  test('the identity key would accept one signature for every message; strict verification refuses it', () => {
    const identity = encodeY(1n);
    const framed = (text: string) => concatBytes(Uint8Array.of(1), utf8('d'), utf8(text));
    // The bare equation, as noble computes it and as Node.js did before 26.x.
    expect(web.ed25519Verify(framed('pay me'), forged, identity)).toBe(true);
    expect(web.ed25519Verify(framed('pay you'), forged, identity)).toBe(true);
    expect(ed25519Verify('d', utf8('pay me'), forged, identity)).toBe(false);
  });

  test('keys drawn at random are not of small order', () => {
    for (let i = 0; i < 50; i++) {
      const key = ed25519.Point.BASE.multiply(BigInt(i + 1)).toBytes();
      expect(isSmallOrderKey(key)).toBe(false);
      expect(isCanonicalKey(key)).toBe(true);
    }
  });
});

test('the 19 encodings of y at or above p are not canonical, and only those', () => {
  for (let offset = 0n; offset < 19n; offset++) {
    for (const sign of [0, 1]) expect(isCanonicalKey(encodeY(P + offset, sign))).toBe(false);
  }
  for (const y of [0n, 1n, 2n ** 254n, P - 1n, P - 256n]) {
    for (const sign of [0, 1]) expect(isCanonicalKey(encodeY(y, sign))).toBe(true);
  }
  expect(isCanonicalKey(new Uint8Array(31))).toBe(false);
});

test('a caller that gives a key of a wrong length is told the length, never the key', () => {
  const secret = new Uint8Array(31).fill(0xab);
  for (const call of [
    () => ed25519KeyPair(secret),
    () => ed25519Sign('d', message, secret),
    () => createSigner(secret),
  ]) {
    try {
      call();
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: 'CRYPTO_WRONG_LENGTH', facts: { length: 31, wanted: 32 } });
      expect(JSON.stringify(error) + String(error)).not.toMatch(/abab|171/);
    }
  }
});

test('a domain has 1 to 255 bytes', () => {
  const wanted = expect.objectContaining({ code: 'CRYPTO_BAD_DOMAIN' });
  expect(() => ed25519Sign('', message, keys.secretKey)).toThrow(wanted);
  expect(() => ed25519Sign('é'.repeat(128), message, keys.secretKey)).toThrow(wanted);
  expect(ed25519Sign('d'.repeat(255), message, keys.secretKey).length).toBe(64);
});

test('key pairs copy their seed', () => {
  const seed = new Uint8Array(32).fill(3);
  const pair = ed25519KeyPair(seed);
  seed.fill(0);
  expect(pair.secretKey[0]).toBe(3);
});
