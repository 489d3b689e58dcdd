import { checkChange } from '../loop/reconfiguration.ts';
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
  const { set, base, committed, last, slots } = state;
  const voted = [...slots.values()].filter(({ vote }) => vote !== null).map(({ height }) => height);
  checkChange({ set, base, last, highest: Math.max(committed, ...voted) }, next, lastHeight);
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
