import type { DeviceId } from '@murmuration/core';
import type { Command } from './commands/command.ts';
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
}
