import type { DeviceId } from '@murmuration/core';
import type { Command } from '../commands/command.ts';
import type { RefusalReason } from '../refusal.ts';

/** An admitted command: its signature holds and its sequence number is fresh. */
export interface FeeOffer {
  readonly device: DeviceId;
  readonly kind: Command['kind'];
  /** Of the whole signed command. */
  readonly bytes: number;
  readonly height: number;
  /** Block time, unix milliseconds. */
  readonly timeMs: number;
}

/**
 * What a command costs in the smallest unit, and the policy's own reason where it may not go ahead. A policy that
 * refuses may still charge, as for a command that was sent too often.
 */
export interface FeeDecision {
  /** 0 to 2^128 - 1. */
  readonly fee: bigint;
  /** Kebab case, at most 64 characters; it becomes the `detail` of the refusal `fee-refused`. */
  readonly refused?: string;
}

/** What became of the command. */
export interface FeeOutcome {
  /** What `before` decided. */
  readonly fee: bigint;
  readonly outcome: 'applied' | 'refused';
  readonly reason: RefusalReason | null;
}

/**
 * The policy's own part of the replicated state, apart from all other tables. At most 65,536 entries, keys of 1 to
 * 128 characters, values of at most 4,096 bytes.
 */
export interface FeeState {
  get(key: string): Uint8Array | undefined;
  /** @throws LEDGER_FEE_STATE past a limit */
  set(key: string, value: Uint8Array): void;
  delete(key: string): void;
  /** In key order. */
  keys(): readonly string[];
}

/**
 * What commands cost. Pure: decides from its state and the offer alone, so that all replicas decide the same, and
 * never throws for what a command holds. Its id is part of the genesis, so replicas with different policies are on
 * different chains; a policy that changes in any way needs a new id.
 */
export interface FeePolicy {
  /** 1 to 64 of a-z, 0-9, `.`, `/` and `-`, with version and parameters: `market/fees/1`. */
  readonly id: string;
  /** Fills the state at height 0. */
  open?(state: FeeState): void;
  /** Before the command takes effect. */
  before(state: FeeState, offer: FeeOffer): FeeDecision;
  /** After it did, or was refused. @returns the fee that stands: a refund is a smaller one. @default that of `before` */
  after?(state: FeeState, offer: FeeOffer, outcome: FeeOutcome): bigint;
}

/** Everything is free: what a chain has whose genesis names no policy. */
export const FREE: FeePolicy = { id: '', before: () => ({ fee: 0n }) };
