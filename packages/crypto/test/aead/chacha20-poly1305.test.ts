import { concatBytes, toHex, utf8 } from '@murmuration/core';
import { expect, test } from 'vitest';
import { AEAD_TAG_BYTES, aeadOpen, aeadSeal } from '../../src/index.ts';

const key = new Uint8Array(32).fill(1);
const nonce = new Uint8Array(12).fill(2);
const plaintext = utf8('a masked update');
const associated = utf8('round 7');
const sealed = aeadSeal(key, nonce, plaintext, associated);

test('what is sealed opens under the same key, nonce and associated data', () => {
  expect(sealed.length).toBe(plaintext.length + AEAD_TAG_BYTES);
  expect(toHex(aeadOpen(key, nonce, sealed, associated) as Uint8Array)).toBe(toHex(plaintext));
  expect(aeadOpen(key, nonce, aeadSeal(key, nonce, new Uint8Array(0)))).toEqual(new Uint8Array(0));
});

test('every single-bit flip of ciphertext, tag, key, nonce or associated data is refused', () => {
  const given = [key, nonce, sealed, associated];
  for (const [part, bytes] of given.entries()) {
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = given.map((one) => one.slice()) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
      const target = changed[part] as Uint8Array;
      target[bit >> 3] = (target[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(aeadOpen(...changed)).toBeUndefined();
    }
  }
});

test('every truncation and every extension is refused', () => {
  for (let length = 0; length < sealed.length; length++) {
    expect(aeadOpen(key, nonce, sealed.subarray(0, length), associated)).toBeUndefined();
  }
  expect(aeadOpen(key, nonce, concatBytes(sealed, Uint8Array.of(0)), associated)).toBeUndefined();
  expect(aeadOpen(key, nonce, sealed)).toBeUndefined();
});

test('a key or nonce of a wrong length is the caller’s fault', () => {
  const wanted = expect.objectContaining({ code: 'CRYPTO_WRONG_LENGTH' });
  for (const length of [0, 16, 31, 33]) {
    expect(() => aeadSeal(new Uint8Array(length), nonce, plaintext)).toThrow(wanted);
    expect(() => aeadOpen(key, new Uint8Array(length), sealed)).toThrow(wanted);
  }
});
