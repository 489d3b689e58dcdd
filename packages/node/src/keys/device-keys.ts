import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { concatBytes, type Entropy, MurmurError } from '@murmuration/core';
import { ED25519_SECRET_KEY_BYTES, type KeyStoreOptions, type StoredKey, wipe } from '@murmuration/crypto';
import { draftOf, eraseFile, removeFile, replaceFile } from './durable-file.ts';
import { readKeyFile, writeKeyFile } from './key-file.ts';

/** In a home: the two clear files, or the store in their place. Where the store is, it counts. */
const CLEAR = { root: 'root.key', operational: 'operational.key' } as const;
const STORE = 'device.keys';
const PURPOSE = { root: 'device-root', operational: 'device-operational' } as const;
/** One at work, one to come, and those that epochs under way know still. */
const MAX_OPERATIONAL = 8;

/** The secrets of a device. Wiped by who read them. */
export interface DeviceKeys {
  /** As `rootKeyToBytes` writes it; undefined where its owner keeps it elsewhere. */
  readonly root: Uint8Array | undefined;
  /** Secret keys of 32 bytes, 1 to 8, the newest last. The certificate says which of them is at work. */
  readonly operational: readonly Uint8Array[];
}

/** Where the keys of a home are under a passphrase. */
export function deviceStoreOf(folder: string): string {
  return join(folder, STORE);
}

/** Whether the keys of this home are under a passphrase. */
export function areKeysProtected(folder: string): boolean {
  return existsSync(deviceStoreOf(folder));
}

/** Whether the home holds keys in clear; beside a store they are left-overs of a crash, which the next start erases. */
export function areKeysClear(folder: string): boolean {
  return Object.values(CLEAR).some((file) => existsSync(join(folder, file)));
}

/**
 * Reads the keys of a home. Where they are under a passphrase, clear files that a crash left beside them go.
 * @throws KEYS_LOCKED where a passphrase is needed, HOME_DAMAGED, and what `readKeyFile` throws
 */
export function readDeviceKeys(folder: string, passphrase?: string): DeviceKeys {
  if (!areKeysProtected(folder)) return readClear(folder);
  if (passphrase === undefined) throw locked(folder);
  const stored = fromStore(folder, readKeyFile(deviceStoreOf(folder), passphrase).keys);
  eraseLeftOver(folder, CLEAR.root, stored.root);
  eraseLeftOver(folder, CLEAR.operational, concatBytes(...stored.operational));
  // Who keeps the root key elsewhere brings it back as a file when it is needed.
  return { ...stored, root: stored.root ?? readIfThere(folder, CLEAR.root) };
}

/** Writes the clear files, as of a new home or of one that was restored. */
export function writeClearKeys(folder: string, { root, operational }: DeviceKeys): void {
  if (root !== undefined) replaceFile(join(folder, CLEAR.root), root);
  replaceFile(join(folder, CLEAR.operational), concatBytes(...operational));
}

/** Replaces the operational keys where they are kept: in clear or, with the passphrase, in the store. */
export function replaceOperationalKeys(
  folder: string,
  operational: readonly Uint8Array[],
  { nowMs, entropy, passphrase, ...options }: ProtectOptions & { readonly passphrase?: string | undefined },
): void {
  if (!areKeysProtected(folder)) {
    replaceFile(join(folder, CLEAR.operational), concatBytes(...operational));
    return;
  }
  if (passphrase === undefined) throw locked(folder);
  const path = deviceStoreOf(folder);
  const others = readKeyFile(path, passphrase).keys.filter(({ purpose }) => purpose !== PURPOSE.operational);
  writeKeyFile(path, passphrase, [...others, ...storedOperational(operational, nowMs)], entropy, options);
}

export interface ProtectOptions extends KeyStoreOptions {
  readonly nowMs: number;
  readonly entropy: Entropy;
}

/**
 * Puts the keys of a home under a passphrase: writes the store, reads it back, and only then erases the clear files.
 * From the rename of the store on it is the store that counts, so a crash at any point loses nothing, and what it
 * leaves in clear goes with the next call or start. Where they are protected already, only that is done.
 * @throws KEYS_FAILED, KEYS_WRONG_PASSPHRASE where they are under another one, HOME_DAMAGED
 */
