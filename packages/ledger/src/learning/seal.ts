import type { Sent } from '../turn.ts';
import type { Seal } from './schema.ts';

/** What of an admitted command must be kept to give its bytes back. */
export function sealOf({ sender, signed }: Sent<unknown>): Seal {
  return {
    device: sender.device,
    epoch: sender.epoch,
    sequence: signed.sequence,
    signature: signed.signature,
  };
}
