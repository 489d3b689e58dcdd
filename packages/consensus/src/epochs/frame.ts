import { accept, concatBytes, type Result, refuse } from '@murmuration/core';

const BYTES = 8;

/** A message of an engine with the epoch it belongs to in front, u64 big-endian: positions mean nothing without it. */
export function encodeFrame(epoch: number, message: Uint8Array): Uint8Array {
  const head = new Uint8Array(BYTES);
  new DataView(head.buffer).setBigUint64(0, BigInt(epoch));
  return concatBytes(head, message);
}

export function decodeFrame(
  wire: Uint8Array,
): Result<{ readonly epoch: number; readonly message: Uint8Array }, 'malformed-frame'> {
  if (wire.length < BYTES) return refuse('malformed-frame', `${wire.length} bytes`);
  const epoch = Number(new DataView(wire.buffer, wire.byteOffset, BYTES).getBigUint64(0));
  if (!Number.isSafeInteger(epoch)) return refuse('malformed-frame', 'epoch out of range');
  return accept({ epoch, message: wire.subarray(BYTES) });
}
