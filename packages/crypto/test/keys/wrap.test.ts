import { toHex, utf8 } from '@murmuration/core';
import { describe, expect, test } from 'vitest';
import { kemKeyPair, unwrapKey, unwrapKeyFor, wrapKey, wrapKeyFor } from '../../src/index.ts';
import { flips, seededEntropy } from './entropy.ts';

const entropy = seededEntropy('wrap');
const key = entropy.bytes(32);
const context = utf8('data key of set 7');

describe('under a symmetric key', () => {
  const wrapping = entropy.bytes(32);

  test('a wrapped key opens under the same key and context, and no two wraps are alike', () => {
    const [first, second] = [wrapKey(wrapping, key, context, entropy), wrapKey(wrapping, key, context, entropy)];
    expect(toHex(first)).not.toBe(toHex(second));
    for (const wrapped of [first, second]) {
      const opened = unwrapKey(wrapping, wrapped, context);
      expect(opened.ok && toHex(opened.value)).toBe(toHex(key));
    }
  });

  test('another key, another context and every flipped bit are refused', () => {
    const wrapped = wrapKey(wrapping, key, context, entropy);
    expect(unwrapKey(entropy.bytes(32), wrapped, context)).toMatchObject({ ok: false, reason: 'does-not-open' });
    expect(unwrapKey(wrapping, wrapped, utf8('another'))).toMatchObject({ ok: false, reason: 'does-not-open' });
    for (const { flipped } of flips(wrapped)) expect(unwrapKey(wrapping, flipped, context).ok).toBe(false);
    for (let end = 0; end < wrapped.length; end++) {
      expect(unwrapKey(wrapping, wrapped.subarray(0, end), context).ok).toBe(false);
    }
  });

  test('keys of a wrong length are the caller’s fault', () => {
    const wrong = expect.objectContaining({ code: 'CRYPTO_WRONG_LENGTH' });
    expect(() => wrapKey(new Uint8Array(16), key, context, entropy)).toThrow(wrong);
    const range = expect.objectContaining({ code: 'OPTION_OUT_OF_RANGE' });
    expect(() => wrapKey(wrapping, new Uint8Array(0), context, entropy)).toThrow(range);
  });
});

describe('for the holder of a hybrid key', () => {
  const holder = kemKeyPair(entropy.bytes(96));
  const stranger = kemKeyPair(entropy.bytes(96));

  test('only the holder opens it, in its context, and only whole', () => {
    const made = wrapKeyFor(holder.publicKey, key, context, entropy);
    if (!made.ok) throw new Error(made.reason);
    const opened = unwrapKeyFor(holder, made.value, context);
    expect(opened.ok && toHex(opened.value)).toBe(toHex(key));
    expect(unwrapKeyFor(stranger, made.value, context)).toMatchObject({ ok: false, reason: 'does-not-open' });
    expect(unwrapKeyFor(holder, made.value, utf8('other'))).toMatchObject({ ok: false, reason: 'does-not-open' });
    for (const { bit, flipped } of flips(made.value)) {
      if (bit % 37 === 0) expect(unwrapKeyFor(holder, flipped, context).ok).toBe(false);
    }
  });

  test('a key with either half broken gives nothing', () => {
    const made = wrapKeyFor(holder.publicKey, key, context, entropy);
    if (!made.ok) throw new Error(made.reason);
    const half = (from: number, to: number) => {
      const secretKey = holder.secretKey.slice();
      secretKey.set(stranger.secretKey.subarray(from, to), from);
      return unwrapKeyFor({ ...holder, secretKey }, made.value, context);
    };
    expect(half(0, 32).ok).toBe(false);
    expect(half(32, 96).ok).toBe(false);
    expect(wrapKeyFor(new Uint8Array(5), key, context, entropy)).toMatchObject({ ok: false, reason: 'malformed-key' });
  });
});
