import { persistHard } from './journal.ts';
import { dropReads } from './reads.ts';
import { type State, send } from './state.ts';

/** A new term, or the same one under another role: forgets what belonged to the old one. */
export function becomeFollower(state: State, term: number, leader: number | null): void {
  const newTerm = term !== state.term;
  if (newTerm) {
    state.term = term;
    state.vote = null;
    persistHard(state);
  }
  if (state.role === 'leader') state.waiting.reorder([]);
  if (state.role === 'leader' || leader !== state.leader) dropReads(state, 'leader-changed');
  state.role = 'follower';
  state.leader = leader;
  state.transfer = null;
  state.progress.clear();
  state.votes.clear();
  if (newTerm) state.incoming = null;
  resetElection(state);
}

/** Drawn anew every time, so that split votes do not repeat: paper §5.2. */
export function resetElection(state: State): void {
  state.electionElapsed = 0;
  state.electionTimeout = state.options.electionTicks + state.random.below(state.options.electionTicks);
}

/**
 * A message that only the leader of `term` sends. Whoever sends one of an old term is told the new one, so that it
 * steps down at once.
 * @returns why it is not followed, if so
 */
export function follow(state: State, from: number, term: number): string | undefined {
  if (term < state.term) {
    send(state, from, { kind: 'alive', term: state.term, round: 0 });
    return 'stale-term';
  }
  if (term === state.term) {
    if (state.role === 'leader' || (state.leader !== null && state.leader !== from)) return 'second-leader';
    if (state.role === 'follower' && state.leader === from) {
      state.electionElapsed = 0;
      return undefined;
    }
  }
  becomeFollower(state, term, from);
  return undefined;
}
