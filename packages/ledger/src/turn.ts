import type { DeviceId } from '@murmuration/core';
import type { ed25519Verify } from '@murmuration/crypto';
import type { SignedCommand } from './commands/signed-command.ts';
import type { DeviceEntry } from './devices/schema.ts';
import type { LedgerEvent } from './events.ts';
import type { FeePolicy } from './fees/policy.ts';
import type { Genesis } from './genesis.ts';
import type { LedgerState } from './state/ledger-state.ts';

/** What never changes on one chain. */
export interface Chain {
  readonly genesis: Genesis;
  readonly chainId: Uint8Array;
  /** In the order of their numbers. */
  readonly replicas: readonly DeviceId[];
  readonly isReplica: (device: DeviceId) => boolean;
  /** Replicas that may lie, f. */
  readonly faulty: number;
  readonly quorum: number;
  readonly fees: FeePolicy;
  readonly verify: typeof ed25519Verify;
}

/** One block being applied. */
export interface Turn {
  readonly chain: Chain;
  readonly state: LedgerState;
  readonly height: number;
  /** Block time. */
  readonly nowMs: number;
  emit(event: LedgerEvent): void;
}

/** An admitted command: signed by the sender's current key, sequence number fresh. */
export interface Sent<C> {
  readonly sender: DeviceEntry;
  readonly signed: SignedCommand;
  readonly command: C;
}
