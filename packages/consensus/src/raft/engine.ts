import { checkInteger, MurmurError, type Random, unreachable } from '@murmuration/core';
import type { EngineRecord, Executed } from '../engine.ts';
import { damagedRecord } from '../loop/records.ts';
import { isPeer, refused, takeStep } from '../loop/shell.ts';
import { Waiting } from '../loop/waiting.ts';
import { MAX_REPLICAS } from '../quorum/replica-set.ts';
import { campaign, onVote, onVoted, startPreVote } from './campaign.ts';
import { compact, reconfigure, transfer } from './commands.ts';
import { deliver } from './delivery.ts';
import type { RaftEngine, RaftEvent } from './events.ts';
import { onAppend, onCommit, onHeartbeat, onSnapshot } from './following.ts';
import { heartbeat } from './heartbeat.ts';
import { restore } from './journal.ts';
import { RaftLog } from './log.ts';
import { agreed, allVoting, type Members, wrongMembers } from './members.ts';
import { decodeRaftMessage, type RaftMessage } from './messages.ts';
import { type CheckedRaftOptions, checkRaftOptions, type RaftOptions } from './options.ts';
import { expireReads, onRead, onReadable, onReadEvent } from './reads.ts';
import { onAlive, onAppended, onRejected, onSnapshotReceived, proposeReady, sendAppend } from './replication.ts';
import { becomeFollower, follow, resetElection } from './roles.ts';
import { followers, refreshMembers, type State, send } from './state.ts';

export interface RaftDeps {
  /** How many replicas there can be: numbers from 0 to size − 1, members or not. */
  readonly size: number;
  readonly self: number;
  /** For election timeouts. Of each replica another stream. */
  readonly random: Random;
  /** The voters that the cluster is born with, the same everywhere. @default all */
  readonly voters?: readonly number[];
}

const TICK = 'tick';
/** Requests that a follower passes on at once, and the ticks after which it does so again. */
const MAX_FORWARDED = 256;
const FORWARD_TICKS = 4;

/**
 * Raft (Ongaro and Ousterhout 2014, Ongaro's thesis) as a pure step: pre-vote, check-quorum, joint configurations,
 * snapshots, ReadIndex, leadership transfer. Its members trust one another: it survives crashes, loss, delay and
 * partitions while a majority lives, and no lie at all. Links must authenticate `from`.
 * @throws OPTION_UNKNOWN, OPTION_OUT_OF_RANGE, CONSENSUS_RAFT_MEMBERS
 */
export function createRaft(deps: RaftDeps, options: RaftOptions = {}): RaftEngine {
  const state = createState(deps, checkRaftOptions(options));
  return {
    step: (event) =>
      takeStep(state, event, () => {
        take(state, event);
        proposeReady(state);
      }),
    get status() {
      const { term, role, leader, commit, members, delivered, waiting, log } = state;
      const primary = leader ?? -1;
      const engine = { view: term, primary, height: delivered, stableCheckpoint: log.baseIndex };
      return { ...engine, pending: waiting.size, viewChanging: leader === null, term, role, leader, commit, members };
    },
    get log() {
      return state.log;
    },
  };
}

function createState(deps: RaftDeps, options: CheckedRaftOptions): State {
  const { size, self, random } = deps;
  checkInteger('size of a Raft cluster', size, 1, MAX_REPLICAS);
  checkInteger('number of the own replica', self, 0, size - 1);
  const members = birthMembers(size, deps.voters);
  return {
    ...{ n: size, self, options, random, waiting: new Waiting(options), started: false, nowMs: 0, effects: [] },
    log: new RaftLog({ index: 0, term: 0, members, snapshot: new Uint8Array(0) }),
    ...{ term: 0, vote: null, commit: 0, delivered: 0, members, membersIndex: 0 },
    ...{ role: 'follower', leader: null, electionElapsed: 0, electionTimeout: 0, quorumElapsed: 0, ticks: 0 },
    ...{ votes: new Map(), progress: new Map(), transfer: null },
    ...{ round: 0, reads: [], earlyReads: [], askedReads: new Map(), incoming: null },
  };
}

function birthMembers(size: number, voters: readonly number[] | undefined): Members {
  if (voters === undefined) return allVoting(size);
  const wrong = wrongMembers(size, voters, []);
  if (wrong === undefined) return { ...allVoting(0), voters: [...voters].sort((a, b) => a - b) };
  throw new MurmurError({
    code: 'CONSENSUS_RAFT_MEMBERS',
    message: `a Raft cluster cannot be born with the voters ${voters.join(', ')} of ${size}: ${wrong}`,
    remedy: 'name each voter once, by its number below the size',
    facts: { size, reason: wrong },
  });
}

function take(state: State, event: RaftEvent): void {
  switch (event.kind) {
    case 'start':
      start(state, event.records, event.executed);
      break;
    case 'message': {
      const reason = receive(state, event.from, event.bytes);
      if (reason !== undefined) refused(state, reason, event.from);
      break;
    }
    case 'propose':
      submit(state, event.request);
      break;
    case 'timer':
      if (event.id === TICK) tick(state);
      break;
    case 'executed':
      break; // what the host has applied says nothing to Raft until it compacts
    case 'installed':
      refused(state, 'snapshots-come-by-raft');
      break;
    case 'read':
      onReadEvent(state, event.id);
      break;
    case 'reconfigure':
      if ('voters' in event) reconfigure(state, event.voters, event.learners);
      else refused(state, 'members-change-by-raft');
      break;
    case 'transfer':
      transfer(state, event.to);
      break;
    case 'compact':
      compact(state, event.height, event.snapshot);
      break;
    default:
      unreachable(event);
  }
}

