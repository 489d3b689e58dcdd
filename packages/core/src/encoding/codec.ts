import { Packr } from 'msgpackr';
import { equalBytes } from '../bytes/bytes.ts';
import { accept, type Result, refuse } from '../errors/result.ts';
import { Mismatch, type Schema } from './schema.ts';
import { isPlainMessagePack } from './well-formed.ts';

/** MessagePack without records, maps or extensions of msgpackr's own. */
const packr = new Packr({ useRecords: false, mapsAsObjects: true, variableMapSize: true });

/** Largest object that one call decodes unless it says otherwise. Frames are capped before this. */
export const DEFAULT_MAX_BYTES = 4 * 1024 * 1024;

export type DecodeReason = 'too-large' | 'malformed' | 'wrong-shape' | 'not-canonical';

export interface DecodeOptions {
  /** @default 4 MiB — the largest consensus batch plus its signatures */
  readonly maxBytes?: number;
}

/** @returns MessagePack in array form. Sign and keep these bytes, never a re-encoding of what was read. */
export function encode<T>(schema: Schema<T>, value: T): Uint8Array {
  return new Uint8Array(packr.pack(schema.toWire(value)));
}

/**
 * Reads bytes that a peer chose. Never throws for them.
 * @returns the value, or `too-large`, `malformed` (not MessagePack), `wrong-shape` (names the field)
 */
export function decode<T>(schema: Schema<T>, wire: Uint8Array, options: DecodeOptions = {}): Result<T, DecodeReason> {
  const maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
  if (wire.length > maxBytes) return refuse('too-large', `${wire.length} bytes, at most ${maxBytes}`);
  if (!isPlainMessagePack(wire)) return refuse('malformed', 'not one value of plain MessagePack');
  let raw: unknown;
  try {
    // A view of its own: msgpackr hangs a property on the array it reads.
    raw = packr.unpack(new Uint8Array(wire.buffer, wire.byteOffset, wire.byteLength));
  } catch {
    return refuse('malformed', 'not MessagePack');
  }
  try {
    return accept(schema.fromWire(raw, '$'));
  } catch (error) {
    if (error instanceof Mismatch) return refuse('wrong-shape', error.message);
    throw error;
  }
}

/**
 * For objects whose bytes replicas must agree on: also requires `encode(decode(b)) == b`, since no
 * MessagePack codec is canonical by itself.
 */
export function decodeCanonical<T>(
  schema: Schema<T>,
  wire: Uint8Array,
  options: DecodeOptions = {},
): Result<T, DecodeReason> {
  const decoded = decode(schema, wire, options);
  if (!decoded.ok) return decoded;
  return equalBytes(encode(schema, decoded.value), wire) ? decoded : refuse('not-canonical');
}
