import { type DeviceId, equalBytes, MurmurError } from '@murmuration/core';
import { isSmallOrderKey } from '@murmuration/crypto';

/** The voters of one epoch of one chain. A replica's number is its position here. */
export interface ReplicaSet {
  /** Hash of the genesis, 32 bytes. */
  readonly chainId: Uint8Array;
  /** From 0; a reconfiguration adds one. */
  readonly epoch: number;
  readonly replicas: readonly ReplicaEntry[];
}

export interface ReplicaEntry {
  readonly device: DeviceId;
  /** Ed25519 public key, 32 bytes. */
  readonly key: Uint8Array;
}

/** More replicas than this do not fit the wire formats. All-to-all voting stops being sensible far below. */
export const MAX_REPLICAS = 128;

/** f: how many of n replicas may be arbitrarily faulty. */
export function maxFaulty(n: number): number {
  return Math.floor((n - 1) / 3);
}

/**
 * Q = ceil((n + f + 1) / 2): any two quorums share a correct replica, at every n. (2f + 1 alone does so only at
 * n = 3f + 1.) At most n - f, so correct replicas alone reach it.
 */
export function quorum(n: number): number {
  return Math.ceil((n + maxFaulty(n) + 1) / 2);
}

/** The replica that proposes in `view`. */
export function primaryOf(view: number, n: number): number {
  return view % n;
}

/** @returns `set`, checked once at the edge. @throws CONSENSUS_REPLICA_SET */
export function checkReplicaSet(set: ReplicaSet): ReplicaSet {
  const n = set.replicas.length;
  if (n < 1 || n > MAX_REPLICAS) throw wrongSet(`it has ${n} replicas, not 1 to ${MAX_REPLICAS}`);
  if (set.chainId.length !== 32) throw wrongSet(`its chain id has ${set.chainId.length} bytes, not 32`);
  if (!Number.isSafeInteger(set.epoch) || set.epoch < 0) throw wrongSet(`its epoch is ${set.epoch}`);
  for (const [i, { key }] of set.replicas.entries()) {
    if (key.length !== 32 || isSmallOrderKey(key))
      throw wrongSet(`the key of replica ${i} is not a usable Ed25519 key`);
    const twin = set.replicas.findIndex((other) => equalBytes(other.key, key));
    if (twin !== i) throw wrongSet(`replicas ${twin} and ${i} have one key`);
  }
  return set;
}

function wrongSet(why: string): MurmurError {
  return new MurmurError({
    code: 'CONSENSUS_REPLICA_SET',
    message: `the replica set cannot be used: ${why}`,
    remedy: 'give each replica its own Ed25519 key and the chain the SHA3-256 of its genesis',
  });
}
