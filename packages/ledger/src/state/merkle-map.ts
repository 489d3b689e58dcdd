import { hashLeaf, hashNode, NO_LEAVES, stateLeaf } from './leaf.ts';
import { hashesBeside } from './range.ts';

/**
 * The Merkle tree (RFC 6962's shape, SHA3-256) over the leaves of a sorted map, kept up to date: a changed
 * value costs one path, a new or deleted key the inner nodes to its right. Equals `merkleRoot` of crypto over
 * `stateLeaf`s in key order.
 */
export interface MerkleMap {
  /** Puts values, or deletes where null. */
  update(changes: ReadonlyMap<string, Uint8Array | null>): void;
  readonly size: number;
  /** 32 bytes. */
  root(): Uint8Array;
  /** Where `key` stands, or would stand. */
  find(key: string): { readonly index: number; readonly present: boolean };
  /** The key of a leaf, 0 ≤ index < size. */
  keyAt(index: number): string;
  /** What `rangeRoot` needs beside the leaves first … first + count - 1; at most 2⌈log2 size⌉ hashes. */
  range(first: number, count: number): readonly Uint8Array[];
}

export function createMerkleMap(): MerkleMap {
  const keys: string[] = [];
  /** `levels[0]` are the hashes of the leaves, the last level holds the root alone. */
  const levels: Uint8Array[][] = [[]];

  return {
    update: (changes) => {
      const leaves = levels[0] as Uint8Array[];
      const { changed, movedFrom } = place(keys, leaves, changes);
      rehash(levels, changed, movedFrom);
    },
    get size() {
      return keys.length;
    },
    root: () => (keys.length === 0 ? NO_LEAVES : ((levels.at(-1) as Uint8Array[])[0] as Uint8Array)),
    find: (key) => {
      const index = lowerBound(keys, key);
      return { index, present: keys[index] === key };
    },
    keyAt: (index) => keys[index] as string,
    range: (first, count) => hashesBeside(levels, first, first + count),
  };
}

/** All levels over hashes of leaves: those first, the root alone last. */
export function levelsOver(leaves: readonly Uint8Array[]): readonly (readonly Uint8Array[])[] {
  const levels = [[...leaves]];
  rehash(levels, [], 0);
  return levels;
}

/** Puts the leaves in their places. @returns indices whose leaf changed, and where the first one moved */
function place(keys: string[], leaves: Uint8Array[], changes: ReadonlyMap<string, Uint8Array | null>) {
  const changed: number[] = [];
  let movedFrom = Number.POSITIVE_INFINITY;
  // Ascending, so that no later insertion shifts an index noted before.
  for (const [key, value] of [...changes].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const index = lowerBound(keys, key);
    const present = keys[index] === key;
    if (value === null) {
      if (!present) continue;
      keys.splice(index, 1);
      leaves.splice(index, 1);
      movedFrom = Math.min(movedFrom, index);
      continue;
    }
    const hash = hashLeaf(stateLeaf(key, value));
    if (present) {
      leaves[index] = hash;
      changed.push(index);
    } else {
      keys.splice(index, 0, key);
      leaves.splice(index, 0, hash);
      movedFrom = Math.min(movedFrom, index);
    }
  }
  return { changed, movedFrom };
}

function rehash(levels: Uint8Array[][], changed: readonly number[], movedFrom: number): void {
  let dirty = changed;
  let from = movedFrom;
  let level = 0;
  for (; (levels[level] as Uint8Array[]).length > 1; level++) {
    const below = levels[level] as Uint8Array[];
    levels[level + 1] ??= [];
    const above = levels[level + 1] as Uint8Array[];
    above.length = Math.ceil(below.length / 2);
    from = Math.floor(from / 2);
    const parents = new Set(dirty.map((index) => index >> 1));
    for (let index = from; index < above.length; index++) parents.add(index);
    for (const index of parents) above[index] = parentOf(below, index);
    dirty = [...parents];
  }
  levels.length = level + 1;
}

/** The last node of an odd level moves up as it is: that is RFC 6962's shape, built from below. */
function parentOf(below: readonly Uint8Array[], index: number): Uint8Array {
  const left = below[2 * index] as Uint8Array;
  const right = below[2 * index + 1];
  return right === undefined ? left : hashNode(left, right);
}

/** @returns the first index whose key is not below `key` */
export function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
