import { seededRandom, toHex } from '@murmuration/core';
import { aesCtrKeystream } from '@murmuration/crypto';
import { expect, test } from 'vitest';
import { applyMask, applyMasks, type SeededMask } from '../../src/secure-aggregation/index.ts';

const random = seededRandom('masks');
const seedBytes = () => Uint8Array.from({ length: 32 }, () => random.uint32() & 255);

function maskOf(seed: Uint8Array, length = 8): string {
  const words = new Int32Array(length);
  applyMask(words, seed, 1);
  return toHex(new Uint8Array(words.buffer));
}

/** What a weak generator does: the seed is folded by exclusive or to 32 bits before it is expanded. */
function foldedMask(seed: Uint8Array): string {
  const fold = new Uint8Array(4);
  for (const [i, byte] of seed.entries()) fold[i & 3] = (fold[i & 3] as number) ^ byte;
  return maskOfFold(fold);
}

function maskOfFold(fold: Uint8Array): string {
  const key = new Uint8Array(32);
  key.set(fold);
  return maskOf(key, 2);
}

test('a mask is the keystream, across every boundary of the chunks it is made in', () => {
  const seed = seedBytes();
  const length = 2 ** 16 + 21;
  const words = new Int32Array(length);
  applyMask(words, seed, 1);
  const stream = aesCtrKeystream(seed, new Uint8Array(16), 4 * length);
  expect(toHex(new Uint8Array(words.buffer))).toBe(toHex(stream));
  applyMask(words, seed, -1);
  expect(words.every((word) => word === 0)).toBe(true);
});

test('many masks at once are what the simple loop gives, bit for bit, across every boundary of parts and batches', () => {
  const length = 2 ** 14 + 21;
  const masks = Array.from({ length: 130 }, (_, i): SeededMask => ({ seed: seedBytes(), sign: i % 3 === 0 ? -1 : 1 }));
  const words = Int32Array.from({ length }, () => random.uint32() | 0);
  const wanted = words.slice();
  for (const { seed, sign } of masks) {
    const mask = new Int32Array(aesCtrKeystream(seed, new Uint8Array(16), 4 * length).buffer);
    for (let i = 0; i < length; i++) wanted[i] = ((wanted[i] as number) + sign * (mask[i] as number)) | 0;
  }
  applyMasks(words, masks);
  expect(toHex(new Uint8Array(words.buffer))).toBe(toHex(new Uint8Array(wanted.buffer)));
});

test('a seed of another length is refused', () => {
  const masks: SeededMask[] = [{ seed: new Uint8Array(16), sign: 1 }];
  expect(() => applyMasks(new Int32Array(4), masks)).toThrow(expect.objectContaining({ code: 'CRYPTO_WRONG_LENGTH' }));
});

test('every one of the 256 bits of a seed changes the mask', () => {
  const seed = seedBytes();
  const masks = new Set([maskOf(seed)]);
  for (let bit = 0; bit < 256; bit++) {
    const other = seed.slice();
    other[bit >> 3] = (other[bit >> 3] as number) ^ (1 << (bit & 7));
    masks.add(maskOf(other));
  }
  expect(masks.size).toBe(257);
});

test('a seed folded to 32 bits is found by trying, ours has no such form: positive control', () => {
  const secret = seedBytes();
  // 19 of the 32 bits are given, so that the search ends within a test; all of them take 2^19 times as long: hours.
  const fold = new Uint8Array(4);
  for (const [i, byte] of secret.entries()) fold[i & 3] = (fold[i & 3] as number) ^ byte;
  const search = (wanted: string) => {
    for (let guess = 0; guess < 2 ** 13; guess++) {
      const candidate = Uint8Array.of(guess & 255, ((fold[1] as number) & 0xe0) | (guess >> 8), ...fold.subarray(2));
      if (maskOfFold(candidate) === wanted) return guess;
    }
    return undefined;
  };
  expect(search(foldedMask(secret))).toBe((fold[0] as number) + 256 * ((fold[1] as number) & 0x1f));
  expect(search(maskOf(secret, 2))).toBeUndefined();

  // Two seeds of one fold: one mask for the weak generator, two for ours.
  const twin = secret.slice();
  twin[0] = (twin[0] as number) ^ 0x5a;
  twin[28] = (twin[28] as number) ^ 0x5a;
  expect(foldedMask(twin)).toBe(foldedMask(secret));
  expect(maskOf(twin)).not.toBe(maskOf(secret));
});
