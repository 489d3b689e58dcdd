import { spawnSync } from 'node:child_process';
import { closeSync, cpSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createHome, systemEntropy } from '@murmuration/node';
import { afterAll, expect, test } from 'vitest';

const MAIN = path.join(import.meta.dirname, '../src/main.ts');
const folder = mkdtempSync(path.join(tmpdir(), 'murmur-device-keys-cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const words = path.join(folder, 'words');
writeFileSync(words, 'several good words\n');
const wrong = path.join(folder, 'wrong');
writeFileSync(wrong, 'something else entirely\n');

const home = path.join(folder, 'lark');
const { identity } = createHome(systemEntropy, { folder: home, name: 'lark', nowMs: Date.now() });
const { CREDENTIALS_DIRECTORY: _, MURMUR_PASSPHRASE_FILE: __, ...environment } = process.env;
const env = { ...environment, NO_COLOR: '1', NODE_COMPILE_CACHE: path.join(folder, 'compiled') };

function murmur(args: readonly string[], more: NodeJS.ProcessEnv = {}) {
  const given = ['--conditions=murmuration-src', MAIN, ...args];
  const done = spawnSync(process.execPath, given, {
    cwd: folder,
    encoding: 'utf8',
    input: '',
    env: { ...env, ...more },
  });
  return { code: done.status, out: done.stdout, err: done.stderr };
}
const keys = (command: string, ...args: string[]) => murmur(['keys', command, '--home', home, ...args]);
const doctor = () => {
  const { checks } = JSON.parse(murmur(['doctor', '--home', home, '--json']).out);
  return checks.filter(({ name }: { name: string }) => name === 'keys' || name === 'certificate');
};

test('keys of a device are protected, checked, given another passphrase, rotated, and come back into the open', {
  timeout: 240_000,
}, () => {
  expect(doctor()).toMatchObject([
    { state: 'warning', advice: `run: murmur keys protect --home ${home}` },
    { state: 'ok', found: expect.stringContaining('key of epoch 0') },
  ]);
  expect(keys('protect').err).toContain('KEYS_PASSPHRASE');
  const root = readFileSync(path.join(home, 'root.key'));
  expect(keys('protect', '--passphrase-file', words).out).toContain('overwritten and gone');
  const files = readdirSync(home).map((file) => readFileSync(path.join(home, file)));
  expect(files.some((bytes) => bytes.includes(root.subarray(25, 45)))).toBe(false);
  const next = keys('passphrase', '--passphrase-file', words, '--new-passphrase-file', wrong);
  expect(next.out).toContain('device.keys now opens');
  expect(keys('rotate-device', '--passphrase-file', words).err).toContain('KEYS_WRONG_PASSPHRASE');
  expect(keys('rotate-device', '--passphrase-file', wrong).out).toContain('epoch 1');
  expect(doctor()).toMatchObject([
    { state: 'ok', found: expect.stringContaining('under a passphrase') },
    { state: 'ok', found: expect.stringContaining('key of epoch 1') },
  ]);

  const shares = path.join(folder, 'shares');
  const plan = ['--threshold', '2', '--holders', '3', '--out', shares, '--passphrase-file', wrong];
  expect(keys('backup-device', ...plan).code).toBe(0);
  const again = path.join(folder, 'again');
  const share = (i: number) => path.join(shares, `share-${i}`);
  expect(murmur(['keys', 'restore-device', '--home', again, share(1)]).err).toContain('1 of 2');
  expect(murmur(['keys', 'restore-device', '--home', again, share(3), share(1)]).out).toContain(identity.device);
  expect(unprotectThroughDescriptor(wrong)).toContain('clear files');
  expect(readFileSync(path.join(home, 'root.key')).equals(root)).toBe(true);
  expect(readFileSync(path.join(again, 'root.key')).equals(root)).toBe(true);
});

/** The passphrase as the first line of descriptor 3. */
function unprotectThroughDescriptor(file: string): string {
  const descriptor = openSync(file, 'r');
  const stdio = ['ignore' as const, 'pipe' as const, 'inherit' as const, descriptor];
  const unprotect = ['keys', 'unprotect', '--home', home, '--passphrase-file', '/dev/fd/3'];
  const done = spawnSync(process.execPath, ['--conditions=murmuration-src', MAIN, ...unprotect], { env, stdio });
  closeSync(descriptor);
  return done.stdout.toString();
}

test('a device on protected keys starts with a systemd credential, and not without one or a terminal', {
  timeout: 240_000,
}, () => {
  const other = path.join(folder, 'wren');
  createHome(systemEntropy, { folder: other, name: 'wren', nowMs: Date.now() });
  expect(murmur(['keys', 'protect', '--home', other, '--passphrase-file', words]).code).toBe(0);
  const credentials = mkdtempSync(path.join(folder, 'credentials-'));
  cpSync(words, path.join(credentials, 'murmur-passphrase'));
  expect(murmur(['node', '--home', other]).err).toContain('KEYS_PASSPHRASE');
  // It has its keys, and then nobody whose swarm it could join.
  expect(murmur(['node', '--home', other], { CREDENTIALS_DIRECTORY: credentials }).err).toContain('JOIN_FAILED');
});
