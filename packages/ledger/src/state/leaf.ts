import { bytes, encode, integer, type Schema, struct, text } from '@murmuration/core';
import { merkleRoot, sha3_256 } from '@murmuration/crypto';

/** Apart by their first byte, so that no node of one kind passes for another. */
const LEAF = Uint8Array.of(0x00);
const NODE = Uint8Array.of(0x01);
const ROOT = Uint8Array.of(0x02);
export const NO_LEAVES = sha3_256();

/** A value is hashed in pieces of this size, so that a large one can be handed over and checked piece by piece. */
export const PIECE_BYTES = 64 * 1024;
export const MAX_KEY_CHARS = 256;
/** Above every value of the state, below what a snapshot may hold. */
export const MAX_VALUE_BYTES = 16 * 1024 * 1024;

/** What a leaf binds: the key, and the value by its length and hash. Small, so that a neighbour costs little to show. */
export interface Leaf {
  readonly key: string;
  readonly bytes: number;
  /** `contentDigest` of the value, 32 bytes. */
  readonly digest: Uint8Array;
}

export const leafSchema: Schema<Leaf> = struct({
  key: text(MAX_KEY_CHARS),
  bytes: integer(0, MAX_VALUE_BYTES),
  digest: bytes(32),
});

export function leafOf(key: string, value: Uint8Array): Leaf {
  return { key, bytes: value.length, digest: contentDigest(value) };
}

export function encodeLeaf(leaf: Leaf): Uint8Array {
  return encode(leafSchema, leaf);
}

/** @returns the content of the leaf that binds `value` to `key` */
export function stateLeaf(key: string, value: Uint8Array): Uint8Array {
  return encodeLeaf(leafOf(key, value));
}

/** The Merkle root over the value's pieces of 64 KiB; an empty value has one empty piece. */
export function contentDigest(value: Uint8Array): Uint8Array {
  if (value.length <= PIECE_BYTES) return sha3_256(LEAF, value);
  return merkleRoot(piecesOf(value));
}

export function piecesOf(value: Uint8Array): Uint8Array[] {
  const count = pieceCount(value.length);
  return Array.from({ length: count }, (_, i) => value.subarray(i * PIECE_BYTES, (i + 1) * PIECE_BYTES));
}

export function pieceCount(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / PIECE_BYTES));
}

export function hashLeaf(content: Uint8Array): Uint8Array {
  return sha3_256(LEAF, content);
}

export function hashNode(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha3_256(NODE, left, right);
}

/** @returns the root of the state: the tree's, bound to its number of leaves, so that a proof cannot lie about it */
export function stateRoot(size: number, tree: Uint8Array): Uint8Array {
  const count = new Uint8Array(8);
  new DataView(count.buffer).setBigUint64(0, BigInt(size));
  return sha3_256(ROOT, count, tree);
}
