import { concatBytes } from '@murmuration/core';
import { commitUpTo } from './delivery.ts';
import { eraseEntries, persistBase, persistEntry, persistHard } from './journal.ts';
import type { Base, Entry } from './log.ts';
import { wrongMembers } from './members.ts';
import type { RaftMessageOf } from './messages.ts';
import { follow } from './roles.ts';
import { refreshMembers, type State, send } from './state.ts';

/** AppendEntries, receiver: paper, figure 2. */
export function onAppend(state: State, from: number, message: RaftMessageOf<'append'>): string | undefined {
  const wrong = follow(state, from, message.term) ?? wrongEntries(state, message);
  if (wrong !== undefined) return wrong;
  const { prevIndex, prevTerm, entries, commit } = message;
  if (prevIndex < state.commit) {
    // What is committed here is in every leader's log: old news, or a leader that does not know yet.
    send(state, from, { kind: 'appended', term: state.term, match: state.commit });
    return undefined;
  }
  if (state.log.termAt(prevIndex) !== prevTerm) {
    const hintIndex = state.log.lastIndexWithTermUpTo(prevTerm, prevIndex);
    const hintTerm = state.log.termAt(hintIndex) as number;
    send(state, from, { kind: 'rejected', term: state.term, prevIndex, hintIndex, hintTerm });
    return undefined;
  }
  take(state, prevIndex, entries);
  const match = prevIndex + entries.length;
  commitUpTo(state, Math.min(commit, match));
  send(state, from, { kind: 'appended', term: state.term, match });
  return undefined;
}

/** Replaces what conflicts and adds what is new. An entry that is there already stays, and so does all after it. */
function take(state: State, prevIndex: number, entries: readonly Entry[]): void {
  const { log } = state;
  const first = entries.findIndex((entry, i) => log.termAt(prevIndex + 1 + i) !== entry.term);
  if (first < 0) return;
  const start = prevIndex + 1 + first;
  const oldLast = log.lastIndex;
  if (start <= oldLast) log.truncate(start);
  // From the top down and before the new ones: a crash in between leaves no old entry above a new one.
  for (let index = oldLast; index >= start; index--) eraseEntries(state, index, index);
  for (const entry of entries.slice(first)) {
    log.append(entry);
    persistEntry(state, log.lastIndex, entry);
  }
  refreshMembers(state);
}

/** @returns what no correct leader sends, if so */
function wrongEntries(state: State, message: RaftMessageOf<'append'>): string | undefined {
  let term = message.prevTerm;
  for (const [i, entry] of message.entries.entries()) {
    if (entry.term < term || entry.term > message.term) return 'malformed-entries';
    term = entry.term;
    const { members } = entry;
    if (members !== null && wrongMembers(state.n, members.voters, members.learners) !== undefined) {
      return 'malformed-members';
    }
    const index = message.prevIndex + 1 + i;
    const known = state.log.termAt(index);
    if (index <= state.commit && known !== undefined && known !== entry.term) return 'conflicts-with-commit';
  }
  return undefined;
}

export function onHeartbeat(state: State, from: number, message: RaftMessageOf<'heartbeat'>): string | undefined {
  const wrong = follow(state, from, message.term);
  if (wrong !== undefined) return wrong;
  commitUpTo(state, Math.min(message.commit, state.log.lastIndex));
  send(state, from, { kind: 'alive', term: state.term, round: message.round });
  return undefined;
}

export function onCommit(state: State, from: number, message: RaftMessageOf<'commit'>): string | undefined {
  const wrong = follow(state, from, message.term);
  if (wrong !== undefined) return wrong;
  commitUpTo(state, Math.min(message.commit, state.log.lastIndex));
  return undefined;
}

/** InstallSnapshot, in parts: paper §7. */
export function onSnapshot(state: State, from: number, message: RaftMessageOf<'snapshot'>): string | undefined {
  const wrong = follow(state, from, message.term);
  if (wrong !== undefined) return wrong;
  const { index, size, offset, data, lastTerm, members } = message;
  if (size > state.options.maxSnapshotBytes) return 'snapshot-too-large';
  if (wrongMembers(state.n, members.voters, members.learners) !== undefined) return 'malformed-members';
  if (lastTerm > message.term || offset + data.length > size) return 'malformed-snapshot';
  if (index <= state.commit) {
    send(state, from, { kind: 'appended', term: state.term, match: state.commit });
    return undefined;
  }
  if (state.incoming?.index !== index) state.incoming = { term: message.term, index, parts: [], bytes: 0 };
  const { incoming } = state;
  if (offset === incoming.bytes && data.length > 0) {
    incoming.parts.push(data);
    incoming.bytes += data.length;
  }
  if (incoming.bytes === size)
    install(state, { index, term: lastTerm, members, snapshot: concatBytes(...incoming.parts) });
  send(state, from, { kind: 'snapshot-received', term: state.term, index, offset: incoming.bytes });
  return undefined;
}

function install(state: State, base: Base): void {
  state.incoming = null;
  rebase(state, base);
  state.commit = Math.max(state.commit, base.index);
  state.delivered = Math.max(state.delivered, base.index);
  persistHard(state);
  refreshMembers(state);
  state.effects.push({ kind: 'install', height: base.index, snapshot: base.snapshot });
}

/**
 * A crash in between must leave a log that was once true: what conflicts above the snapshot goes first, from the top
 * down; what the snapshot stands for goes once that is durable.
 */
export function rebase(state: State, base: Base): void {
  const { baseIndex, lastIndex } = state.log;
  const fits = state.log.termAt(base.index) === base.term;
  if (!fits) for (let index = lastIndex; index > base.index; index--) eraseEntries(state, index, index);
  persistBase(state, base);
  eraseEntries(state, baseIndex + 1, Math.min(base.index, lastIndex));
  state.log.compact(base);
}
