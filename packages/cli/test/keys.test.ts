import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';

const MAIN = path.join(import.meta.dirname, '../src/main.ts');
const folder = mkdtempSync(path.join(tmpdir(), 'murmur-keys-cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const words = path.join(folder, 'words');
writeFileSync(words, 'several good words\n');
writeFileSync(path.join(folder, 'other'), 'something else entirely\n');

function murmur(...args: string[]) {
  const done = spawnSync(process.execPath, ['--conditions=murmuration-src', MAIN, 'keys', ...args], {
    cwd: folder,
    encoding: 'utf8',
    input: '',
    env: { ...process.env, NO_COLOR: '1', MURMUR_PASSPHRASE_FILE: words },
  });
  return { code: done.status, out: done.stdout, err: done.stderr };
}

test('a key is made, rotated, backed up, lost and restored', { timeout: 120_000 }, () => {
  expect(murmur('new').out).toContain('made .murmuration/keys.murmur');
  expect(murmur('new').err).toContain('KEYS_EXIST');
  expect(murmur('add', 'records').out).toContain('records');
  const rotated = JSON.parse(murmur('rotate', 'records', '--json').out);
  expect(rotated.keys.map((key: { state: string }) => key.state)).toEqual(['retired', 'active']);
  expect(JSON.stringify(rotated)).not.toContain('secret');

  expect(murmur('backup', 'records', '--threshold', '2', '--holders', '3', '--out', 'shares').code).toBe(0);
  const again = murmur('backup', 'records', '--threshold', '2', '--holders', '3', '--out', 'shares');
  expect([again.code, again.err]).toEqual([5, expect.stringContaining('there already is a share shares/share-1')]);
  expect(murmur('backup', 'records', '--threshold', '4', '--holders', '3', '--out', 'none').code).toBe(2);
  expect(murmur('new', '--file', 'second').code).toBe(0);
  const one = murmur('restore', 'records', 'shares/share-1', '--file', 'second');
  expect([one.code, one.err]).toEqual([4, expect.stringContaining('1 of 2')]);
  expect(murmur('restore', 'records', 'shares/share-1', 'shares/share-3', '--file', 'second').out).toContain('active');
});

test('a name that no store keeps is refused, and the store stays whole', { timeout: 120_000 }, () => {
  expect(murmur('new', '--file', 'names').code).toBe(0);
  for (const name of ['a'.repeat(300), '\x1b[31mred', 'a b']) {
    const refused = murmur('add', name, '--file', 'names');
    expect([refused.code, refused.err]).toEqual([2, expect.stringContaining('KEYS_NAME')]);
    expect(refused.err).not.toContain('\x1b');
  }
  expect(murmur('list', '--file', 'names').out).toContain('no keys');
});

test('passphrases are changed, refused and never taken where there is nobody to type them', {
  timeout: 120_000,
}, () => {
  expect(murmur('new', '--file', 'third').code).toBe(0);
  expect(murmur('passphrase', '--file', 'third', '--new-passphrase-file', 'other').code).toBe(0);
  const wrong = murmur('list', '--file', 'third');
  expect(wrong.code).toBe(4);
  expect(wrong.err).toContain('KEYS_WRONG_PASSPHRASE');
  expect(murmur('list', '--file', 'third', '--passphrase-file', 'other').out).toContain('no keys');
  const nobody = murmur('passphrase', '--file', 'third', '--passphrase-file', 'other');
  expect(nobody.err).toContain('KEYS_PASSPHRASE');
  writeFileSync(path.join(folder, 'short'), 'abc\n');
  expect(murmur('new', '--file', 'fourth', '--passphrase-file', 'short').err).toContain('too short');
  writeFileSync(path.join(folder, 'binary'), new Uint8Array(32).fill(0xff));
  expect(murmur('new', '--file', 'fourth', '--passphrase-file', 'binary').err).toContain('no UTF-8 text');
  writeFileSync(path.join(folder, 'large'), 'x'.repeat(10_000));
  expect(murmur('new', '--file', 'fourth', '--passphrase-file', 'large').err).toContain('longer than 4096 bytes');
});
