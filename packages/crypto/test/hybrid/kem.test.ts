import { concatBytes, seededRandom, toHex, utf8 } from '@murmuration/core';
import { expect, test } from 'vitest';
import { aeadOpen, aeadSeal } from '../../src/aead/chacha20-poly1305.ts';
import {
  type Encapsulated,
  KEM_CIPHERTEXT_BYTES,
  KEM_PUBLIC_KEY_BYTES,
  kemDecapsulate,
  kemEncapsulate,
  kemKeyPair,
} from '../../src/hybrid/kem.ts';

const CONTEXT = utf8('murmur/test/1 alice bob');

function fill(seed: string, length: number): Uint8Array {
  const random = seededRandom(seed);
  return Uint8Array.from({ length }, () => random.below(256));
}

const KEYS = kemKeyPair(fill('keys', 96));
const COINS = { x25519: fill('ephemeral', 32), mlKem768: fill('coins', 32) };

function made(publicKey = KEYS.publicKey, context = CONTEXT, coins: Parameters<typeof kemEncapsulate>[2] = COINS) {
  const result = kemEncapsulate(publicKey, context, coins);
  if (!result.ok) throw new Error(result.reason);
  return result.value;
}

function opened(ciphertext: Uint8Array, keys = KEYS, context = CONTEXT): string {
  const result = kemDecapsulate(keys, ciphertext, context);
  return result.ok ? toHex(result.value) : result.reason;
}

test('both sides share one secret of 32 bytes', () => {
  const { ciphertext, shared } = made();
  expect([ciphertext.length, shared.length]).toEqual([KEM_CIPHERTEXT_BYTES, 32]);
  expect(KEYS.publicKey.length).toBe(KEM_PUBLIC_KEY_BYTES);
  expect(opened(ciphertext)).toBe(toHex(shared));
});

test('with coins an encapsulation replays; without, the platform draws its own and the secret still agrees', () => {
  expect(toHex(made().ciphertext)).toBe(toHex(made().ciphertext));
  const [a, b] = [0, 1].map(() => made(KEYS.publicKey, CONTEXT, { x25519: COINS.x25519 })) as [
    Encapsulated,
    Encapsulated,
  ];
  expect(toHex(a.shared)).not.toBe(toHex(b.shared));
  expect(opened(a.ciphertext)).toBe(toHex(a.shared));
});

test('who knows one half of the secret key alone gets another secret', () => {
  const { ciphertext, shared } = made();
  const other = kemKeyPair(fill('other', 96));
  const onlyClassical = concatBytes(KEYS.secretKey.subarray(0, 32), other.secretKey.subarray(32));
  const onlyQuantum = concatBytes(other.secretKey.subarray(0, 32), KEYS.secretKey.subarray(32));
  for (const secretKey of [onlyClassical, onlyQuantum]) {
    expect(opened(ciphertext, { publicKey: KEYS.publicKey, secretKey })).not.toBe(toHex(shared));
  }
});

test('a flipped bit in either half of the ciphertext, another context and another recipient give another secret', () => {
  const { ciphertext, shared } = made();
  for (const at of [0, 17, 31, 32, 500, KEM_CIPHERTEXT_BYTES - 1]) {
    const damaged = ciphertext.slice();
    damaged[at] = (damaged[at] as number) ^ 4;
    expect([at, opened(damaged)]).not.toEqual([at, toHex(shared)]);
  }
  expect(opened(ciphertext, KEYS, utf8('murmur/test/1 alice carol'))).not.toBe(toHex(shared));
  const twin = { publicKey: kemKeyPair(fill('twin', 96)).publicKey, secretKey: KEYS.secretKey };
  expect(opened(ciphertext, twin)).not.toBe(toHex(shared));
});

test('what is sealed with a secret opens with the same, and not with that of a damaged ciphertext', () => {
  const { ciphertext, shared } = made();
  const nonce = new Uint8Array(12);
  const sealed = aeadSeal(shared, nonce, utf8('share 7'), CONTEXT);
  const damaged = ciphertext.slice();
  damaged[40] = (damaged[40] as number) ^ 1;
  const right = kemDecapsulate(KEYS, ciphertext, CONTEXT);
  const wrong = kemDecapsulate(KEYS, damaged, CONTEXT);
  if (!right.ok || !wrong.ok) throw new Error('refused');
  expect(aeadOpen(right.value, nonce, sealed, CONTEXT)).toEqual(utf8('share 7'));
  expect(aeadOpen(wrong.value, nonce, sealed, CONTEXT)).toBeUndefined();
});

test('malformed keys and ciphertexts are returned reasons', () => {
  const smallOrder = KEYS.publicKey.slice().fill(0, 0, 32);
  const notReduced = KEYS.publicKey.slice().fill(0xff, 32, 32 + 1152);
  const refusedFor = (key: Uint8Array, coins = COINS) => kemEncapsulate(key, CONTEXT, coins);
  expect(refusedFor(smallOrder)).toMatchObject({ ok: false, reason: 'small-order-point' });
  expect(refusedFor(notReduced)).toMatchObject({ ok: false, reason: 'malformed-key' });
  expect(kemEncapsulate(notReduced, CONTEXT, { x25519: COINS.x25519 })).toMatchObject({ reason: 'malformed-key' });
  for (const length of [0, 1215, 1217])
    expect(refusedFor(new Uint8Array(length))).toMatchObject({ reason: 'malformed-key' });
  const { ciphertext } = made();
  expect(opened(ciphertext.slice().fill(0, 0, 32))).toBe('small-order-point');
  expect(opened(ciphertext.subarray(1))).toBe('malformed-ciphertext');
  expect(opened(concatBytes(ciphertext, Uint8Array.of(0)))).toBe('malformed-ciphertext');
});

test('own keys and coins of the wrong length are CRYPTO_WRONG_LENGTH', () => {
  const wrong = expect.objectContaining({ code: 'CRYPTO_WRONG_LENGTH' });
  expect(() => kemKeyPair(new Uint8Array(95))).toThrow(wrong);
  expect(() => kemEncapsulate(KEYS.publicKey, CONTEXT, { x25519: new Uint8Array(31) })).toThrow(wrong);
  expect(() => kemEncapsulate(KEYS.publicKey, CONTEXT, { ...COINS, mlKem768: new Uint8Array(31) })).toThrow(wrong);
  expect(() => kemDecapsulate({ ...KEYS, secretKey: new Uint8Array(32) }, made().ciphertext, CONTEXT)).toThrow(wrong);
});
