import {
  accept,
  bytes,
  bytesUpTo,
  decodeCanonical,
  encode,
  equalBytes,
  integer,
  list,
  type Result,
  refuse,
  type Schema,
  struct,
  text,
  uint,
  union,
} from '@murmuration/core';
import {
  hashLeaf,
  type Leaf,
  leafOf,
  leafSchema,
  MAX_KEY_CHARS,
  MAX_VALUE_BYTES,
  PIECE_BYTES,
  pieceCount,
} from '../state/leaf.ts';
import { isRange } from '../state/proof.ts';
import { MAX_LEAVES, MAX_RANGE_HASHES, rangeRoot } from '../state/range.ts';
import type { StateEntry } from '../state/store.ts';

/** Content of one chunk: neighbouring entries, or a piece of one that is larger. */
export const CHUNK_BYTES = PIECE_BYTES;
/** And its wire form, with key, proof and encoding. */
export const MAX_CHUNK_BYTES = CHUNK_BYTES + 4096;
/** What an entry costs besides its key and value, at most. */
export const ENTRY_OVERHEAD_BYTES = 16;
const MAX_PIECES = pieceCount(MAX_VALUE_BYTES);

/** A part of a state that proves itself under the state's root. Equal states are cut into equal chunks. */
export type StateChunk = EntriesChunk | PieceChunk;

export interface EntriesChunk {
  readonly kind: 'entries';
  /** Place of the first entry among the leaves. */
  readonly first: number;
  /** Leaves of the state. */
  readonly size: number;
  readonly entries: readonly StateEntry[];
  readonly path: readonly Uint8Array[];
}

export interface PieceChunk {
  readonly kind: 'piece';
  readonly first: number;
  readonly size: number;
  readonly leaf: Leaf;
  readonly path: readonly Uint8Array[];
  /** Which piece of the value, from 0. */
  readonly piece: number;
  readonly bytes: Uint8Array;
  /** Hashes beside the piece, under the leaf's digest. */
  readonly within: readonly Uint8Array[];
}

const place = integer(0, MAX_LEAVES);
const path = list(bytes(32), MAX_RANGE_HASHES);
const entry = struct({ key: text(MAX_KEY_CHARS), value: bytesUpTo(PIECE_BYTES) });

const chunkSchema: Schema<StateChunk> = union({
  1: ['entries', struct({ first: place, size: place, entries: list(entry, CHUNK_BYTES / ENTRY_OVERHEAD_BYTES), path })],
  2: [
    'piece',
    struct({
      ...{ first: place, size: place, leaf: leafSchema, path },
      ...{ piece: uint, bytes: bytesUpTo(PIECE_BYTES), within: list(bytes(32), 2 * Math.ceil(Math.log2(MAX_PIECES))) },
    }),
  ],
});

export function encodeChunk(chunk: StateChunk): Uint8Array {
  return encode(chunkSchema, chunk);
}

/**
 * Reads a chunk that anyone may have sent and checks it against the root: refused as `wrong-proof`, or with a
 * reason of decoding.
 */
export function readChunk(wire: Uint8Array, root: Uint8Array): Result<StateChunk> {
  const decoded = decodeCanonical(chunkSchema, wire, { maxBytes: MAX_CHUNK_BYTES });
  if (!decoded.ok) return decoded;
  return holds(decoded.value, root) ? accept(decoded.value) : refuse('wrong-proof');
}

function holds(chunk: StateChunk, root: Uint8Array): boolean {
  const { first, size, path: beside } = chunk;
  if (chunk.kind === 'piece') return isRange(first, [chunk.leaf], size, beside, root) && isPiece(chunk);
  const leaves = chunk.entries.map(({ key, value }) => leafOf(key, value));
  return leaves.length > 0 && isRange(first, leaves, size, beside, root);
}

function isPiece({ leaf, piece, bytes: content, within }: PieceChunk): boolean {
  const count = pieceCount(leaf.bytes);
  const wanted = piece === count - 1 ? leaf.bytes - piece * PIECE_BYTES : PIECE_BYTES;
  if (piece >= count || content.length !== wanted) return false;
  const digest = rangeRoot(piece, [hashLeaf(content)], count, within);
  return digest !== undefined && equalBytes(digest, leaf.digest);
}
