import type { Followed } from '@murmuration/consensus';
import {
  boolean,
  bytes,
  type DeviceId,
  deviceId,
  encode,
  list,
  oneOf,
  type Schema,
  struct,
  uint,
} from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { followedSchema } from '../light-client/saved.ts';
import { MAX_REPLICAS } from '../limits.ts';

/** Another cluster, as this chain follows it. One leaf, `cluster/CHAIN`, by its chain id in hexadecimal. */
export interface ClusterEntry {
  readonly followed: Followed;
  /** Replicas that vouched for where following began, ascending. */
  readonly approvedBy: readonly DeviceId[];
  /** A quorum vouched: from here on what it shows is believed. */
  readonly trusted: boolean;
}

export const clusterSchema: Schema<ClusterEntry> = struct({
  followed: followedSchema,
  approvedBy: list(deviceId, MAX_REPLICAS),
  trusted: boolean,
});

/** What two clusters do both or neither. Its hash is its name on both, so they cannot mean two things by it. */
export interface AtomicTerms {
  /** Chain id of the cluster that decides, 32 bytes. */
  readonly coordinator: Uint8Array;
  /** Chain id of the other one. */
  readonly participant: Uint8Array;
  /** Block time of the coordinator from which on it commits no more, unix milliseconds. */
  readonly deadlineMs: number;
  /** SHA3-256 of what is to be done: read by the modules on both sides, not here. */
  readonly digest: Uint8Array;
  /** Tells two deals of the same content apart, 16 bytes. */
  readonly nonce: Uint8Array;
}

export const termsSchema: Schema<AtomicTerms> = struct({
  coordinator: bytes(32),
  participant: bytes(32),
  deadlineMs: uint,
  digest: bytes(32),
  nonce: bytes(16),
});

/** One leaf, `atomic/ID`. It stays for good: the other cluster may ask for it at any time. */
export interface AtomicEntry {
  readonly terms: AtomicTerms;
  readonly state: 'prepared' | 'committed' | 'aborted';
  readonly preparedBy: DeviceId;
  readonly preparedHeight: number;
  /** 0 while it is prepared. */
  readonly resolvedHeight: number;
}

export const atomicSchema: Schema<AtomicEntry> = struct({
  terms: termsSchema,
  state: oneOf('prepared', 'committed', 'aborted'),
  preparedBy: deviceId,
  preparedHeight: uint,
  resolvedHeight: uint,
});

/** @returns 32 bytes: the name of a deal */
export function atomicId(terms: AtomicTerms): Uint8Array {
  return sha3_256(encode(termsSchema, terms));
}
