/** What the client and the replicas of one run agree on without a word: who is who, and the bytes of a reply. */
import type { PbftOptions, ReplicaSet } from '@murmuration/consensus';
import { bytes, type Infer, list, struct, uint, utf8 } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { createIdentity, type DeviceIdentity } from '@murmuration/identity';

export const REPLICAS = 7;
/** f + 1: one of them is correct. */
export const REPLIES_WANTED = 3;
export const SUBMIT_TOPIC = 'submit';
export const REPLY_TOPIC = 'reply';
const DAY_MS = 86_400_000;
const MAX_TRANSACTIONS = 16_384;

/** What a replica is forked with, as JSON in its arguments. */
export interface ReplicaOptions {
  readonly self: number;
  readonly startedMs: number;
  readonly folder: string;
  /** Of the others, as far as they listen. */
  readonly bootstrap: readonly string[];
  readonly pbft: PbftOptions;
  /** Threads that check transactions ahead of their execution. */
  readonly verifierWorkers: number;
}

/** What a replica tells its parent: that it listens, and that it takes part. */
export type FromReplica =
  | { readonly kind: 'listening'; readonly address: string }
  | { readonly kind: 'failed'; readonly reason: string };

/** What its parent tells it. */
export type ToReplica = { readonly kind: 'dial'; readonly address: string };

/** Told by each replica to the client for each block: what it holds, and the state after it. */
export const replySchema = struct({
  height: uint,
  view: uint,
  stateRoot: bytes(32),
  transactions: list(uint, MAX_TRANSACTIONS),
});
export type Reply = Infer<typeof replySchema>;

/** @param i 0 to 6 a replica, 7 the client. The same in every process that knows when the run started. */
export function identityOf(i: number, startedMs: number): DeviceIdentity {
  let draws = 0;
  const drawn = (length: number) => sha3_256(utf8(`${startedMs} ${i} ${draws++}`)).subarray(0, length);
  return createIdentity({ bytes: drawn }, { nowMs: startedMs, validForMs: DAY_MS }).identity;
}

export function replicaSetOf(startedMs: number): ReplicaSet {
  const replicas = Array.from({ length: REPLICAS }, (_, i) => identityOf(i, startedMs)).map(({ device, signer }) => ({
    device,
    key: signer.publicKey,
  }));
  return { chainId: sha3_256(utf8(`chain ${startedMs}`)), epoch: 0, replicas };
}
