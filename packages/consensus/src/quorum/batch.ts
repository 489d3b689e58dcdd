import {
  bytesUpTo,
  type DecodeReason,
  decodeCanonical,
  encode,
  list,
  type Result,
  struct,
  uint,
} from '@murmuration/core';

/** What one height orders. */
export interface Batch {
  /** Wall time of the primary, milliseconds since 1970. Near the backups' clocks, but not monotonic: see the README. */
  readonly timeMs: number;
  readonly requests: readonly Uint8Array[];
}

/** Caps of the format; an engine's options are lower. */
export const MAX_BATCH_REQUESTS = 16_384;
export const MAX_BATCH_BYTES = 2 * 1024 * 1024;

/** Room for the encoding around the requests of a batch, and around each of them. */
export const BATCH_OVERHEAD_BYTES = 16;
export const REQUEST_OVERHEAD_BYTES = 5;

const batchSchema = struct({ timeMs: uint, requests: list(bytesUpTo(MAX_BATCH_BYTES), MAX_BATCH_REQUESTS) });

export function encodeBatch(batch: Batch): Uint8Array {
  return encode(batchSchema, batch);
}

/** @returns the batch, or why these bytes are none; `not-canonical` where another encoding of the batch was sent */
export function decodeBatch(payload: Uint8Array): Result<Batch, DecodeReason> {
  return decodeCanonical(batchSchema, payload, { maxBytes: MAX_BATCH_BYTES });
}
