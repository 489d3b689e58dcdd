import { equalBytes, MurmurError } from '@murmuration/core';
import type { ReplicaSet } from '../quorum/replica-set.ts';
import { signCheckpoint, stabilise } from './checkpoint.ts';
import { advance } from './normal-case.ts';
import { reach, type State } from './state.ts';

/**
 * The epoch ends at `lastHeight`: what is free up to there is filled, nothing above is voted on, and the state there
 * is signed as a checkpoint. Said again, it changes nothing.
 */
export function onReconfigure(state: State, next: ReplicaSet, lastHeight: number): void {
  if (next.epoch <= state.set.epoch) return;
  checkChange(state, next, lastHeight);
  if (state.last !== null) return;
  state.last = lastHeight;
  for (const height of state.slots.keys()) if (height > lastHeight) state.slots.delete(height);
  if (state.executed !== lastHeight) return;
  signCheckpoint(state, lastHeight, state.executedDigest);
  stabilise(state);
}

/** Votes on heights that have just come within reach. */
export function advanceReached(state: State): void {
  const top = reach(state);
  for (const slot of state.slots.values()) {
    if (slot.height > top || slot.height <= state.committed || (slot.vote?.view ?? -1) >= state.view) continue;
    const round = slot.rounds.get(state.view);
    if (round !== undefined) advance(state, slot, round);
  }
}

function checkChange(state: State, next: ReplicaSet, lastHeight: number): void {
  const { set, base, committed, last, slots } = state;
  if (next.epoch !== set.epoch + 1 || !equalBytes(next.chainId, set.chainId)) {
    throw wrongChange(`epoch ${next.epoch} does not follow epoch ${set.epoch} of this chain`);
  }
  if (!Number.isSafeInteger(lastHeight) || lastHeight <= base) {
    throw wrongChange(`the epoch began after height ${base} and cannot end at ${lastHeight}`);
  }
  if (last !== null && last !== lastHeight) throw wrongChange(`the epoch ends at ${last}, not at ${lastHeight}`);
  const voted = [...slots.values()].filter(({ vote }) => vote !== null).map(({ height }) => height);
  const highest = Math.max(committed, ...voted);
  if (highest > lastHeight)
    throw wrongChange(`height ${highest} is voted on, and the epoch was to end at ${lastHeight}`);
}

function wrongChange(why: string): MurmurError {
  return new MurmurError({
    code: 'CONSENSUS_RECONFIGURATION',
    message: `the replicas cannot change: ${why}`,
    remedy:
      'step the change that the state machine decided, once its block is executed, with the lookahead of the engine',
  });
}
