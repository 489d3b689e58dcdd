import { refused } from '../loop/shell.ts';
import { rebase } from './following.ts';
import { enterJoint, isJoint, isVoter, wrongMembers } from './members.ts';
import { appendOwn, handOver, sendAppend } from './replication.ts';
import type { State } from './state.ts';

/** Begins a change of members by a joint configuration; its commit ends it. Thesis §4.3. */
export function reconfigure(state: State, voters: readonly number[], learners: readonly number[]): void {
  const wrong = whyNoChange(state) ?? wrongMembers(state.n, voters, learners);
  if (wrong !== undefined) refused(state, wrong);
  else appendOwn(state, [], enterJoint(state.members, voters, learners));
}

function whyNoChange(state: State): string | undefined {
  if (state.role !== 'leader') return 'not-leader';
  if (state.transfer !== null) return 'transferring';
  if (isJoint(state.members) || state.membersIndex > state.commit) return 'change-in-flight';
  return state.log.termAt(state.commit) === state.term ? undefined : 'nothing-committed-in-term';
}

/** Hands the leadership to another voter; new requests wait meanwhile. Given up after an election timeout. */
export function transfer(state: State, to: number): void {
  const wrong = whyNoTransfer(state, to);
  if (wrong !== undefined) {
    refused(state, wrong);
    return;
  }
  state.transfer = { to, elapsed: 0, asked: false };
  handOver(state);
  if (!state.transfer.asked) sendAppend(state, to);
}

function whyNoTransfer(state: State, to: number): string | undefined {
  if (state.role !== 'leader') return 'not-leader';
  if (state.transfer !== null) return 'transferring';
  return to !== state.self && isVoter(state.members, to) ? undefined : 'not-another-voter';
}

/** The host's snapshot takes the place of the log up to `height`, which it has applied. */
export function compact(state: State, height: number, snapshot: Uint8Array): void {
  const wrong = whyNotCompact(state, height, snapshot);
  if (wrong !== undefined) {
    refused(state, wrong);
    return;
  }
  const { members } = state.log.membersAt(height);
  const term = state.log.termAt(height) as number;
  rebase(state, { index: height, term, members, snapshot: Uint8Array.from(snapshot) });
}

function whyNotCompact(state: State, height: number, snapshot: Uint8Array): string | undefined {
  if (height <= state.log.baseIndex) return 'already-compacted';
  if (height > state.delivered) return 'not-applied';
  return snapshot.length > state.options.maxSnapshotBytes ? 'snapshot-too-large' : undefined;
}
