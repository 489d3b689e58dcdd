import {
  bytes,
  bytesUpTo,
  type DecodeReason,
  decodeCanonical,
  encode,
  list,
  oneOf,
  type Result,
  struct,
  text,
  uint,
} from '@murmuration/core';
import type { StateEntry } from '../state/store.ts';

/** What `restoreLedger` reads at most. A chain at every limit of the ledger stays below it. */
export const MAX_SNAPSHOT_BYTES = 256 * 1024 * 1024;
const MAX_ENTRIES = 1_000_000;

const snapshotSchema = struct({
  format: oneOf('murmuration-snapshot/1'),
  chainId: bytes(32),
  height: uint,
  entries: list(struct({ key: text(256), value: bytesUpTo(16 * 1024 * 1024) }), MAX_ENTRIES),
});

export function encodeSnapshot(chainId: Uint8Array, height: number, entries: readonly StateEntry[]): Uint8Array {
  return encode(snapshotSchema, { format: 'murmuration-snapshot/1', chainId, height, entries });
}

export interface Snapshot {
  readonly chainId: Uint8Array;
  readonly height: number;
  readonly entries: readonly StateEntry[];
}

/** Reads the shape and trusts nothing: `restoreLedger` compares the root. */
export function decodeSnapshot(wire: Uint8Array): Result<Snapshot, DecodeReason> {
  return decodeCanonical(snapshotSchema, wire, { maxBytes: MAX_SNAPSHOT_BYTES });
}
