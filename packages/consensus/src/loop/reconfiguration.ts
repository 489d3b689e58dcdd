import { equalBytes, MurmurError } from '@murmuration/core';
import type { ReplicaSet } from '../quorum/replica-set.ts';

/** Where an engine stands when its epoch is to end. */
export interface EpochPlace {
  /** The set of this epoch, under the chain's own id. */
  readonly set: ReplicaSet;
  /** Heights up to here belong to earlier epochs. */
  readonly base: number;
  /** Where the epoch ends, if that is known already. */
  readonly last: number | null;
  /** The highest height voted on or decided. */
  readonly highest: number;
}

/** Checks a `reconfigure` event. @throws CONSENSUS_RECONFIGURATION */
export function checkChange({ set, base, last, highest }: EpochPlace, next: ReplicaSet, lastHeight: number): void {
  if (next.epoch !== set.epoch + 1 || !equalBytes(next.chainId, set.chainId)) {
    throw wrongChange(`epoch ${next.epoch} does not follow epoch ${set.epoch} of this chain`);
  }
  if (!Number.isSafeInteger(lastHeight) || lastHeight <= base) {
    throw wrongChange(`the epoch began after height ${base} and cannot end at ${lastHeight}`);
  }
  if (last !== null && last !== lastHeight) throw wrongChange(`the epoch ends at ${last}, not at ${lastHeight}`);
  if (highest > lastHeight) {
    throw wrongChange(`height ${highest} is voted on, and the epoch was to end at ${lastHeight}`);
  }
}

function wrongChange(why: string): MurmurError {
  return new MurmurError({
    code: 'CONSENSUS_RECONFIGURATION',
    message: `the replicas cannot change: ${why}`,
    remedy:
      'step the change that the state machine decided, once its block is executed, with the lookahead of the engine',
  });
}
