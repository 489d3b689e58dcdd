import { existsSync, readFileSync, statSync } from 'node:fs';
import { type Entropy, MurmurError } from '@murmuration/core';
import {
  type KeyStoreOptions,
  type KeyStoreRefusal,
  openKeyStore,
  type StoredKey,
  sealKeyStore,
} from '@murmuration/crypto';
import { replaceFile } from './durable-file.ts';

const OTHERS = 0o077;

export interface KeyFile {
  readonly path: string;
  readonly keys: readonly StoredKey[];
}

export interface SaveOptions extends KeyStoreOptions {
  /** Refuse a file that is already there. */
  readonly fresh?: boolean;
}

/**
 * Reads a key store.
 * @throws KEYS_MISSING, KEYS_READABLE where others may read the file, KEYS_WRONG_PASSPHRASE, KEYS_DAMAGED, KEYS_FOREIGN
 */
export function readKeyFile(path: string, passphrase: string): KeyFile {
  const opened = openKeyStore(readBytes(path), passphrase);
  if (opened.ok) return { path, keys: opened.value };
  throw refused(path, opened.reason, opened.detail);
}

/**
 * Writes the whole store; a crash at any point leaves the old file or the new one.
 * @throws KEYS_EXIST where `fresh` and the file is there; KEYS_FAILED, with the old file untouched
 */
export function writeKeyFile(
  path: string,
  passphrase: string,
  keys: readonly StoredKey[],
  entropy: Entropy,
  { fresh = false, ...options }: SaveOptions = {},
): void {
  if (fresh && existsSync(path)) throw exists(path);
  const bytes = sealKeyStore(passphrase, keys, entropy, options);
  try {
    replaceFile(path, bytes);
  } catch (cause) {
    throw failed(path, cause);
  }
}

function readBytes(path: string): Uint8Array {
  try {
    const stat = statSync(path);
    if (!stat.isFile()) throw noFile(path);
    const { mode } = stat;
    if (process.platform !== 'win32' && (mode & OTHERS) !== 0) throw readable(path, mode);
    return new Uint8Array(readFileSync(path));
  } catch (cause) {
    if (cause instanceof MurmurError) throw cause;
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new MurmurError({
      code: missing ? 'KEYS_MISSING' : 'KEYS_FAILED',
      message: missing ? `there is no key store ${path}` : `the key store ${path} cannot be read`,
      remedy: missing ? 'make one with `murmur keys new`, or name it with --file' : 'check the path and its rights',
      facts: { path },
      cause,
    });
  }
}

function refused(path: string, reason: KeyStoreRefusal, detail = ''): MurmurError {
  const facts = { path, reason };
  switch (reason) {
    case 'wrong-passphrase':
      return new MurmurError({
        code: 'KEYS_WRONG_PASSPHRASE',
        message: `the key store ${path} is whole, and this is not its passphrase`,
        remedy: 'try again; where it is lost, restore the keys from their backup shares (`murmur keys restore`)',
        facts,
      });
    case 'damaged':
      return new MurmurError({
        code: 'KEYS_DAMAGED',
        message: `the key store ${path} is damaged, whatever the passphrase: ${detail}`,
        remedy: 'put a copy of the file back, or restore the keys from their backup shares (`murmur keys restore`)',
        facts,
      });
    default:
      return new MurmurError({
        code: 'KEYS_FOREIGN',
        message: `${path} is no key store of this version: ${reason}${detail === '' ? '' : ` (${detail})`}`,
        remedy: 'check the path; a newer version’s file needs that version',
        facts,
      });
  }
}

function noFile(path: string): MurmurError {
  return new MurmurError({
    code: 'KEYS_FOREIGN',
    message: `${path} is no file, so no key store`,
    remedy: 'name the file itself',
    facts: { path },
  });
}

function readable(path: string, mode: number): MurmurError {
  return new MurmurError({
    code: 'KEYS_READABLE',
    message: `others may read the key store ${path} (mode ${(mode & 0o777).toString(8)})`,
    remedy: `chmod 600 ${path}; if others had access, treat its keys as known and rotate them`,
    facts: { path },
  });
}

function exists(path: string): MurmurError {
  return new MurmurError({
    code: 'KEYS_EXIST',
    message: `there already is a file ${path}`,
    remedy: 'name another file: a key store is never overwritten by a new one',
    facts: { path },
  });
}

function failed(path: string, cause: unknown): MurmurError {
  return new MurmurError({
    code: 'KEYS_FAILED',
    message: `the key store ${path} cannot be written: ${(cause as Error).message}`,
    remedy: 'check the folder’s rights and that the disk has room; the file that was there is as it was',
    facts: { path },
    cause,
  });
}
