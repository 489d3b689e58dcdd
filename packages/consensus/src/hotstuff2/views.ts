import { dropPayloads, persistRecord } from './journal.ts';
import type { ViewProof } from './messages.ts';
import { certifies, leaderOf, mayAnswer, mayVote, type State, send } from './state.ts';

/** Enters the view that a proof leads to, if it is a later one. @returns whether the proof holds */
export function enterBy(state: State, proof: ViewProof, from: number): boolean {
  const { phase, height, digest, certificate } = proof;
  const left = phase === 'view-change';
  if (left && (height !== 0 || digest.some((byte) => byte !== 0))) return false;
  const view = left ? certificate.view + 1 : certificate.view;
  if (view <= state.view) return true;
  if (!certifies(state, { phase, height, digest }, certificate, from)) return false;
  if (left) state.failedViews += 1;
  enter(state, view, proof);
  return true;
}

/** Enters a view and tells its leader the own lock. */
export function enter(state: State, view: number, proof: ViewProof): void {
  state.view = view;
  state.proof = proof;
  clearView(state);
  dropPayloads(state, [state.voted?.digest, state.lock?.digest]);
  persistRecord(state);
  tellLock(state);
}

/** What belongs to one view at one height. */
export function clearView(state: State): void {
  state.seen = null;
  state.ownProposal = null;
  state.ownVote = null;
  state.prepared = null;
  state.ready = null;
  state.abandon = false;
  state.votes = new Map();
  state.votes2 = new Map();
  state.heard = new Set();
  // What an own proposal took waits again, unless it is committed.
  if (state.pool.waiting < state.pool.size) state.pool.requeue([]);
}

export function tellLock(state: State): void {
  const leader = leaderOf(state);
  if (leader === state.self || !mayVote(state)) return;
  const { set, height, view, proof, lock } = state;
  send(state, leader, { kind: 'new-view', epoch: set.epoch, height, view, proof, lock });
}

/** Takes a replica along that is in an earlier view. */
export function showView(state: State, to: number): void {
  if (state.proof !== null && mayAnswer(state, to)) send(state, to, { kind: 'enter', proof: state.proof });
}
