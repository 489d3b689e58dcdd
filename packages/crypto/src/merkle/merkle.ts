import { checkInteger, equalBytes } from '@murmuration/core';
import { sha3_256 } from '../hash/hash.ts';

/** Apart by their first byte, so that no inner node passes for a leaf. */
const LEAF = Uint8Array.of(0x00);
const NODE = Uint8Array.of(0x01);
const HASH_BYTES = 32;

/**
 * The root of a Merkle tree in the shape of RFC 6962 with SHA3-256: the left subtree holds the largest power
 * of two below the number of leaves.
 *
 * @param leaves contents, hashed here
 * @returns 32 bytes; for no leaves, the hash of nothing
 * @see RFC 6962 §2.1
 */
export function merkleRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return sha3_256();
  return subtreeRoot(leaves.map(hashLeaf), 0, leaves.length);
}

/**
 * @param index of the leaf, 0 ≤ index < leaves.length
 * @returns the siblings from the leaf up, at most ⌈log2 n⌉ hashes
 * @throws OPTION_OUT_OF_RANGE
 * @see RFC 6962 §2.1.1
 */
export function merkleProof(leaves: readonly Uint8Array[], index: number): readonly Uint8Array[] {
  checkInteger('index of the proven leaf', index, 0, leaves.length - 1);
  const hashes = leaves.map(hashLeaf);
  const siblings: Uint8Array[] = [];
  let start = 0;
  let end = hashes.length;
  while (end - start > 1) {
    const split = start + largestPowerOfTwoBelow(end - start);
    if (index < split) {
      siblings.push(subtreeRoot(hashes, split, end));
      end = split;
    } else {
      siblings.push(subtreeRoot(hashes, start, split));
      start = split;
    }
  }
  return siblings.reverse();
}

/**
 * Whether `leaf` is number `index` of the `size` leaves under `root`. Never throws for what a peer chose.
 * @param leaf content, hashed here
 * @see RFC 9162 §2.1.3.2
 */
export function verifyMerkleProof(
  leaf: Uint8Array,
  index: number,
  size: number,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return false;
  let at = index;
  let last = size - 1;
  let hash = hashLeaf(leaf);
  for (const sibling of proof) {
    if (sibling.length !== HASH_BYTES || last === 0) return false;
    if (at % 2 === 1 || at === last) {
      hash = hashNode(sibling, hash);
      // A node on the right edge has no sibling until its path turns right.
      while (at % 2 === 0 && at !== 0) {
        at /= 2;
        last = half(last);
      }
    } else {
      hash = hashNode(hash, sibling);
    }
    at = half(at);
    last = half(last);
  }
  return last === 0 && equalBytes(hash, root);
}

function hashLeaf(leaf: Uint8Array): Uint8Array {
  return sha3_256(LEAF, leaf);
}

function hashNode(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha3_256(NODE, left, right);
}

function subtreeRoot(hashes: readonly Uint8Array[], start: number, end: number): Uint8Array {
  if (end - start === 1) return hashes[start] as Uint8Array;
  const split = start + largestPowerOfTwoBelow(end - start);
  return hashNode(subtreeRoot(hashes, start, split), subtreeRoot(hashes, split, end));
}

/** @param n ≥ 2. @returns k with k < n ≤ 2k */
function largestPowerOfTwoBelow(n: number): number {
  let power = 1;
  while (power * 2 < n) power *= 2;
  return power;
}

function half(n: number): number {
  return Math.floor(n / 2);
}
