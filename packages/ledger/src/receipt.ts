import type { DeviceId } from '@murmuration/core';
import type { Command } from './commands/command.ts';

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
  /** Kebab case, stable; null where applied. The list is in the README. */
  readonly reason: string | null;
}
