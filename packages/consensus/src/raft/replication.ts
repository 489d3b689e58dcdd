import { decodeBatch, encodeBatch } from '../quorum/batch.ts';
import { commitUpTo } from './delivery.ts';
import { commitFor } from './heartbeat.ts';
import { persistEntry } from './journal.ts';
import { isJoint, isVoter, leaveJoint, type Members, majorityIndex } from './members.ts';
import type { RaftMessageOf } from './messages.ts';
import { settleReads, startEarlyReads } from './reads.ts';
import { becomeFollower } from './roles.ts';
import { followers, type Progress, refreshMembers, type State, send } from './state.ts';

export function becomeLeader(state: State): void {
  state.role = 'leader';
  state.leader = state.self;
  state.electionElapsed = 0;
  state.quorumElapsed = 0;
  state.votes.clear();
  state.progress.clear();
  state.waiting.reorder(uncommittedRequests(state));
  settleProgress(state);
  // An entry of the new term: until it is committed nothing older counts as committed (paper §5.4.2, §8).
  appendOwn(state, [], null);
}

function* uncommittedRequests(state: State): Iterable<Uint8Array> {
  for (let index = state.commit + 1; index <= state.log.lastIndex; index++) {
    const batch = decodeBatch((state.log.at(index) as { payload: Uint8Array }).payload);
    if (batch.ok) yield* batch.value.requests;
  }
}

/** One progress for each follower of the newest configuration, and no other. */
function settleProgress(state: State): void {
  const wanted = followers(state);
  for (const known of state.progress.keys()) if (!wanted.includes(known)) state.progress.delete(known);
  for (const replica of wanted) {
    if (!state.progress.has(replica)) state.progress.set(replica, freshProgress(state.log.lastIndex + 1));
  }
}

function freshProgress(next: number): Progress {
  return { match: 0, next, probing: true, paused: false, active: true, snapshot: null, round: 0 };
}

/** Appends to the own log and sends it out. */
export function appendOwn(state: State, requests: readonly Uint8Array[], members: Members | null): void {
  const payload = encodeBatch({ timeMs: state.nowMs, requests });
  const entry = { term: state.term, members, payload };
  state.log.append(entry);
  persistEntry(state, state.log.lastIndex, entry);
  if (members !== null) {
    refreshMembers(state);
    settleProgress(state);
  }
  for (const to of followers(state)) sendAppend(state, to);
  advanceCommit(state);
}

/** Orders what waits, as far as the window lets. */
export function proposeReady(state: State): void {
  while (state.role === 'leader' && state.transfer === null) {
    if (state.log.lastIndex - state.commit >= state.options.window) return;
    const batch = state.waiting.takeBatch();
    if (batch.length === 0) return;
    appendOwn(state, batch, null);
  }
}

/** Sends a follower what it lacks, as far as it may be sent ahead of its answers. */
export function sendAppend(state: State, to: number): void {
  const progress = state.progress.get(to);
  if (progress === undefined) return;
  if (progress.snapshot !== null || state.log.termAt(progress.next - 1) === undefined) {
    sendSnapshotPart(state, to, progress);
  } else if (progress.probing) {
    if (!progress.paused) sendEntries(state, to, progress.next);
    progress.paused = true;
  } else {
    while (progress.next <= state.log.lastIndex && progress.next - progress.match <= state.options.maxInflight) {
      progress.next += sendEntries(state, to, progress.next);
    }
  }
}

/** @returns how many were sent */
function sendEntries(state: State, to: number, next: number, maxCount = state.options.maxInflight): number {
  const entries = state.log.slice(next, state.options.maxMessageBytes, maxCount);
  const prevTerm = state.log.termAt(next - 1) as number;
  const { term, commit } = state;
  send(state, to, { kind: 'append', term, prevIndex: next - 1, prevTerm, entries, commit });
  return entries.length;
}

function sendSnapshotPart(state: State, to: number, progress: Progress): void {
  const { index, term: lastTerm, members, snapshot } = state.log.base;
  if (progress.snapshot?.index !== index) progress.snapshot = { index, offset: 0 };
  const { offset } = progress.snapshot;
  const data = snapshot.subarray(offset, offset + state.options.maxMessageBytes);
  const size = snapshot.length;
  send(state, to, { kind: 'snapshot', term: state.term, index, lastTerm, members, size, offset, data });
}

