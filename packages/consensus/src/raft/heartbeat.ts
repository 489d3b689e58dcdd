import { followers, type State, send } from './state.ts';

/** Says that the leader is alive, to each follower with what that follower is known to hold of what is committed. */
export function heartbeat(state: State): void {
  const { term, round } = state;
  for (const to of followers(state)) send(state, to, { kind: 'heartbeat', term, commit: commitFor(state, to), round });
}

/** A follower may be told of a commit only as far as its log is known to be the leader's. */
export function commitFor(state: State, to: number): number {
  return Math.min(state.commit, state.progress.get(to)?.match ?? 0);
}
