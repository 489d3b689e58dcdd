import { sha3_256 } from '@murmuration/crypto';
import { forgets } from '../evidence/locks.ts';
import type { SignedStatement } from '../quorum/statement.ts';
import type { ViewChangeBody } from './messages.ts';
import { type HeldVote, type Round, type Slot, type State, statementAt } from './state.ts';
import { accuseOf, ensureVerified } from './witness.ts';

/** A view-change with a signature that holds. */
export interface SignedChange {
  readonly replica: number;
  readonly body: ViewChangeBody;
  readonly bodyBytes: Uint8Array;
  readonly signature: Uint8Array;
}

/** Compares what a replica says on leaving a view with every commit that is held of it. */
export function checkLocks(state: State, change: SignedChange): void {
  for (const slot of state.slots.values()) {
    if (slot.height <= change.body.stableHeight) continue;
    for (const round of slot.rounds.values()) checkLock(state, slot, round, change);
  }
}

/** A commit came: compares it with the view-change that is held of its signer. */
export function checkLateCommit(state: State, slot: Slot, round: Round, replica: number): void {
  const change = state.viewChanges[replica];
  if (change !== undefined && change.body.view > round.view) checkLock(state, slot, round, change);
}

function checkLock(state: State, slot: Slot, round: Round, change: SignedChange): void {
  const vote = round.commits[change.replica];
  if (vote === undefined) return;
  const { view } = round;
  const { height } = slot;
  const { digest } = vote;
  if (!forgets(change.body, { view, height, digest })) return;
  const commit = commitOf(state, round, height, change.replica, vote);
  if (!ensureVerified(state, round, { ...commit, vote })) return;
  const place = { phase: 'view-change', view: change.body.view, height: 0 } as const;
  const statement = statementAt(state, { ...place, digest: sha3_256(change.bodyBytes) });
  const signed = { replica: change.replica, ...statement, signature: change.signature };
  accuseOf(state, { kind: 'forgotten-lock', commit, change: signed, body: change.bodyBytes });
}

function commitOf(state: State, { view }: Round, height: number, replica: number, vote: HeldVote): SignedStatement {
  const { digest, signature } = vote;
  return { replica, ...statementAt(state, { phase: 'commit', view, height, digest }), signature };
}