export function onSnapshotReceived(
  state: State,
  from: number,
  message: RaftMessageOf<'snapshot-received'>,
): string | undefined {
  const progress = heard(state, from);
  if (progress === undefined) return 'not-leader';
  if (progress.snapshot === null || progress.snapshot.index !== message.index) return 'stale-snapshot';
  if (message.offset >= state.log.base.snapshot.length) {
    progress.snapshot = null;
    progress.match = Math.max(progress.match, message.index);
    progress.next = progress.match + 1;
    progress.probing = true;
    progress.paused = false;
    advanceCommit(state);
  } else {
    progress.snapshot.offset = message.offset;
  }
  sendAppend(state, from);
  return undefined;
}

export function onAppended(state: State, from: number, message: RaftMessageOf<'appended'>): string | undefined {
  const progress = heard(state, from);
  if (progress === undefined) return 'not-leader';
  if (message.match > state.log.lastIndex) return 'impossible-match';
  if (progress.snapshot !== null && message.match >= progress.snapshot.index) progress.snapshot = null;
  progress.match = Math.max(progress.match, message.match);
  progress.next = Math.max(progress.next, progress.match + 1);
  progress.probing = false;
  progress.paused = false;
  advanceCommit(state);
  if (state.role !== 'leader') return undefined;
  handOver(state);
  sendAppend(state, from);
  return undefined;
}

export function onRejected(state: State, from: number, message: RaftMessageOf<'rejected'>): string | undefined {
  const progress = heard(state, from);
  if (progress === undefined) return 'not-leader';
  const { prevIndex, hintIndex, hintTerm } = message;
  if (prevIndex <= progress.match || (progress.probing && prevIndex !== progress.next - 1)) return 'stale-rejection';
  const meet = state.log.lastIndexWithTermUpTo(hintTerm, hintIndex);
  progress.next = Math.max(progress.match, Math.min(meet, prevIndex - 1)) + 1;
  progress.probing = true;
  progress.paused = false;
  sendAppend(state, from);
  return undefined;
}

export function onAlive(state: State, from: number, message: RaftMessageOf<'alive'>): string | undefined {
  const progress = heard(state, from);
  if (progress === undefined) return 'not-leader';
  if (message.round > state.round) return 'impossible-round';
  progress.round = Math.max(progress.round, message.round);
  settleReads(state);
  if (progress.match >= state.log.lastIndex) return undefined;
  progress.paused = false;
  const before = state.effects.length;
  sendAppend(state, from);
  // All that may be in flight was sent and not all answered: an empty append finds out whether something was lost.
  if (state.effects.length === before) sendEntries(state, from, progress.next, 0);
  return undefined;
}

function heard(state: State, from: number): Progress | undefined {
  const progress = state.role === 'leader' ? state.progress.get(from) : undefined;
  if (progress !== undefined) progress.active = true;
  return progress;
}

/** Asks the member that is to lead to begin, once it holds everything: thesis §3.10. */
export function handOver(state: State): void {
  const { transfer } = state;
  if (transfer === null || transfer.asked) return;
  if (state.progress.get(transfer.to)?.match !== state.log.lastIndex) return;
  transfer.asked = true;
  send(state, transfer.to, { kind: 'timeout-now', term: state.term });
}

/** Only entries of the own term are committed by counting; older ones are with them: paper §5.4.2. */
export function advanceCommit(state: State): void {
  const { log, members } = state;
  const index = majorityIndex(members, (replica) => {
    return replica === state.self ? log.lastIndex : (state.progress.get(replica)?.match ?? 0);
  });
  if (index <= state.commit || log.termAt(index) !== state.term) return;
  commitUpTo(state, index);
  for (const to of followers(state))
    send(state, to, { kind: 'commit', term: state.term, commit: commitFor(state, to) });
  startEarlyReads(state);
  settleMembers(state);
}

/** A committed joint configuration is left at once; a leader that the new one leaves out then goes. Thesis §4.3. */
function settleMembers(state: State): void {
  if (state.membersIndex > state.commit) return;
  if (isJoint(state.members)) appendOwn(state, [], leaveJoint(state.members));
  else if (!isVoter(state.members, state.self)) becomeFollower(state, state.term, null);
}
