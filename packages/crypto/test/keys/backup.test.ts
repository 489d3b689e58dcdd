import { toHex } from '@murmuration/core';
import { expect, test } from 'vitest';
import { backUpSecret, readBackupShare, restoreSecret } from '../../src/index.ts';
import { flips, seededEntropy } from './entropy.ts';

const entropy = seededEntropy('backup');
const secret = entropy.bytes(32);
const PLAN = { threshold: 3, holders: 5 };

test('every three of five documents give the secret back, in any order, and no two do', () => {
  const documents = backUpSecret(secret, PLAN, entropy);
  for (let subset = 0; subset < 32; subset++) {
    const chosen = documents.filter((_, i) => (subset >> i) & 1).reverse();
    const restored = restoreSecret(chosen);
    if (chosen.length >= 3) expect(restored.ok && toHex(restored.value)).toBe(toHex(secret));
    else expect(restored).toMatchObject({ ok: false, reason: 'too-few-shares', detail: expect.any(String) });
  }
});

test('every flipped bit and every cut of a document is damage, and is named', () => {
  const documents = backUpSecret(secret, PLAN, entropy);
  const [first, second, third] = documents as [Uint8Array, Uint8Array, Uint8Array];
  for (const { flipped } of flips(second)) {
    expect(restoreSecret([first, flipped, third])).toMatchObject({ ok: false, reason: 'damaged-share' });
  }
  expect(restoreSecret([first, second.subarray(1), third])).toMatchObject({
    detail: expect.stringContaining('document 2'),
  });
});

test('documents of another backup, twice the same and forged shares are told apart', () => {
  const documents = backUpSecret(secret, PLAN, entropy);
  const other = backUpSecret(secret, PLAN, entropy);
  const [first, second] = documents as [Uint8Array, Uint8Array];
  expect(restoreSecret([first, second, other[2] as Uint8Array])).toMatchObject({ ok: false, reason: 'other-set' });
  expect(restoreSecret([first, second, second])).toMatchObject({ ok: false, reason: 'repeated-share' });
  const read = readBackupShare(first);
  expect(read.ok && [read.value.threshold, read.value.holder, read.value.digests.length]).toEqual([3, 1, 5]);
  expect(restoreSecret([])).toMatchObject({ ok: false, reason: 'too-few-shares' });
});

test('plans that are none are refused', () => {
  const range = expect.objectContaining({ code: 'OPTION_OUT_OF_RANGE' });
  expect(() => backUpSecret(secret, { threshold: 6, holders: 5 }, entropy)).toThrow(range);
  expect(() => backUpSecret(secret, { threshold: 1, holders: 256 }, entropy)).toThrow(range);
});
