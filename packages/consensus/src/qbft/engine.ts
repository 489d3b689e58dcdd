import { MurmurError, unreachable } from '@murmuration/core';
import type { Engine, EngineEvent, Executed } from '../engine.ts';
import { checkChange } from '../loop/reconfiguration.ts';
import { isPeer, refused, takeStep } from '../loop/shell.ts';
import { quorum, type ReplicaSet } from '../quorum/replica-set.ts';
import { keepLater, offer, onDecided, onRequests } from './catch-up.ts';
import { createState, type QbftDeps } from './create-state.ts';
import { advance, decide, openHeight } from './deciding.ts';
import { readRecords, takeUpOwn } from './journal.ts';
import { decodeQbftMessage, type QbftMessageOf } from './messages.ts';
import type { QbftOptions } from './options.ts';
import { askOthers, onRecall, onRecalled, speak } from './own-key.ts';
import { enterRound, lead, leaveRound, onProposal, onRoundChange, roundToJoin } from './rounds.ts';
import { currentRound, isListening, isOpen, isProposer, misplaced, proposerOf, type State, send } from './state.ts';
import { onTimer, settleTimers, startTicking } from './timers.ts';
import { takeStatement, takeVote } from './votes.ts';

/** Bad signatures that one replica may cost us between two ticks; then it is not listened to until the next. */
const MAX_STRIKES = 64;
/** Heights further away are not kept for: whoever is there has proofs. */
const MAX_HEIGHTS_AHEAD = 8;

/**
 * QBFT (Moniz, arXiv 2002.03613) as a pure step: one height after another, rounds with proposals that justify
 * themselves, certificates that verify offline. Safe with up to f = floor((n - 1) / 3) arbitrary replicas in an
 * asynchronous network; live once messages arrive in bounded time.
 * @throws CONSENSUS_REPLICA_SET, CONSENSUS_WRONG_SIGNER, OPTION_UNKNOWN, OPTION_OUT_OF_RANGE
 */
export function createQbft(deps: QbftDeps, options: QbftOptions = {}): Engine {
  return createQbftWithQuorum(deps, options, quorum(deps.replicaSet.replicas.length));
}

/**
 * For checkers: a quorum that is too small, which they must catch, and a state of their own, to look into and to copy.
 * Not exported by the package.
 */
export function createQbftWithQuorum(
  deps: QbftDeps,
  options: QbftOptions,
  q: number,
  state = createState(deps, options, q),
): Engine {
  return {
    step: (event) =>
      takeStep(state, event, () => {
        take(state, event);
        settle(state);
      }),
    get status() {
      const { height, round, pool } = state;
      const primary = proposerOf(state, height, round);
      const committed = { height: height - 1, stableCheckpoint: height - 1 };
      const viewChanging = round > 1 && currentRound(state).payload === null;
      return { view: round, primary, ...committed, pending: pool.size, viewChanging };
    },
  };
}

function take(state: State, event: EngineEvent): void {
  switch (event.kind) {
    case 'start':
      start(state, event);
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
      onTimer(state, event.id);
      break;
    case 'executed':
      onExecuted(state, event);
      break;
    case 'installed':
      state.executed = Math.max(state.executed, event.height);
      if (event.height >= state.height) openHeight(state, event.height + 1);
      break;
    case 'reconfigure':
      onReconfigure(state, event.next, event.lastHeight);
      break;
    default:
      unreachable(event);
  }
}

/** Follows up on what an event has changed: votes, rounds, the own turn, messages that came early, the clock. */
function settle(state: State): void {
  for (;;) {
    advance(state);
    if (state.abandon && isOpen(state)) leaveRound(state);
    const join = roundToJoin(state);
    if (join !== undefined) enterRound(state, join);
    lead(state);
    advance(state);
    const place = `${state.height} ${state.round} ${isListening(state)}`;
    if (place === state.place) break;
    state.place = place;
    replayLater(state);
  }
  settleTimers(state);
}

function start(state: State, { records, executed, sure }: Extract<EngineEvent, { kind: 'start' }>): void {
  state.executed = executed.height;
  state.height = executed.height + 1;
  readRecords(state, records);
  takeUpOwn(state);
  for (;;) {
    const decided = state.decided.get(state.height);
    if (decided === undefined) break;
    decide(state, decided.payload, decided.certificate);
  }
  if (sure === true) speak(state);
  askOthers(state);
  send(state, 'all', { kind: 'fetch', height: state.height });
  startTicking(state);
}

