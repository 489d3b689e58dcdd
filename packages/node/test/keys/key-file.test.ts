import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, expect, test } from 'vitest';
import {
  addKey,
  backUpKey,
  newKey,
  readKeyFile,
  restoreKey,
  rotateKey,
  systemEntropy,
  writeKeyFile,
} from '../../src/index.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'murmur-keys-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const cost = { memoryKiB: 64, passes: 1, lanes: 1 };
const WORDS = 'long enough';
const coded = (code: string, message = '') =>
  expect.objectContaining({ code, message: expect.stringContaining(message) });
const fresh = (name: string) => {
  const file = path.join(folder, name);
  const keys = addKey([], { name: 'records', purpose: 'wrapping', nowMs: 1, secret: newKey(systemEntropy) });
  writeKeyFile(file, WORDS, keys, systemEntropy, { cost, fresh: true });
  return { file, keys };
};

test('a store is read back, belongs to its owner only, and is never overwritten by a new one', () => {
  const { file, keys } = fresh('whole.keys');
  expect(readKeyFile(file, WORDS).keys).toEqual(keys);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(() => writeKeyFile(file, WORDS, [], systemEntropy, { cost, fresh: true })).toThrow(coded('KEYS_EXIST'));
  expect(readKeyFile(file, WORDS).keys).toEqual(keys);
});

test('a wrong passphrase, a damaged file, a foreign file and a missing one are four answers', () => {
  const { file } = fresh('answers.keys');
  expect(() => readKeyFile(file, 'another one')).toThrow(coded('KEYS_WRONG_PASSPHRASE', 'whole'));
  const bytes = readFileSync(file);
  bytes[100] = (bytes[100] as number) ^ 4;
  writeFileSync(file, bytes);
  expect(() => readKeyFile(file, WORDS)).toThrow(coded('KEYS_DAMAGED', 'whatever the passphrase'));
  writeFileSync(file, 'hello');
  expect(() => readKeyFile(file, WORDS)).toThrow(coded('KEYS_FOREIGN'));
  expect(() => readKeyFile(path.join(folder, 'none'), WORDS)).toThrow(coded('KEYS_MISSING'));
});

test('a name that a terminal would not show as it is, or that no store keeps, is refused', () => {
  const add = (name: string, purpose = 'wrapping') =>
    addKey([], { name, purpose, nowMs: 1, secret: newKey(systemEntropy) });
  for (const name of ['', '-x', 'a b', '../x', 'a\x1b[31m', 'ü', 'a'.repeat(65)]) {
    expect(() => add(name)).toThrow(coded('KEYS_NAME', 'no name'));
    expect(() => add('records', name)).toThrow(coded('KEYS_NAME', 'no name'));
  }
  expect(add('a'.repeat(64))).toHaveLength(1);
});

test('a folder is no key store, and nobody is told to change its rights', () => {
  expect(() => readKeyFile(folder, WORDS)).toThrow(coded('KEYS_FOREIGN', 'no file'));
});

test('a file that others may read is refused', () => {
  const { file } = fresh('open.keys');
  chmodSync(file, 0o640);
  expect(() => readKeyFile(file, WORDS)).toThrow(coded('KEYS_READABLE', '640'));
});

test('a save that cannot be made leaves the old file and no draft', () => {
  const place = path.join(folder, 'blocked');
  mkdirSync(place);
  const { keys } = fresh('blocked/store.keys');
  const file = path.join(place, 'store.keys');
  mkdirSync(`${file}.new`); // stands where the draft goes
  writeFileSync(path.join(`${file}.new`, 'x'), '');
  expect(() => writeKeyFile(file, WORDS, [], systemEntropy, { cost })).toThrow(coded('KEYS_FAILED'));
  rmSync(`${file}.new`, { recursive: true, force: true });
  expect(readKeyFile(file, WORDS).keys).toEqual(keys);
  expect(readdirSync(place)).toEqual(['store.keys']);
});

test('a place where nothing can be written is a coded error', () => {
  const { file } = fresh('file.keys');
  const inside = path.join(file, 'x.keys');
  expect(() => writeKeyFile(inside, WORDS, [], systemEntropy, { cost })).toThrow(coded('KEYS_FAILED', 'x.keys'));
});

test('kill -9 during a save leaves the old store or the new one', { timeout: 60_000 }, async () => {
  const { file } = fresh('killed.keys');
  for (let round = 0; round < 4; round++) {
    const script = path.join(import.meta.dirname, 'save-again.ts');
    const child = spawn(process.execPath, ['--conditions=murmuration-src', script, file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let told = 0;
    for await (const line of createInterface(child.stdout)) {
      told = Number(line);
      if (told % 5 === round) break;
    }
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
    expect(readKeyFile(file, WORDS).keys.at(-1)?.version).toBeGreaterThanOrEqual(told);
  }
});

test('a rotated key keeps its old version for opening, and names that are none are answered with those that are', () => {
  const keys = addKey([], { name: 'records', purpose: 'wrapping', nowMs: 1, secret: newKey(systemEntropy) });
  const rotated = rotateKey(keys, 'records', 2, systemEntropy);
  expect(rotated.map(({ version, state }) => [version, state])).toEqual([
    [1, 'retired'],
    [2, 'active'],
  ]);
  expect(() => rotateKey(keys, 'recrods', 2, systemEntropy)).toThrow(coded('KEYS_NAME', 'recrods'));
  expect(() => addKey(keys, { name: 'records', purpose: 'x', nowMs: 1, secret: newKey(systemEntropy) })).toThrow(
    coded('KEYS_NAME', 'already'),
  );
});

test('a key comes back from the shares of three of five holders, and a bad share is named', () => {
  const keys = addKey([], { name: 'records', purpose: 'wrapping', nowMs: 1, secret: newKey(systemEntropy) });
  const shares = backUpKey(keys, 'records', { threshold: 3, holders: 5 }, systemEntropy);
  expect(restoreKey([shares[4], shares[0], shares[2]] as Uint8Array[])).toEqual(keys[0]?.secret);
  expect(() => restoreKey(shares.slice(0, 2))).toThrow(coded('KEYS_SHARES', '2 of 3'));
  const bad = (shares[1] as Uint8Array).slice();
  bad[40] = (bad[40] as number) ^ 1;
  expect(() => restoreKey([shares[0], bad, shares[2]] as Uint8Array[])).toThrow(coded('KEYS_SHARES', 'document 2'));
});
