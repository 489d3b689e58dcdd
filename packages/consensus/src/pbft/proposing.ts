import { assert, toHex } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { encodeBatch } from '../quorum/batch.ts';
import { signStatement } from '../quorum/statement.ts';
import { persistPayload, persistVote } from './journal.ts';
import { advance } from './normal-case.ts';
import { isPrimary, reach, roundAt, type Slot, type State, send, slotAt, statementAt } from './state.ts';

/**
 * The primary's part. An idle pipeline sends at once; while batches are in flight, requests wait for company until
 * a batch is full or `batchDelayMs` has passed. Heights that a new view left free, or that an epoch still has, are
 * filled at once.
 */
export function proposeReady(state: State): void {
  if (!isPrimary(state) || state.changing || state.abandon || state.voice !== 'free') return;
  for (;;) {
    const { free, inFlight } = survey(state);
    if (free === undefined) return;
    const gap = free <= Math.max(state.newView?.top ?? 0, state.last ?? 0);
    const { waiting } = state.pool;
    if (!gap && waiting === 0) return;
    if (!gap && inFlight > 0 && !state.pool.full && !state.batchDue) return;
    state.batchDue = false;
    propose(state, free);
  }
}

/** Whether the batch timer should run: requests wait while there is room for a batch. */
export function waitsForCompany(state: State): boolean {
  return isPrimary(state) && !state.changing && state.pool.waiting > 0 && survey(state).free !== undefined;
}

/** @returns the lowest height that this view may still propose for, if any, and how many are under way */
function survey(state: State): { readonly free: number | undefined; readonly inFlight: number } {
  const first = Math.max(state.committed, state.newView?.base ?? 0) + 1;
  const { window, logWindow } = state.options;
  const last = Math.min(first - 1 + window, state.stable.height + logWindow, reach(state));
  let inFlight = 0;
  for (let height = first; height <= last; height++) {
    const slot = state.slots.get(height);
    if (!isTaken(state, height, slot)) return { free: height, inFlight };
    inFlight += 1;
  }
  return { free: undefined, inFlight };
}

/** Whether this view has its proposal for a height: decided, bound by the new-view, proposed, or voted on. */
function isTaken(state: State, height: number, slot: Slot | undefined): boolean {
  if (state.newView?.forced.has(height)) return true;
  if (slot === undefined) return false;
  return (
    slot.decided !== null || slot.rounds.get(state.view)?.proposal != null || (slot.vote?.view ?? -1) >= state.view
  );
}

function propose(state: State, height: number): void {
  const slot = slotAt(state, height);
  const round = roundAt(state, slot, state.view);
  assert(round.proposal === null, `one proposal at view ${state.view}, height ${height}`);
  const batch = { timeMs: state.nowMs, requests: state.pool.take() };
  const bytes = encodeBatch(batch);
  const payload = { bytes, batch };
  const digest = sha3_256(bytes);
  const statement = statementAt(state, { phase: 'pre-prepare', view: state.view, height, digest });
  const signature = signStatement(state.signer, state.set.chainId, statement);
  slot.payloads.set(toHex(digest), payload);
  round.proposal = { digest, signature };
  slot.vote = { view: state.view, digest, proposal: signature, prepare: null, commit: null };
  persistPayload(state, slot, digest, payload);
  persistVote(state, slot);
  const { epoch, view } = statement;
  send(state, 'all', { kind: 'pre-prepare', epoch, view, height, digest, signature, payload: bytes });
  advance(state, slot, round);
}
