import { concatBytes, toHex, utf8 } from '@murmuration/core';
import { expect, test } from 'vitest';
import { inspectKeyStore, openKeyStore, type StoredKey, sealKeyStore, sha3_256 } from '../../src/index.ts';
import { flips, seededEntropy } from './entropy.ts';

const entropy = seededEntropy('key store');
/** Cheap, for tests of everything but the cost. */
const cost = { memoryKiB: 64, passes: 1, lanes: 1 };
const keys: StoredKey[] = [
  { name: 'device', purpose: 'operational', version: 1, state: 'active', createdMs: 1, secret: entropy.bytes(32) },
  { name: 'data', purpose: 'wrapping', version: 2, state: 'retired', createdMs: 2, secret: entropy.bytes(32) },
];
const file = sealKeyStore('correct horse', keys, entropy, { cost });
const reasonOf = (bytes: Uint8Array, passphrase = 'correct horse') => {
  const opened = openKeyStore(bytes, passphrase);
  return opened.ok ? 'open' : opened.reason;
};

test('a store opens with its passphrase, however its letters are composed, and no two saves are alike', () => {
  expect(openKeyStore(file, 'correct horse')).toEqual({ ok: true, value: keys });
  expect(toHex(sealKeyStore('correct horse', keys, entropy, { cost }))).not.toBe(toHex(file));
  const composed = sealKeyStore('caf\u00e9', keys, entropy, { cost });
  expect(reasonOf(composed, 'cafe\u0301')).toBe('open');
});

test('a wrong passphrase is never called damage', () => {
  for (const wrong of ['', 'correct hors', 'Correct horse', 'correct horse ']) {
    expect(reasonOf(file, wrong)).toBe('wrong-passphrase');
  }
});

test('every flipped bit is damage, told without the passphrase, and never a wrong passphrase', () => {
  for (const { flipped } of flips(file)) expect(reasonOf(flipped, 'any')).toBe('damaged');
  for (const end of [file.length - 1, file.length >> 1, 50]) expect(reasonOf(file.subarray(0, end))).toBe('damaged');
  expect(reasonOf(concatBytes(file, Uint8Array.of(0)))).toBe('damaged');
});

test('files of others, of later versions and of a cost that nobody pays are named as such', () => {
  expect(reasonOf(utf8('-----BEGIN PRIVATE KEY-----'))).toBe('not-a-key-store');
  expect(reasonOf(new Uint8Array(0))).toBe('not-a-key-store');
  const later = file.slice();
  later.set(utf8('murmur keys 2\n'));
  later[20] = (later[20] as number) ^ 1;
  expect(reasonOf(later)).toBe('unsupported-version');
  const dear = withBody(file, (body) => {
    // memoryKiB is the first number of the body: 64 is one byte; 0xce opens four bytes.
    const at = body.indexOf(64);
    return concatBytes(body.subarray(0, at), Uint8Array.of(0xce, 0xff, 0xff, 0xff, 0xff), body.subarray(at + 1));
  });
  expect(reasonOf(dear)).toBe('cost-out-of-range');
});

test('the cost of a store is known without its passphrase, and the default is that of RFC 9106', () => {
  expect(inspectKeyStore(file)).toEqual({ ok: true, value: cost });
  const usual = sealKeyStore('words', [], entropy);
  expect(inspectKeyStore(usual)).toEqual({ ok: true, value: { memoryKiB: 65_536, passes: 3, lanes: 4 } });
  expect(reasonOf(usual, 'words')).toBe('open');
});

test('what could not be read back is never sealed: names, purposes and secrets beyond their bounds, too many keys', () => {
  const [key] = keys as [StoredKey];
  const seal = (given: readonly StoredKey[]) => sealKeyStore('words', given, entropy, { cost });
  const refused = expect.objectContaining({ code: 'KEY_ENTRIES' });
  for (const wrong of [
    { name: 'a'.repeat(65) },
    { purpose: 'b'.repeat(65) },
    { secret: new Uint8Array(64 * 1024 + 1) },
  ]) {
    expect(() => seal([{ ...key, ...wrong }])).toThrow(refused);
  }
  expect(() => seal(Array(1025).fill(key))).toThrow(refused);
  const large = { ...key, secret: new Uint8Array(64 * 1024) };
  expect(() => seal(Array(128).fill(large))).toThrow(refused);
  const most = [{ ...key, name: 'a'.repeat(64), purpose: 'b'.repeat(64) }, ...Array(100).fill(large)];
  expect(openKeyStore(seal(most), 'words')).toMatchObject({ ok: true });
});

/** The file with another body and the digest that fits it. */
function withBody(given: Uint8Array, change: (body: Uint8Array) => Uint8Array): Uint8Array {
  const magic = utf8('murmur keys 1\n');
  const body = change(given.subarray(magic.length + 32));
  return concatBytes(magic, sha3_256(magic, body), body);
}
