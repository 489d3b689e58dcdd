import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createHome, openHome, rotateDeviceKey, systemEntropy } from '../../src/index.ts';
import {
  areKeysClear,
  areKeysProtected,
  protectDeviceKeys,
  readDeviceKeys,
  replaceOperationalKeys,
  unprotectDeviceKeys,
  writeClearKeys,
} from '../../src/keys/device-keys.ts';

const place = mkdtempSync(path.join(tmpdir(), 'murmur-device-keys-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));

const WORDS = 'long enough';
const options = { nowMs: 1, entropy: systemEntropy, cost: { memoryKiB: 64, passes: 1, lanes: 1 } };
const coded = (code: string, message = '') =>
  expect.objectContaining({ code, message: expect.stringContaining(message) });
const files = (folder: string) => readdirSync(folder).sort();

let made = 0;
function fresh() {
  made += 1;
  const folder = path.join(place, `home-${made}`);
  const keys = { root: systemEntropy.bytes(120), operational: [systemEntropy.bytes(32)] };
  writeClearKeys(folder, keys);
  return { folder, keys };
}

/** Carries a change out in a process that is killed before its `step`th change of the disk. */
function dying(what: string, folder: string, step: number) {
  const script = path.join(import.meta.dirname, 'change-and-die.ts');
  const env = { ...process.env, NODE_COMPILE_CACHE: path.join(place, 'compiled') };
  return spawnSync(process.execPath, ['--conditions=murmuration-src', script, what, folder, String(step)], { env });
}

function holdsClear(folder: string, secrets: readonly Uint8Array[]): boolean {
  const found = files(folder).map((file) => readFileSync(path.join(folder, file)));
  return secrets.some((secret) => found.some((bytes) => bytes.includes(secret)));
}

test('protected keys open with their passphrase, leave nothing in clear, and come back into the open', () => {
  const { folder, keys } = fresh();
  expect(holdsClear(folder, [keys.root])).toBe(true);
  protectDeviceKeys(folder, WORDS, options);
  expect(files(folder)).toEqual(['device.keys']);
  expect(statSync(path.join(folder, 'device.keys')).mode & 0o777).toBe(0o600);
  expect(holdsClear(folder, [keys.root, ...keys.operational])).toBe(false);
  expect(readDeviceKeys(folder, WORDS)).toEqual(keys);
  protectDeviceKeys(folder, WORDS, options);
  unprotectDeviceKeys(folder, WORDS);
  expect(files(folder)).toEqual(['operational.key', 'root.key']);
  expect(readDeviceKeys(folder)).toEqual(keys);
});

test('no passphrase, a wrong one, a damaged store and a foreign one are four answers, and change nothing', () => {
  const { folder } = fresh();
  protectDeviceKeys(folder, WORDS, options);
  const store = path.join(folder, 'device.keys');
  const bytes = readFileSync(store);
  expect(() => readDeviceKeys(folder)).toThrow(coded('KEYS_LOCKED', folder));
  expect(() => readDeviceKeys(folder, 'not these words')).toThrow(coded('KEYS_WRONG_PASSPHRASE'));
  expect(() => protectDeviceKeys(folder, 'not these words', options)).toThrow(coded('KEYS_WRONG_PASSPHRASE'));
  expect(() => unprotectDeviceKeys(folder, 'not these words')).toThrow(coded('KEYS_WRONG_PASSPHRASE'));
  expect(readFileSync(store).equals(bytes)).toBe(true);
  bytes[90] = (bytes[90] as number) ^ 1;
  writeFileSync(store, bytes);
  expect(() => readDeviceKeys(folder, WORDS)).toThrow(coded('KEYS_DAMAGED'));
  writeFileSync(store, 'something else');
  expect(() => readDeviceKeys(folder, WORDS)).toThrow(coded('KEYS_FOREIGN'));
  expect(files(folder)).toEqual(['device.keys']);
});

test.each(['protect', 'unprotect'])(
  'kill -9 at any step of %s loses no key, and the next call ends it',
  {
    timeout: 120_000,
  },
  (what) => {
    let kills = 0;
    for (let step = 1; ; step++) {
      const { folder, keys } = fresh();
      if (what === 'unprotect') protectDeviceKeys(folder, WORDS, options);
      const child = dying(what, folder, step);
      if (child.signal === 'SIGKILL') kills += 1;
      const isProtected = areKeysProtected(folder);
      expect(readDeviceKeys(folder, isProtected ? WORDS : undefined)).toEqual(keys);
      // What is read with the passphrase leaves nothing in clear beside the store, drafts included.
      if (isProtected) expect(holdsClear(folder, [keys.root, ...keys.operational])).toBe(false);
      if (what === 'protect') protectDeviceKeys(folder, WORDS, options);
      else unprotectDeviceKeys(folder, WORDS);
      expect([areKeysProtected(folder), areKeysClear(folder)]).toEqual([what === 'protect', what === 'unprotect']);
      if (child.signal === null) {
        expect(child.status, child.stderr.toString()).toBe(0);
        break;
      }
    }
    expect(kills).toBeGreaterThan(6);
  },
);

test('kill -9 at any step of a rotation leaves the key before or the next one, and a home that can go on', {
  timeout: 120_000,
}, () => {
  const epochs: number[] = [];
  for (let step = 1; ; step++) {
    made += 1;
    const folder = path.join(place, `home-${made}`);
    const { identity } = createHome(systemEntropy, { folder, name: 'wren', nowMs: Date.now() });
    protectDeviceKeys(folder, WORDS, options);
    const child = dying('rotate', folder, step);
    const home = openHome(folder, WORDS);
    const { epoch } = home.identity.certificate;
    epochs.push(epoch);
    const known = epoch === 0 ? home.identity.signer : home.earlierSigners[0];
    expect(known?.publicKey).toEqual(identity.signer.publicKey);
    const again = () => rotateDeviceKey(folder, { ...options, nowMs: Date.now(), passphrase: WORDS });
    if (epoch === 0) expect(again()).toMatchObject({ epoch: 1 });
    else expect(again).toThrow(coded('KEYS_ROTATION_UNFINISHED'));
    expect(readDeviceKeys(folder, WORDS).operational).toHaveLength(2);
    if (child.signal === null) {
      expect(child.status, child.stderr.toString()).toBe(0);
      break;
    }
  }
  expect(epochs.length).toBeGreaterThan(6);
  expect([...new Set(epochs)]).toEqual([0, 1]);
});

test('a clear key beside the store that is not the one in it is left for a person to look at', () => {
  const { folder } = fresh();
  protectDeviceKeys(folder, WORDS, options);
  const other = systemEntropy.bytes(120);
  writeFileSync(path.join(folder, 'root.key'), other);
  expect(() => readDeviceKeys(folder, WORDS)).toThrow(coded('HOME_DAMAGED', 'root.key'));
  expect(readFileSync(path.join(folder, 'root.key')).equals(other)).toBe(true);
});

test('a root key that is kept elsewhere is read from its file when it is brought back, and stays out of the store', () => {
  const { folder, keys } = fresh();
  rmSync(path.join(folder, 'root.key'));
  protectDeviceKeys(folder, WORDS, options);
  expect(readDeviceKeys(folder, WORDS)).toEqual({ ...keys, root: undefined });
  writeFileSync(path.join(folder, 'root.key'), keys.root);
  expect(readDeviceKeys(folder, WORDS)).toEqual(keys);
  expect(existsSync(path.join(folder, 'root.key'))).toBe(true);
});

test('operational keys are replaced where they are kept, in clear or under the passphrase', () => {
  const { folder, keys } = fresh();
  const operational = [...keys.operational, systemEntropy.bytes(32)];
  replaceOperationalKeys(folder, operational, options);
  expect(readDeviceKeys(folder)).toEqual({ ...keys, operational });
  protectDeviceKeys(folder, WORDS, options);
  expect(() => replaceOperationalKeys(folder, keys.operational, options)).toThrow(coded('KEYS_LOCKED'));
  replaceOperationalKeys(folder, keys.operational, { ...options, passphrase: WORDS });
  expect(readDeviceKeys(folder, WORDS)).toEqual(keys);
});
