import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { encodeGenesis } from '@murmuration/ledger';
import { afterAll, expect, test } from 'vitest';
import { createHome, joinSwarm, openHome } from '../../src/adapters/home.ts';
import {
  backUpDevice,
  protectHome,
  restoreDevice,
  rotateDeviceKey,
  startDevice,
  systemEntropy,
} from '../../src/index.ts';

const place = mkdtempSync(path.join(tmpdir(), 'murmur-device-backup-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));

const WORDS = 'long enough';
const options = { nowMs: Date.now(), entropy: systemEntropy, cost: { memoryKiB: 64, passes: 1, lanes: 1 } };
const plan = { threshold: 3, holders: 5 };
const coded = (code: string, message = '') =>
  expect.objectContaining({ code, message: expect.stringContaining(message) });
const fresh = (name: string) => createHome(systemEntropy, { folder: path.join(place, name), name, nowMs: Date.now() });
const pick = (documents: readonly Uint8Array[], ...at: number[]) => at.map((i) => documents[i] as Uint8Array);

test('any three of five holders give the device back in a fresh home, which can rotate: protected or not', () => {
  const home = fresh('lark');
  rotateDeviceKey(home.folder, options);
  const rotated = openHome(home.folder);
  protectHome(home.folder, WORDS, options);
  expect(() => backUpDevice(home.folder, plan, options)).toThrow(coded('KEYS_LOCKED'));
  const documents = backUpDevice(home.folder, plan, { ...options, passphrase: WORDS });
  const again = path.join(place, 'again');
  expect(restoreDevice(again, pick(documents, 4, 0, 2))).toBe(home.identity.device);
  const restored = openHome(again);
  expect(restored.name).toBe('lark');
  expect(restored.identity.secretKey).toEqual(rotated.identity.secretKey);
  expect(restored.earlierSigners.map(({ publicKey }) => publicKey)).toEqual([home.identity.signer.publicKey]);
  for (const file of ['root.key', 'operational.key']) expect(statSync(path.join(again, file)).mode & 0o777).toBe(0o600);
  expect(() => restoreDevice(again, documents)).toThrow(coded('HOME_EXISTS'));
});

test('no document of a backup holds any part of the keys in clear', () => {
  const home = fresh('wren');
  const root = readFileSync(path.join(home.folder, 'root.key'));
  const seeds = [root.subarray(25, 57), root.subarray(60, 92), home.identity.secretKey];
  for (const document of backUpDevice(home.folder, plan, options)) {
    for (const seed of seeds) expect(Buffer.from(document).includes(seed.subarray(0, 12))).toBe(false);
  }
});

test('too few shares, repeated, mixed, damaged and foreign ones are named, and make no home', () => {
  const [lark, robin] = [fresh('lark-2'), fresh('robin')];
  const documents = backUpDevice(lark.folder, plan, options);
  const later = backUpDevice(lark.folder, plan, options);
  const others = backUpDevice(robin.folder, plan, options);
  const target = path.join(place, 'nowhere');
  const damaged = (documents[1] as Uint8Array).slice();
  damaged[120] = (damaged[120] as number) ^ 1;
  const cases: [string, readonly Uint8Array[]][] = [
    ['too-few-shares, 2 of 3', pick(documents, 0, 1)],
    ['too-few-shares', []],
    ['repeated-share', [...pick(documents, 0, 1), ...pick(documents, 1)]],
    ['other-set', [...pick(documents, 0, 1), ...pick(later, 2)]],
    ['other-set', [...pick(documents, 0, 1), ...pick(others, 2)]],
    ['damaged-share', [...pick(documents, 0), damaged, ...pick(documents, 2)]],
    ['damaged-share, document 2', [...pick(documents, 0), new Uint8Array(10), ...pick(documents, 2)]],
  ];
  for (const [words, given] of cases) expect(() => restoreDevice(target, given)).toThrow(coded('KEYS_SHARES', words));
  expect(readdirSync(place)).not.toContain('nowhere');
});

test('a holder that changes the sealed keys spoils its own document alone', () => {
  const home = fresh('finch');
  const documents = backUpDevice(home.folder, plan, options);
  const first = (documents[0] as Uint8Array).slice();
  first[first.length - 40] = (first[first.length - 40] as number) ^ 1;
  const again = path.join(place, 'finch-again');
  expect(restoreDevice(again, [first, ...pick(documents, 1, 2)])).toBe(home.identity.device);
});

test('a replica that comes back without the store it voted with does not vote; beside its store it goes on', async () => {
  const home = fresh('swift');
  const replicas = [home.identity.certificateBytes];
  const genesis = encodeGenesis({ name: 'one', createdMs: 1, seed: new Uint8Array(32), replicas, names: ['swift'] });
  joinSwarm(home.folder, genesis);
  const start = async (folder: string) => {
    await using device = await startDevice({ home: folder, logLevel: 'silent' });
    return device.device;
  };
  expect(await start(home.folder)).toBe(home.identity.device);
  const documents = backUpDevice(home.folder, plan, options);
  const again = path.join(place, 'swift-again');
  restoreDevice(again, pick(documents, 0, 1, 2));
  joinSwarm(again, genesis);
  await expect(start(again)).rejects.toThrow(coded('STORE_FORGOTTEN'));
  for (const file of ['root.key', 'operational.key']) rmSync(path.join(home.folder, file));
  writeFileSync(path.join(home.folder, 'certificate'), 'gone too');
  restoreDevice(home.folder, pick(documents, 4, 3, 2));
  expect(await start(home.folder)).toBe(home.identity.device);
});
