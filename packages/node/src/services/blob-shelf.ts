import type { Store } from '@murmuration/core';

/**
 * Where blobs lie, by name. Not durable on purpose: a sync of megabytes would hold up the votes beside them, and
 * whatever is lost can be had again from peers. A torn blob may come back: `BlobService` checks each by its hash.
 */
export interface BlobShelf {
  get(name: string): Promise<Uint8Array | undefined>;
  put(name: string, blob: Uint8Array): Promise<void>;
  /** Unknown names are passed over. */
  remove(names: readonly string[]): Promise<void>;
}

/** Blobs among the other entries of a store. */
export function storeShelf(store: Store): BlobShelf {
  const lazily = { durable: false };
  return {
    get: (name) => store.get(name),
    put: (name, blob) => store.write([{ key: name, value: blob }], lazily),
    remove: (names) =>
      store.write(
        names.map((key) => ({ key, value: null })),
        lazily,
      ),
  };
}
