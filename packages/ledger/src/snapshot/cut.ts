import { hashLeaf, leafOf, PIECE_BYTES, piecesOf } from '../state/leaf.ts';
import { levelsOver } from '../state/merkle-map.ts';
import { hashesBeside } from '../state/range.ts';
import type { StateEntry, StateStore } from '../state/store.ts';
import { CHUNK_BYTES, ENTRY_OVERHEAD_BYTES, encodeChunk } from './chunk.ts';

/** Cuts a state into chunks of about 64 KiB, in key order; always the same ones for the same state. */
export function cutState(store: StateStore): readonly Uint8Array[] {
  const entries = store.entries();
  const chunks: Uint8Array[] = [];
  let first = 0;
  while (first < entries.length) {
    const one = entries[first] as StateEntry;
    if (one.value.length > PIECE_BYTES) {
      chunks.push(...cutValue(store, first, one, entries.length));
      first += 1;
      continue;
    }
    const count = fitting(entries, first);
    const chunk = { first, size: entries.length, entries: entries.slice(first, first + count) };
    chunks.push(encodeChunk({ kind: 'entries', ...chunk, path: store.range(first, count) }));
    first += count;
  }
  return chunks;
}

/** @returns how many entries from `first` on go into one chunk: at least one */
function fitting(entries: readonly StateEntry[], first: number): number {
  let room = CHUNK_BYTES;
  let count = 0;
  for (const { key, value } of entries.slice(first, first + CHUNK_BYTES / ENTRY_OVERHEAD_BYTES)) {
    room -= key.length + value.length + ENTRY_OVERHEAD_BYTES;
    if (value.length > PIECE_BYTES || (count > 0 && room < 0)) break;
    count += 1;
  }
  return count;
}

function cutValue(store: StateStore, first: number, { key, value }: StateEntry, size: number): Uint8Array[] {
  const pieces = piecesOf(value);
  const levels = levelsOver(pieces.map(hashLeaf));
  const where = { first, size, leaf: leafOf(key, value), path: store.range(first, 1) };
  return pieces.map((bytes, piece) =>
    encodeChunk({ kind: 'piece', ...where, piece, bytes, within: hashesBeside(levels, piece, piece + 1) }),
  );
}
