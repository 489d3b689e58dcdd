import {
  boolean,
  type DecodeReason,
  decode,
  encode,
  type Infer,
  integer,
  type Result,
  struct,
  text,
  union,
} from '@murmuration/core';

/**
 * A frame on the wire: u32 length of the rest (big endian) ‖ u8 length of the header ‖ header ‖ payload.
 * The header is MessagePack; the payload is the sender's bytes, untouched.
 */
export const LENGTH_BYTES = 4;
export const HEADER_LENGTH_BYTES = 1;
export const MAX_HEADER_BYTES = 255;

/** Payload of one frame at most; longer messages travel as fragments of exactly this size and a shorter last one. */
export const FRAGMENT_BYTES = 32 * 1024;
/** Largest frame anybody may send: a reader closes the connection at a larger length, before reading on. */
export const MAX_FRAME_BYTES = HEADER_LENGTH_BYTES + MAX_HEADER_BYTES + FRAGMENT_BYTES;

export const MAX_TOPIC_CHARS = 64;
const MAX_REASON_CHARS = 64;
const MAX_REQUEST_ID = 2 ** 32 - 1;

const requestId = integer(0, MAX_REQUEST_ID);
const topic = text(MAX_TOPIC_CHARS);

/** Numbers are part of the wire format and never reused. */
export const headerSchema = union({
  1: ['hello', struct({})],
  2: ['welcome', struct({})],
  3: ['goodbye', struct({ reason: text(MAX_REASON_CHARS) })],
  4: ['message', struct({ topic, more: boolean })],
  5: ['request', struct({ topic, id: requestId, more: boolean })],
  6: ['response', struct({ id: requestId, refusal: text(MAX_REASON_CHARS), more: boolean })],
});

export type Header = Infer<typeof headerSchema>;
export type HeaderOf<Kind extends Header['kind']> = Extract<Header, { kind: Kind }>;

export interface Frame {
  readonly header: Header;
  /** A view of the reader's memory: copy it to keep it. */
  readonly payload: Uint8Array;
}

export function encodeHeader(header: Header): Uint8Array {
  return encode(headerSchema, header);
}

export function decodeHeader(bytes: Uint8Array): Result<Header, DecodeReason> {
  return decode(headerSchema, bytes, { maxBytes: MAX_HEADER_BYTES });
}

/** Bytes of the frame around a header and a payload of these lengths. */
export function frameBytes(headerLength: number, payloadLength: number): number {
  return LENGTH_BYTES + HEADER_LENGTH_BYTES + headerLength + payloadLength;
}

/** Writes one frame into `into` at `at`. @returns the position after it */
export function writeFrame(into: Uint8Array, at: number, header: Uint8Array, payload: Uint8Array): number {
  const rest = HEADER_LENGTH_BYTES + header.length + payload.length;
  into[at] = rest >>> 24;
  into[at + 1] = (rest >>> 16) & 255;
  into[at + 2] = (rest >>> 8) & 255;
  into[at + 3] = rest & 255;
  into[at + 4] = header.length;
  into.set(header, at + 5);
  into.set(payload, at + 5 + header.length);
  return at + 5 + header.length + payload.length;
}
