import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MurmurError, type Store, toHex } from '@murmuration/core';
import { keepClaim, readOwner, type StoreOwner } from '../services/store-owner.ts';

const FILE = 'store.id';

/**
 * Refuses a store that is not the one that this home has voted with: one that was moved away, emptied or swapped.
 * A device that never voted may start with an empty one and catch up.
 * @throws STORE_FORGOTTEN
 */
export async function guardStore(folder: string, store: Store): Promise<void> {
  const path = join(folder, FILE);
  if (!existsSync(path)) return;
  const wanted = readFileSync(path, 'utf8').trim();
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
  const path = join(folder, FILE);
  writeFileSync(`${path}.new`, `${toHex(owner.id)}\n`, { mode: 0o600, flush: true });
  renameSync(`${path}.new`, path);
}