export function protectDeviceKeys(folder: string, passphrase: string, options: ProtectOptions): void {
  const { nowMs, entropy, ...cost } = options;
  if (!areKeysProtected(folder)) {
    const keys = readClear(folder);
    const root: StoredKey[] = keys.root === undefined ? [] : [storedRoot(keys.root, nowMs)];
    const entries = [...root, ...storedOperational(keys.operational, nowMs)];
    writeKeyFile(deviceStoreOf(folder), passphrase, entries, entropy, { ...cost, fresh: true });
    wipeKeys(keys);
  }
  wipeKeys(readDeviceKeys(folder, passphrase));
}

/**
 * Puts the keys back into clear files; the store counts until it is removed, last.
 * @throws what `readDeviceKeys` throws
 */
export function unprotectDeviceKeys(folder: string, passphrase: string): void {
  if (!areKeysProtected(folder)) return;
  const keys = readDeviceKeys(folder, passphrase);
  writeClearKeys(folder, keys);
  removeFile(deviceStoreOf(folder));
  wipeKeys(keys);
}

export function wipeKeys({ root, operational }: DeviceKeys): void {
  wipe(...(root === undefined ? [] : [root]), ...operational);
}

function readClear(folder: string): DeviceKeys {
  const joined = readIfThere(folder, CLEAR.operational);
  if (joined === undefined) throw damaged(folder, CLEAR.operational, 'it is not there');
  const count = joined.length / ED25519_SECRET_KEY_BYTES;
  if (!Number.isInteger(count) || count < 1 || count > MAX_OPERATIONAL) {
    throw damaged(folder, CLEAR.operational, `it has ${joined.length} bytes, not 32 for each of 1 to 8 keys`);
  }
  const operational = Array.from({ length: count }, (_, i) => joined.slice(32 * i, 32 * (i + 1)));
  wipe(joined);
  return { root: readIfThere(folder, CLEAR.root), operational };
}

function fromStore(folder: string, keys: readonly StoredKey[]): DeviceKeys {
  const of = (purpose: string) => keys.filter((key) => key.purpose === purpose).map(({ secret }) => secret);
  const operational = of(PURPOSE.operational);
  const fits = operational.every(({ length }) => length === ED25519_SECRET_KEY_BYTES);
  if (operational.length < 1 || operational.length > MAX_OPERATIONAL || !fits) {
    throw damaged(folder, STORE, 'it does not hold the keys of a device');
  }
  return { root: of(PURPOSE.root)[0], operational };
}

function storedRoot(secret: Uint8Array, createdMs: number): StoredKey {
  return { name: 'root', purpose: PURPOSE.root, version: 1, state: 'active', createdMs, secret };
}

function storedOperational(operational: readonly Uint8Array[], createdMs: number): StoredKey[] {
  return operational.map((secret, i) => {
    const state = i === operational.length - 1 ? 'active' : 'retired';
    return { name: 'operational', purpose: PURPOSE.operational, version: i + 1, state, createdMs, secret };
  });
}

/** Erases a clear file that the store holds, whole or erased in part; another key is somebody's to look at. */
function eraseLeftOver(folder: string, file: string, stored: Uint8Array | undefined): void {
  eraseFile(draftOf(join(folder, file)));
  if (stored === undefined) return;
  const found = readIfThere(folder, file);
  if (found === undefined) return;
  const isStored = found.length === stored.length && found.every((byte, i) => byte === 0 || byte === stored[i]);
  wipe(found);
  if (!isStored)
    throw damaged(folder, file, `${STORE} beside it holds another key; move the one away that is not meant`);
  eraseFile(join(folder, file));
}

function readIfThere(folder: string, file: string): Uint8Array | undefined {
  const path = join(folder, file);
  try {
    return existsSync(path) ? new Uint8Array(readFileSync(path)) : undefined;
  } catch (cause) {
    throw damaged(folder, file, (cause as Error).message);
  }
}

function locked(folder: string): MurmurError {
  return new MurmurError({
    code: 'KEYS_LOCKED',
    message: `the keys of ${folder} are under a passphrase, and none was given`,
    remedy:
      'give --passphrase-file, MURMUR_PASSPHRASE_FILE or a credential named murmur-passphrase, or start at a terminal',
    facts: { folder },
  });
}

export function damaged(folder: string, file: string, why: string): MurmurError {
  return new MurmurError({
    code: 'HOME_DAMAGED',
    message: `the file ${file} of the home ${folder} is damaged: ${why}`,
    remedy: 'restore the home from a backup; without its keys the device cannot be the same again',
    facts: { folder, file },
  });
}
