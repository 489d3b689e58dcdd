import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MurmurError, type Store, toHex, utf8 } from '@murmuration/core';
import { replaceFile } from '../keys/durable-file.ts';
import { keepClaim, readOwner, type StoreOwner } from '../services/store-owner.ts';

const FILE = 'store.id';

/**
 * Refuses a store that is not the one that this home has voted with: one that was moved away, emptied or swapped.
 * A device that never voted may start with an empty one and catch up.
 * @throws STORE_FORGOTTEN
 */
export async function guardStore(folder: string, store: Store): Promise<void> {
  const wanted = readStoreId(folder);
  if (wanted === null) return;
  const owner = await readOwner(store);
  const found = owner === undefined ? 'an empty one' : `the store ${toHex(owner.id)}`;
  if (owner !== undefined && toHex(owner.id) === wanted) return;
  throw new MurmurError({
    code: 'STORE_FORGOTTEN',
    message: `the device of ${folder} has voted with the store ${wanted}, and found ${found}`,
    remedy:
      'put that store back; where it is lost, make a home with a new key and have the swarm take it in this one’s place by reconfiguration',
    facts: { folder },
  });
}

/** Remembers in the home which store a replica votes with, before its first vote. */
export async function rememberStore(folder: string, store: Store, owner: StoreOwner): Promise<void> {
  await keepClaim(store, owner);
  keepStoreId(folder, toHex(owner.id));
}

/** Of the store that the device of this home votes with; null where it never voted. */
export function readStoreId(folder: string): string | null {
  const path = join(folder, FILE);
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : null;
}

export function keepStoreId(folder: string, id: string): void {
  replaceFile(join(folder, FILE), utf8(`${id}\n`));
}