function start(state: State, records: readonly EngineRecord[], executed: Executed): void {
  const { log, term, vote, commit } = restore(records, state.members);
  if (executed.height > log.lastIndex) {
    throw damagedRecord('log', `it ends at ${log.lastIndex}, and the host has applied ${executed.height}`);
  }
  state.log = log;
  state.term = term;
  state.vote = vote;
  state.commit = Math.max(Math.min(commit, log.lastIndex), executed.height);
  state.delivered = Math.max(executed.height, log.baseIndex);
  refreshMembers(state);
  resetElection(state);
  state.effects.push({ kind: 'setTimer', id: TICK, delayMs: state.options.tickMs });
  if (executed.height < log.baseIndex) {
    state.effects.push({ kind: 'install', height: log.baseIndex, snapshot: log.base.snapshot });
  }
  deliver(state);
}

/** A request of the own host: into the pool, and to the leader. */
function submit(state: State, request: Uint8Array): void {
  const reason = state.waiting.add(request);
  if (reason !== undefined) state.effects.push({ kind: 'refused', request, reason });
  else if (state.role !== 'leader' && state.leader !== null) {
    send(state, state.leader, { kind: 'requests', requests: [request] });
  }
}

function onRequests(state: State, from: number, requests: readonly Uint8Array[]): string | undefined {
  if (state.role !== 'leader') return 'not-leader';
  for (const request of requests) {
    const reason = state.waiting.add(request);
    if (reason !== undefined && reason !== 'already-pending') refused(state, reason, from);
  }
  return undefined;
}

function receive(state: State, from: number, bytes: Uint8Array): string | undefined {
  if (!isPeer(from, state.self, state.n)) return 'unknown-sender';
  const decoded = decodeRaftMessage(bytes);
  if (!decoded.ok) return decoded.reason;
  const message = decoded.value;
  return outdated(state, message) ?? handle(state, from, message);
}

/** Answers carry the answerer's term: an old one is nothing to us, a newer one ends our own (paper §5.1). */
function outdated(state: State, message: RaftMessage): string | undefined {
  if (!ANSWERS.has(message.kind) || !('term' in message)) return undefined;
  if (message.term < state.term) return 'stale-term';
  const wouldBe = message.kind === 'voted' && message.pre && message.granted;
  if (message.term > state.term && !wouldBe) {
    becomeFollower(state, message.term, null);
    return 'newer-term';
  }
  return undefined;
}

const ANSWERS: ReadonlySet<RaftMessage['kind']> = new Set([
  'appended',
  'rejected',
  'alive',
  'voted',
  'snapshot-received',
  'readable',
]);

/** @returns why the message was not accepted, if so */
function handle(state: State, from: number, message: RaftMessage): string | undefined {
  switch (message.kind) {
    case 'append':
      return onAppend(state, from, message);
    case 'appended':
      return onAppended(state, from, message);
    case 'rejected':
      return onRejected(state, from, message);
    case 'heartbeat':
      return onHeartbeat(state, from, message);
    case 'alive':
      return onAlive(state, from, message);
    case 'vote':
      return onVote(state, from, message);
    case 'voted':
      return onVoted(state, from, message);
    case 'snapshot':
      return onSnapshot(state, from, message);
    case 'snapshot-received':
      return onSnapshotReceived(state, from, message);
    case 'timeout-now':
      return onTimeoutNow(state, from, message.term);
    case 'requests':
      return onRequests(state, from, message.requests);
    case 'read':
      return onRead(state, from, message);
    case 'readable':
      return onReadable(state, from, message);
    case 'commit':
      return onCommit(state, from, message);
    default:
      return unreachable(message);
  }
}

function onTimeoutNow(state: State, from: number, term: number): string | undefined {
  const wrong = follow(state, from, term);
  if (wrong === undefined) campaign(state, true);
  return wrong;
}

function tick(state: State): void {
  state.effects.push({ kind: 'setTimer', id: TICK, delayMs: state.options.tickMs });
  state.ticks += 1;
  expireReads(state);
  if (state.role === 'leader') leaderTick(state);
  else {
    state.electionElapsed += 1;
    if (state.electionElapsed >= state.electionTimeout) startPreVote(state);
    else if (state.leader !== null && state.ticks % FORWARD_TICKS === 0) forward(state, state.leader);
  }
}

function leaderTick(state: State): void {
  const { electionTicks } = state.options;
  state.quorumElapsed += 1;
  if (state.transfer !== null && ++state.transfer.elapsed >= electionTicks) state.transfer = null;
  if (state.quorumElapsed >= electionTicks) {
    state.quorumElapsed = 0;
    // A leader that no quorum has answered for so long may have been replaced: it stops (thesis §6.2).
    const live = agreed(state.members, (one) => one === state.self || state.progress.get(one)?.active === true);
    if (!live) {
      becomeFollower(state, state.term, null);
      return;
    }
    for (const progress of state.progress.values()) progress.active = false;
  }
  heartbeat(state);
  for (const to of followers(state)) {
    const progress = state.progress.get(to);
    if (progress === undefined || (!progress.probing && progress.snapshot === null)) continue;
    progress.paused = false;
    sendAppend(state, to);
  }
}

/** What the leader may have missed. */
function forward(state: State, leader: number): void {
  let bytes = 0;
  const requests = state.waiting.unordered(MAX_FORWARDED).filter((request) => {
    bytes += request.length;
    return bytes <= state.options.maxMessageBytes || bytes === request.length;
  });
  if (requests.length > 0) send(state, leader, { kind: 'requests', requests });
}
