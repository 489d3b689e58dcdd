import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MurmurError } from '@murmuration/core';
import { writeOutput } from './shared.ts';

/** One file for each holder; none is written over. @returns their paths. @throws KEYS_EXIST, CLI_OUTPUT_FILE */
export function writeShares(folder: string, documents: readonly Uint8Array[]): readonly string[] {
  refuseOldShares(folder, documents.length);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch {
    // Told by the first file that cannot be written.
  }
  const files = documents.map((_, i) => shareFile(folder, i));
  for (const [i, file] of files.entries()) writeOutput(file, documents[i] as Uint8Array, { mode: 0o600, flag: 'wx' });
  return files;
}

/** Half of one backup and half of another give no key: so none is begun where one lies. @throws KEYS_EXIST */
export function refuseOldShares(folder: string, holders: number): void {
  const file = Array.from({ length: holders }, (_, i) => shareFile(folder, i)).find((one) => existsSync(one));
  if (file === undefined) return;
  throw new MurmurError({
    code: 'KEYS_EXIST',
    message: `there already is a share ${file}`,
    remedy: 'name another folder: shares are never overwritten, since they may be the only ones',
    facts: { file },
  });
}

function shareFile(folder: string, index: number): string {
  return join(folder, `share-${index + 1}`);
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