function onExecuted(state: State, { height }: Executed): void {
  if (height <= state.executed) return;
  if (height !== state.executed + 1 || height >= state.height) {
    const { executed } = state;
    throw new MurmurError({
      code: 'CONSENSUS_EXECUTION_ORDER',
      message: `the host says it executed height ${height} after ${executed}, with ${state.height - 1} committed`,
      remedy: 'execute committed blocks one by one in height order, and report jumps as installed',
      facts: { height, executed, committed: state.height - 1 },
    });
  }
  state.executed = height;
}

/** The epoch ends at `lastHeight`: heights up to there are filled, nothing is decided above. */
function onReconfigure(state: State, next: ReplicaSet, lastHeight: number): void {
  const { hostSet: set, base, last, height, round, vote } = state;
  if (next.epoch <= set.epoch) return;
  const highest = vote !== null || round > 1 ? height : height - 1;
  checkChange({ set, base, last, highest }, next, lastHeight);
  state.last = lastHeight;
}

/** A request of the own host: into the pool, and to all, so that a dead proposer is noticed by all. */
function submit(state: State, request: Uint8Array): void {
  const reason = state.pool.add(request, state.self, state.ticks);
  if (reason !== undefined) state.effects.push({ kind: 'refused', request, reason });
  else if (!isOpen(state) || !isProposer(state) || state.round > 1 || state.vote !== null) {
    send(state, 'all', { kind: 'requests', again: false, requests: [request] });
  }
}

function receive(state: State, from: number, bytes: Uint8Array): string | undefined {
  if (!isPeer(from, state.self, state.n)) return 'unknown-sender';
  if ((state.peers[from]?.strikes ?? 0) >= MAX_STRIKES) return 'muted';
  const decoded = decodeQbftMessage(bytes);
  if (!decoded.ok) return decoded.reason;
  const message = decoded.value;
  switch (message.kind) {
    case 'requests':
      return onRequests(state, from, message);
    case 'fetch':
      return offer(state, from, message.height);
    case 'decided':
      return onDecided(state, from, message, bytes);
    case 'recall':
      return onRecall(state, from);
    case 'recalled':
      return onRecalled(state, from, message);
    case 'witness':
      for (const signed of message.statements) {
        const reason = takeStatement(state, from, signed);
        if (reason !== undefined) refused(state, reason, from);
      }
      return undefined;
    default:
      return inPlace(state, from, message, bytes);
  }
}

type Placed = QbftMessageOf<'proposal' | 'prepare' | 'commit' | 'round-change'>;

/** What belongs to one height: early is kept, late is answered with the decision or may convict its sender. */
function inPlace(state: State, from: number, message: Placed, bytes: Uint8Array): string | undefined {
  const { epoch, height } = message;
  if (epoch !== state.set.epoch) return 'wrong-epoch';
  if (state.last !== null && height > state.last) return 'above-last-height';
  if (height > state.height + MAX_HEIGHTS_AHEAD) {
    state.ahead = from;
    return 'too-far-ahead';
  }
  if (height > state.height || (height === state.height && !isListening(state))) return keepLater(state, from, bytes);
  switch (message.kind) {
    case 'proposal':
      return onProposal(state, from, message);
    case 'round-change':
      return height < state.height ? offer(state, from, height) : onRoundChange(state, from, message);
    default:
      return onVote(state, from, message);
  }
}

function onVote(state: State, from: number, message: QbftMessageOf<'prepare' | 'commit'>): string | undefined {
  const { kind: phase, epoch, height, round: view, digest, signature } = message;
  const reason = misplaced(state, height, view);
  return reason ?? takeVote(state, { replica: from, epoch, phase, view, height, digest, signature }, from, false);
}

/** Hears again what came before its time. */
function replayLater(state: State): void {
  const kept = [...state.later].sort(([a], [b]) => a - b);
  state.later.clear();
  for (const [from, messages] of kept) {
    for (const bytes of messages) {
      const reason = receive(state, from, bytes);
      if (reason !== undefined) refused(state, reason, from);
    }
  }
}
