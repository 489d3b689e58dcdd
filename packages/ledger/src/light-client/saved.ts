import { type Followed, MAX_REPLICAS } from '@murmuration/consensus';
import {
  accept,
  boolean,
  bytes,
  bytesUpTo,
  decodeCanonical,
  deviceId,
  encode,
  equalBytes,
  list,
  oneOf,
  type Result,
  refuse,
  type Schema,
  struct,
  uint,
} from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';

/** Above what a light client with 128 replicas knows. */
export const MAX_SAVED_BYTES = 32 * 1024;
/** As many states as a follower remembers. */
const MAX_RECENT = 32;
const CHECK_BYTES = 16;

export const followedSchema: Schema<Followed> = struct({
  set: struct({
    chainId: bytes(32),
    epoch: uint,
    replicas: list(struct({ device: deviceId, key: bytes(32) }), MAX_REPLICAS),
  }),
  baseHeight: uint,
  recent: list(struct({ height: uint, stateDigest: bytes(32) }), MAX_RECENT),
  forked: boolean,
});

const savedSchema = struct({
  format: oneOf('murmuration-light-client/1'),
  body: bytesUpTo(MAX_SAVED_BYTES),
  check: bytes(CHECK_BYTES),
});

export function encodeFollowed(followed: Followed): Uint8Array {
  const body = encode(followedSchema, followed);
  return encode(savedSchema, { format: 'murmuration-light-client/1', body, check: checkOf(body) });
}

export function decodeFollowed(wire: Uint8Array, chainId: Uint8Array): Result<Followed> {
  const outer = decodeCanonical(savedSchema, wire, { maxBytes: MAX_SAVED_BYTES });
  if (!outer.ok) return outer;
  const { body, check } = outer.value;
  if (!equalBytes(checkOf(body), check)) return refuse('damaged', 'its checksum differs');
  const followed = decodeCanonical(followedSchema, body, { maxBytes: MAX_SAVED_BYTES });
  if (!followed.ok) return followed;
  return equalBytes(followed.value.set.chainId, chainId) ? accept(followed.value) : refuse('foreign-chain');
}

/** Against rot, not against forgers: who can write here is believed. */
function checkOf(body: Uint8Array): Uint8Array {
  return sha3_256(body).subarray(0, CHECK_BYTES);
}
