import { mkdirSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { MurmurError } from '@murmuration/core';
import type { BlobShelf } from '../services/blob-shelf.ts';

/** One file for each blob, never synced: the system writes them back when it pleases. */
export function folderShelf(folder: string): BlobShelf {
  const made = new Set<string>();
  const pathOf = (name: string) => {
    const path = join(folder, name);
    const parent = dirname(path);
    if (!made.has(parent)) mkdirSync(parent, { recursive: true, mode: 0o700 });
    made.add(parent);
    return path;
  };
  return {
    get: (name) => readFile(pathOf(name)).then((bytes) => new Uint8Array(bytes), missing),
    put: async (name, blob) => {
      const path = pathOf(name);
      try {
        await writeFile(`${path}.new`, blob, { mode: 0o600 });
        await rename(`${path}.new`, path);
      } catch (cause) {
        throw new MurmurError({
          code: 'STORE_FAILED',
          message: `the blob ${path} could not be written: ${(cause as Error).message}`,
          remedy: 'check that the disk has room and the folder may be written',
          facts: { path },
          cause,
        });
      }
    },
    remove: async (names) => {
      await Promise.all(names.map((name) => rm(pathOf(name), { force: true })));
    },
  };
}

function missing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined;
  throw error;
}
