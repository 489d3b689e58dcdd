import { forgetsRound } from '../evidence/locks.ts';
import { claimDigest, encodeClaim, type QuotedRoundChange } from './messages.ts';
import { type State, statementAt } from './state.ts';
import { accuseOf, ensureVerified, heldOf } from './witness.ts';

/** Compares what a replica claims on entering `round` of the open height, its signature checked, with its commits. */
export function checkLocks(state: State, round: number, quoted: QuotedRoundChange): void {
  const { replica, signature } = quoted;
  if (replica === state.self) return;
  for (const earlier of state.log.get(state.height)?.values() ?? []) {
    const commit = heldOf(state, earlier, replica).find(({ phase }) => phase === 'commit');
    if (commit === undefined || !forgetsRound(round, quoted, commit)) continue;
    if (!ensureVerified(state, earlier, commit)) continue;
    const { vote: _, ...bare } = commit;
    const statement = statementAt(state, { height: state.height, round }, 'round-change', claimDigest(quoted));
    const change = { replica, ...statement, signature };
    accuseOf(state, { kind: 'forgotten-lock', commit: bare, change, body: encodeClaim(quoted) });
  }
}

/** A commit came: compares it with the round-change that is held of its signer. */
export function checkLateCommit(state: State, replica: number, height: number): void {
  const held = state.roundChanges[replica];
  if (held === undefined || height !== state.height) return;
  checkLocks(state, held.round, { replica, ...held });
}
