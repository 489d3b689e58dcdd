import type { Random } from '@murmuration/core';
import type { Waiting } from '../loop/waiting.ts';
import type { RaftEffect, RaftRole } from './events.ts';
import type { RaftLog } from './log.ts';
import { everyone, isVoter, type Members } from './members.ts';
import { encodeRaftMessage, type RaftMessage } from './messages.ts';
import type { CheckedRaftOptions } from './options.ts';

/** What a leader knows of one follower. */
export interface Progress {
  /** The highest index known to be there. */
  match: number;
  /** The next index to send. */
  next: number;
  /** While unsure where the logs meet, one append at a time. */
  probing: boolean;
  /** An append is under way while probing. */
  paused: boolean;
  /** Heard since the last check of the quorum. */
  active: boolean;
  /** The snapshot under way: its index, and the offset to send next. */
  snapshot: { readonly index: number; offset: number } | null;
  /** The newest heartbeat round answered. */
  round: number;
}

export interface Read {
  readonly id: number;
  /** Who asks: the own host, or a follower. */
  readonly from: number;
  readonly height: number;
  readonly round: number;
}

export interface Incoming {
  readonly term: number;
  readonly index: number;
  readonly parts: Uint8Array[];
  bytes: number;
}

/** Everything one member knows. Functions of this folder change it; nothing else does. */
export interface State {
  readonly n: number;
  readonly self: number;
  readonly options: CheckedRaftOptions;
  readonly random: Random;
  readonly waiting: Waiting;
  started: boolean;
  nowMs: number;
  effects: RaftEffect[];

  log: RaftLog;
  term: number;
  vote: number | null;
  commit: number;
  /** The last height handed to the host. */
  delivered: number;
  members: Members;
  membersIndex: number;

  role: RaftRole;
  leader: number | null;
  electionElapsed: number;
  electionTimeout: number;
  ticks: number;
  /** Since the quorum was last checked, as leader. */
  quorumElapsed: number;
  votes: Map<number, boolean>;
  progress: Map<number, Progress>;
  transfer: { readonly to: number; elapsed: number; asked: boolean } | null;

  round: number;
  reads: Read[];
  /** Reads of a leader that has committed nothing in its term yet. */
  earlyReads: { readonly id: number; readonly from: number }[];
  /** Own reads that a leader was asked about, by the tick they were asked at. */
  askedReads: Map<number, number>;
  incoming: Incoming | null;
}

export function send(state: State, to: number, message: RaftMessage): void {
  state.effects.push({ kind: 'send', to, bytes: encodeRaftMessage(message) });
}

/** @returns all other members that a leader replicates to */
export function followers(state: State): number[] {
  return everyone(state.members).filter((replica) => replica !== state.self);
}

export function canCampaign(state: State): boolean {
  return isVoter(state.members, state.self);
}

/** Takes the newest configuration of the log. */
export function refreshMembers(state: State): void {
  const { members, index } = state.log.members();
  state.members = members;
  state.membersIndex = index;
}
