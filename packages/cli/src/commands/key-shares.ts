import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MurmurError } from '@murmuration/core';

/** One file for each holder; none is written over. @returns their paths */
export function writeShares(folder: string, documents: readonly Uint8Array[]): readonly string[] {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const files = documents.map((_, i) => join(folder, `share-${i + 1}`));
  for (const [i, file] of files.entries()) writeFileSync(file, documents[i] as Uint8Array, { mode: 0o600, flag: 'wx' });
  return files;
}

/** @throws KEYS_SHARES */
export function readShare(file: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(file));
  } catch (cause) {
    throw new MurmurError({
      code: 'KEYS_SHARES',
      message: `the share ${file} cannot be read`,
      remedy: 'check the path and its rights',
      facts: { file },
      cause,
    });
  }
}
