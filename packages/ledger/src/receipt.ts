import type { DeviceId } from '@murmuration/core';
import type { Command } from './commands/command.ts';
import type { Usage } from './devices/replay-window.ts';
import type { RefusalReason } from './refusal.ts';

/** What became of one request of a block, in the block's order. */
export interface Receipt {
  /** SHA3-256 of the request. */
  readonly digest: Uint8Array;
  /** Null where the bytes were no command. */
  readonly device: DeviceId | null;
  readonly kind: Command['kind'] | null;
  readonly sequence: number | null;
  /** `duplicate`: these bytes had their effect, or their refusal, before. */
  readonly outcome: 'applied' | 'duplicate' | 'refused';
  /** Null where applied. */
  readonly reason: RefusalReason | null;
  /** More about the reason, for a person. */
  readonly detail: string | null;
  /** What the policy charged, in the smallest unit; 0 for what it was not asked about. */
  readonly fee: bigint;
  /** Of a `duplicate`: what became of these bytes the first time. Else null. */
  readonly first: FirstReceipt | null;
}

/** What is remembered of a receipt while its sequence number is in the replay window. */
export interface FirstReceipt {
  readonly height: number;
  readonly outcome: 'applied' | 'refused';
  readonly reason: RefusalReason | null;
  readonly fee: bigint;
}

export function firstReceiptOf({ height, reason, fee }: Usage): FirstReceipt {
  return { height, outcome: reason === null ? 'applied' : 'refused', reason, fee };
}
