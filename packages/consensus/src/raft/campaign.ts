import { persistHard } from './journal.ts';
import { agreed } from './members.ts';
import type { RaftMessageOf } from './messages.ts';
import { dropReads } from './reads.ts';
import { becomeLeader } from './replication.ts';
import { becomeFollower, resetElection } from './roles.ts';
import { canCampaign, type State, send } from './state.ts';

/** Asks whether an election would be won before disturbing anyone by starting it: thesis §9.6. */
export function startPreVote(state: State): void {
  resetElection(state);
  if (!canCampaign(state)) return;
  state.role = 'pre-candidate';
  if (state.leader !== null) dropReads(state, 'leader-changed');
  state.leader = null;
  askForVotes(state, true, false);
}

/** @param transfer the leader asked for it, so those who hear the leader still vote */
export function campaign(state: State, transfer: boolean): void {
  if (!canCampaign(state)) return;
  state.role = 'candidate';
  state.leader = null;
  state.term += 1;
  state.vote = state.self;
  persistHard(state);
  resetElection(state);
  askForVotes(state, false, transfer);
}

function askForVotes(state: State, pre: boolean, transfer: boolean): void {
  const { lastIndex, lastTerm } = state.log;
  const term = pre ? state.term + 1 : state.term;
  state.votes = new Map([[state.self, true]]);
  for (const voter of new Set([...state.members.voters, ...state.members.outgoing])) {
    if (voter !== state.self) send(state, voter, { kind: 'vote', term, pre, transfer, lastIndex, lastTerm });
  }
  countVotes(state);
}

/** @returns why the vote was not given, if so */
export function onVote(state: State, from: number, message: RaftMessageOf<'vote'>): string | undefined {
  const { term, pre, transfer, lastIndex, lastTerm } = message;
  const hearsLeader = state.leader !== null && state.electionElapsed < state.options.electionTicks;
  // Whoever hears a leader keeps it: a member that was cut off, or removed, cannot depose it (thesis §4.2.3).
  if (term > state.term && hearsLeader && !transfer) return 'leader-alive';
  if (term < state.term) {
    answer(state, from, state.term, pre, false);
    return 'stale-term';
  }
  if (!pre && term > state.term) becomeFollower(state, term, null);
  const free = pre ? term > state.term : state.vote === from || (state.vote === null && state.leader === null);
  const granted = free && state.log.isUpToDate(lastIndex, lastTerm);
  if (granted && !pre) {
    state.vote = from;
    persistHard(state);
    state.electionElapsed = 0;
  }
  answer(state, from, pre && granted ? term : state.term, pre, granted);
  return undefined;
}

function answer(state: State, to: number, term: number, pre: boolean, granted: boolean): void {
  send(state, to, { kind: 'voted', term, pre, granted });
}

export function onVoted(state: State, from: number, message: RaftMessageOf<'voted'>): string | undefined {
  const { pre, granted } = message;
  const asked = pre ? state.role === 'pre-candidate' : state.role === 'candidate';
  const expected = pre && granted ? state.term + 1 : state.term;
  if (!asked || message.term !== expected) return 'stale-vote';
  if (!state.votes.has(from)) state.votes.set(from, granted);
  countVotes(state);
  return undefined;
}

function countVotes(state: State): void {
  if (agreed(state.members, (replica) => state.votes.get(replica) === true)) {
    if (state.role === 'pre-candidate') campaign(state, false);
    else becomeLeader(state);
  } else if (!agreed(state.members, (replica) => state.votes.get(replica) !== false)) {
    becomeFollower(state, state.term, null);
  }
}
