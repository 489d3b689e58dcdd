import { equalBytes } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { encodeBatch } from '../quorum/batch.ts';
import type { AggregateCertificate } from './certificates.ts';
import { keepPayload, payloadOf } from './journal.ts';
import { encodeHotstuff2Message } from './messages.ts';
import { isBarred, isLeaving, leaderOf, mayVote, type State, sendBytes, signAt } from './state.ts';
import { prepare } from './tally.ts';
import { castVote } from './voting.ts';

/** Whether something is to be decided at the open height. */
export function hasWork(state: State): boolean {
  if (!mayVote(state)) return false;
  const { pool, seen, lock, voted, lastHeight } = state;
  return pool.size > 0 || seen !== null || lock !== null || voted !== null || Number.isFinite(lastHeight);
}

/**
 * Whether the leader may propose: it holds the certificate of the view before (or what says as much: see `decide`),
 * has heard every lock, or has waited Δ for them. In view 0 nobody is locked.
 */
export function isReady(state: State): boolean {
  const { view, height, ready, lock, heard, n } = state;
  return view === 0 || ready === `${view} ${height}` || lock?.certificate.view === view - 1 || heard.size >= n - 1;
}

/** The leader's turn: it proposes what the highest certificate names, and only where there is none something new. */
export function lead(state: State): void {
  if (leaderOf(state) !== state.self || !mayVote(state) || isBarred(state) || state.ownProposal !== null) return;
  const { lock, voted, view } = state;
  if (voted?.view === view) {
    resume(state, voted.digest);
    return;
  }
  if (!isReady(state) || isLeaving(state)) return;
  if (lock !== null) {
    const payload = payloadOf(state, lock.digest);
    if (payload !== undefined) propose(state, payload, lock.certificate);
    return;
  }
  if (state.pool.waiting === 0 && !Number.isFinite(state.lastHeight)) return;
  propose(state, encodeBatch({ timeMs: state.nowMs, requests: state.pool.take() }), null);
}

function propose(state: State, payload: Uint8Array, justify: AggregateCertificate | null): void {
  const digest = sha3_256(payload);
  keepPayload(state, digest, payload, true);
  announce(state, digest, payload, justify);
  castVote(state, 'prepare', digest);
  sendBytes(state, 'all', state.ownProposal as Uint8Array);
}

function announce(state: State, digest: Uint8Array, payload: Uint8Array, justify: AggregateCertificate | null): void {
  const { set, height, view, proof } = state;
  const signature = signAt(state, 'pre-prepare', digest);
  state.seen = { view, digest, signature };
  const message = { kind: 'propose', epoch: set.epoch, height, view, payload, signature, justify, proof } as const;
  state.ownProposal = encodeHotstuff2Message(message);
}

/** A leader that crashed after its own vote stands by its proposal. */
function resume(state: State, digest: Uint8Array): void {
  const payload = payloadOf(state, digest);
  if (payload === undefined) return; // it voted as a follower of itself only with the payload on disk
  const { lock, height, view } = state;
  const own = lock !== null && equalBytes(lock.digest, digest) ? lock.certificate : null;
  announce(state, digest, payload, own !== null && own.view < view ? own : null);
  if (own !== null && own.view === view) {
    prepare(state, {
      height,
      digest,
      certificate: own,
      signature: (state.seen as { signature: Uint8Array }).signature,
    });
    return;
  }
  castVote(state, 'prepare', digest);
  sendBytes(state, 'all', state.ownProposal as Uint8Array);
}
