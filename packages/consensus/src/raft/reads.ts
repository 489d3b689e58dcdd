import { heartbeat } from './heartbeat.ts';
import { agreed } from './members.ts';
import type { RaftMessageOf } from './messages.ts';
import { type State, send } from './state.ts';

/**
 * ReadIndex, thesis §6.4: a read is as new as everything committed when it was asked, once a quorum has confirmed that
 * the leader it went through still led after that.
 */
export function onReadEvent(state: State, id: number): void {
  if (state.role === 'leader') ask(state, id, state.self);
  else if (state.leader === null) readRefused(state, id, 'no-leader');
  else if (state.askedReads.size >= state.options.maxReads) readRefused(state, id, 'too-many-reads');
  else {
    state.askedReads.set(id, state.ticks);
    send(state, state.leader, { kind: 'read', id });
  }
}

/** A follower's host asks. */
export function onRead(state: State, from: number, message: RaftMessageOf<'read'>): string | undefined {
  if (state.role !== 'leader') return 'not-leader';
  if (state.reads.length + state.earlyReads.length >= state.options.maxReads) return 'too-many-reads';
  ask(state, message.id, from);
  return undefined;
}

export function onReadable(state: State, from: number, message: RaftMessageOf<'readable'>): string | undefined {
  if (from !== state.leader || !state.askedReads.delete(message.id)) return 'read-not-asked';
  state.effects.push({ kind: 'readable', id: message.id, height: message.height });
  return undefined;
}

function ask(state: State, id: number, from: number): void {
  const { reads, earlyReads, options } = state;
  // Its commit index may lag behind the last leader's until it has committed an entry of its own.
  if (reads.length + earlyReads.length >= options.maxReads) readRefused(state, id, 'too-many-reads');
  else if (state.log.termAt(state.commit) !== state.term) earlyReads.push({ id, from });
  else confirm(state, id, from);
}

function confirm(state: State, id: number, from: number): void {
  state.round += 1;
  state.reads.push({ id, from, height: state.commit, round: state.round });
  heartbeat(state);
  settleReads(state);
}

/** The leader has committed in its own term: reads that waited for that go on. */
export function startEarlyReads(state: State): void {
  for (const { id, from } of state.earlyReads.splice(0)) confirm(state, id, from);
}

/** Answers reads that a quorum has confirmed. */
export function settleReads(state: State): void {
  const reached = (round: number) =>
    agreed(state.members, (replica) => {
      return replica === state.self || (state.progress.get(replica)?.round ?? 0) >= round;
    });
  while (state.reads[0] !== undefined && reached(state.reads[0].round)) {
    const { id, from, height } = state.reads.shift() as (typeof state.reads)[number];
    if (from === state.self) state.effects.push({ kind: 'readable', id, height });
    else send(state, from, { kind: 'readable', term: state.term, id, height });
  }
}

/** The question or its answer may be lost: the host asks again. */
export function expireReads(state: State): void {
  for (const [id, asked] of state.askedReads) {
    if (state.ticks - asked < state.options.electionTicks) return;
    state.askedReads.delete(id);
    readRefused(state, id, 'no-answer');
  }
}

/** Nobody can answer these any more. */
export function dropReads(state: State, reason: string): void {
  const own = [...state.reads, ...state.earlyReads].filter(({ from }) => from === state.self);
  for (const id of [...own.map((read) => read.id), ...state.askedReads.keys()]) readRefused(state, id, reason);
  state.reads = [];
  state.earlyReads = [];
  state.askedReads.clear();
}

function readRefused(state: State, id: number, reason: string): void {
  state.effects.push({ kind: 'readRefused', id, reason });
}
