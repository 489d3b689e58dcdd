import { hashNode, NO_LEAVES } from './leaf.ts';

/** More leaves than this no state has. */
export const MAX_LEAVES = 1_000_000;
/** Hashes beside a range of leaves: two for each level. */
export const MAX_RANGE_HASHES = 2 * Math.ceil(Math.log2(MAX_LEAVES));

/**
 * The roots of the maximal subtrees outside of [start, end), from left to right.
 * @param levels of a Merkle tree in the shape of RFC 6962: hashes of the leaves first, the root alone last
 */
export function hashesBeside(
  levels: readonly (readonly Uint8Array[])[],
  start: number,
  end: number,
): readonly Uint8Array[] {
  const size = (levels[0] as readonly Uint8Array[]).length;
  const hashes: Uint8Array[] = [];
  const visit = (level: number, index: number): void => {
    const low = index * 2 ** level;
    const high = Math.min(low + 2 ** level, size);
    if (low >= size || (low >= start && high <= end)) return;
    if (low >= end || high <= start) {
      hashes.push((levels[level] as readonly Uint8Array[])[index] as Uint8Array);
      return;
    }
    visit(level - 1, 2 * index);
    visit(level - 1, 2 * index + 1);
  };
  visit(levels.length - 1, 0);
  return hashes;
}

/**
 * The root of the tree of `size` leaves that holds `leaves` from `first` on. Any other leaf, place or hash gives
 * another root, except that `size` must be bound by what the root is compared with.
 * @param leaves their hashes; at least one, unless the tree is empty
 * @param hashes from `hashesBeside`
 * @returns undefined where the numbers do not fit together
 */
export function rangeRoot(
  first: number,
  leaves: readonly Uint8Array[],
  size: number,
  hashes: readonly Uint8Array[],
): Uint8Array | undefined {
  const end = first + leaves.length;
  if (size === 0) return end === 0 && hashes.length === 0 ? NO_LEAVES : undefined;
  if (leaves.length === 0 || end > size || size > MAX_LEAVES) return undefined;
  let used = 0;
  const visit = (level: number, index: number): Uint8Array | undefined => {
    const low = index * 2 ** level;
    const high = Math.min(low + 2 ** level, size);
    if (low >= end || high <= first) return hashes[used++];
    if (level === 0) return leaves[low - first];
    const left = visit(level - 1, 2 * index);
    const right = low + 2 ** (level - 1) < size ? visit(level - 1, 2 * index + 1) : left;
    if (left === undefined || right === undefined) return undefined;
    return low + 2 ** (level - 1) < size ? hashNode(left, right) : left;
  };
  const root = visit(depthOf(size), 0);
  return used === hashes.length ? root : undefined;
}

/** Levels above the leaves: the smallest k with size ≤ 2^k. */
function depthOf(size: number): number {
  let depth = 0;
  while (2 ** depth < size) depth++;
  return depth;
}
