import {
  accept,
  bytes,
  bytesUpTo,
  decodeCanonical,
  encode,
  equalBytes,
  type Result,
  refuse,
  type Schema,
  struct,
  uint,
} from '@murmuration/core';
import { type CertificateRefusal, verifyCheckpoint } from '../quorum/certificate.ts';
import { MAX_REPLICAS, type ReplicaSet } from '../quorum/replica-set.ts';

/** What a chain says of itself to outsiders: a quorum of `epoch` signed its state after `height`. */
export interface Header {
  /** 32 bytes. */
  readonly chainId: Uint8Array;
  readonly epoch: number;
  readonly height: number;
  /** Root of the state, 32 bytes. */
  readonly stateDigest: Uint8Array;
  /** Of the checkpoint: see `verifyCheckpoint`. */
  readonly certificate: Uint8Array;
}

export type HeaderRefusal = CertificateRefusal | 'wrong-chain';

const MAX_CERTIFICATE_BYTES = 64 + MAX_REPLICAS * 72;
/** Above every header. */
export const MAX_HEADER_BYTES = MAX_CERTIFICATE_BYTES + 128;

export const headerSchema: Schema<Header> = struct({
  chainId: bytes(32),
  epoch: uint,
  height: uint,
  stateDigest: bytes(32),
  certificate: bytesUpTo(MAX_CERTIFICATE_BYTES),
});

export function encodeHeader(header: Header): Uint8Array {
  return encode(headerSchema, header);
}

/** Reads bytes that a relayer chose, and checks nothing but their shape. */
export function decodeHeader(wire: Uint8Array): Result<Header, 'malformed-header'> {
  const decoded = decodeCanonical(headerSchema, wire, { maxBytes: MAX_HEADER_BYTES });
  return decoded.ok ? decoded : refuse('malformed-header', decoded.reason);
}

/** Whether a quorum of `set` signed this header, offline. Says nothing about how new it is. */
export function verifyHeader(set: ReplicaSet, header: Header): Result<void, HeaderRefusal> {
  if (!equalBytes(header.chainId, set.chainId)) return refuse('wrong-chain');
  if (header.epoch !== set.epoch) return refuse('wrong-epoch', `epoch ${header.epoch}, not ${set.epoch}`);
  const verified = verifyCheckpoint(set, header);
  return verified.ok ? accept(undefined) : verified;
}
