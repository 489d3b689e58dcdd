import { unreachable } from '@murmuration/core';
import type { Engine, EngineEffect, EngineEvent } from '../engine.ts';
import { checkChange } from '../loop/reconfiguration.ts';
import { isPeer, refused, takeStep } from '../loop/shell.ts';
import { quorum, type ReplicaSet } from '../quorum/replica-set.ts';
import {
  offerBlocks,
  onBlock,
  onDecide,
  onFetch,
  onFetchPayload,
  onPayload,
  onStatus,
  sendStatus,
  wantBlocks,
} from './catch-up.ts';
import { createState, type Hotstuff2Deps } from './create-state.ts';
import { decideAhead, openHeight } from './deciding.ts';
import { decodeHotstuff2Message, type Hotstuff2Message, type Hotstuff2MessageOf } from './messages.ts';
import type { Hotstuff2Options } from './options.ts';
import { onNewView, onTimeout, settleViews } from './pacemaker.ts';
import { lead } from './proposing.ts';
import { restore } from './restore.ts';
import { isLeaving, leaderOf, type Peer, placeOf, type State, send } from './state.ts';
import { advance, onVote } from './tally.ts';
import { onTimer, settleTimers, startTick } from './timers.ts';
import { enterBy, tellLock } from './views.ts';
import { onPrepare, onPropose } from './voting.ts';
import { onExposed } from './witness.ts';

/** Messages kept from one replica that is ahead, of twice a batch together. */
const MAX_LATER = 8;
/** Committed requests that one replica may have ordered again between two ticks. */
const MAX_REVIVALS = 8;
/** Bad signatures that one replica may cost us between two ticks; then it is not listened to until the next. */
const MAX_STRIKES = 32;

/**
 * HotStuff-2 (Malkhi and Nayak, eprint 2023/397) as a pure step, height by height, with certificates of one BLS
 * signature each. Safe with up to f = floor((n - 1) / 3) arbitrary replicas in an asynchronous network; live once
 * messages arrive within Δ. 5 (n - 1) messages a decision.
 * @throws CONSENSUS_REPLICA_SET, CONSENSUS_WRONG_SIGNER, CONSENSUS_BLS_KEYS, OPTION_UNKNOWN, OPTION_OUT_OF_RANGE,
 * CRYPTO_WRONG_LENGTH, CRYPTO_BAD_SCALAR
 */
export function createHotstuff2(deps: Hotstuff2Deps, options: Hotstuff2Options = {}): Engine {
  return createHotstuff2WithQuorum(deps, options, quorum(deps.replicaSet.replicas.length));
}

/**
 * For checkers: a quorum that is too small, which they must catch, and a state of their own, to look into and to copy.
 * Not exported by the package.
 */
export function createHotstuff2WithQuorum(
  deps: Hotstuff2Deps,
  options: Hotstuff2Options,
  q: number,
  state = createState(deps, options, q),
): Engine {
  return {
    step: (event) => step(state, event),
    get status() {
      const { view, height, pool } = state;
      const committed = { height: height - 1, stableCheckpoint: height - 1 };
      return { view, primary: leaderOf(state), ...committed, pending: pool.size, viewChanging: isLeaving(state) };
    },
  };
}

function step(state: State, event: EngineEvent): readonly EngineEffect[] {
  return takeStep(state, event, (taken: EngineEvent) => {
    take(state, taken);
    settle(state);
  });
}

function take(state: State, event: EngineEvent): void {
  switch (event.kind) {
    case 'start':
      restore(state, event.records, event.executed);
      sendStatus(state, 'all');
      if (state.view > 0) tellLock(state);
      startTick(state);
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
      state.executed = Math.max(state.executed, event.height);
      break;
    case 'installed':
      state.executed = Math.max(state.executed, event.height);
      if (event.height >= state.height) openHeight(state, event.height + 1);
      break;
    case 'reconfigure':
      reconfigure(state, event.next, event.lastHeight);
      break;
    default:
      unreachable(event);
  }
}

/** Follows up on what an event has changed. */
function settle(state: State): void {
  decideAhead(state);
  settleViews(state);
  lead(state);
  advance(state);
  while (state.place !== placeOf(state)) {
    state.place = placeOf(state);
    replayLater(state);
    decideAhead(state);
    settleViews(state);
    lead(state);
    advance(state);
  }
  settleTimers(state);
}

/** The state machine has decided where this epoch ends. */
function reconfigure(state: State, next: ReplicaSet, lastHeight: number): void {
  const { set, chainId, base, height, voted } = state;
  const highest = voted === null ? height - 1 : height;
  const last = Number.isFinite(state.lastHeight) ? state.lastHeight : null;
  checkChange({ set: { ...set, chainId }, base, last, highest }, next, lastHeight);
  state.lastHeight = lastHeight;
}

/** A request of the own host: into the pool, and to all, so that a dead leader is noticed by all. */
function submit(state: State, request: Uint8Array): void {
  const reason = state.pool.add(request, state.self, state.ticks);
  if (reason !== undefined) state.effects.push({ kind: 'refused', request, reason });
  else send(state, 'all', { kind: 'requests', again: false, requests: [request] });
}

/** Requests that another replica brings, for the first time or `again`. */
function onRequests(state: State, from: number, { requests, again }: Hotstuff2MessageOf<'requests'>): undefined {
  const peer = state.peers[from] as Peer;
  for (const request of requests) {
    const reason = state.pool.add(request, from, state.ticks);
    if (reason === undefined || reason === 'already-pending') continue;
    // It waits for something that it does not remember, after a restart. Ordered once more, it waits no longer.
    const leads = leaderOf(state) === state.self;
    const forgotten = reason === 'already-committed' && again && leads && peer.revivals < MAX_REVIVALS;
    if (!forgotten) refused(state, reason, from);
    else if (state.pool.add(request, from, state.ticks, true) === undefined) peer.revivals += 1;
  }
}

function receive(state: State, from: number, bytes: Uint8Array): string | undefined {
  if (!isPeer(from, state.self, state.n)) return 'unknown-sender';
  if ((state.peers[from] as Peer).strikes >= MAX_STRIKES) return 'muted';
  const decoded = decodeHotstuff2Message(bytes);
  return decoded.ok ? handle(state, from, decoded.value, bytes) : decoded.reason;
}

/** @returns why the message was not accepted, if so */
function handle(state: State, from: number, message: Hotstuff2Message, bytes: Uint8Array): string | undefined {
  switch (message.kind) {
    case 'propose':
    case 'vote':
    case 'prepare':
    case 'vote2':
    case 'decide':
      return inPlace(state, from, message, bytes);
    case 'timeout':
      return onTimeout(state, from, message);
    case 'new-view':
      return onNewView(state, from, message);
    case 'status':
      return onStatus(state, from, message);
    case 'fetch':
      return onFetch(state, from, message);
    case 'fetch-payload':
      return onFetchPayload(state, from, message);
    case 'payload':
      return onPayload(state, message);
    case 'block':
      return onBlock(state, from, message);
    case 'requests':
      return onRequests(state, from, message);
    case 'enter':
      return enterBy(state, message.proof, from) ? undefined : 'bad-certificate';
    case 'exposed':
      return onExposed(state, from, message);
    default:
      return unreachable(message);
  }
}

type Placed = Hotstuff2MessageOf<'propose' | 'vote' | 'prepare' | 'vote2' | 'decide'>;

/** What belongs to the open height: late is answered with the decision, early is kept. */
function inPlace(state: State, from: number, message: Placed, bytes: Uint8Array): string | undefined {
  const { height, kind } = message;
  const epoch = 'epoch' in message ? message.epoch : message.certificate.epoch;
  if (epoch !== state.set.epoch) return 'wrong-epoch';
  if (height > state.lastHeight) return 'beyond-epoch';
  if (height < state.height) {
    if (kind !== 'decide' && kind !== 'prepare') offerBlocks(state, from, height);
    return 'stale-height';
  }
  if (height > state.height + 1) wantBlocks(state, from);
  if (height > state.height || (state.executed < height - 1 && kind !== 'decide')) return keepLater(state, from, bytes);
  switch (kind) {
    case 'propose':
      return onPropose(state, from, message);
    case 'prepare':
      return onPrepare(state, from, message);
    case 'decide':
      return onDecide(state, from, message);
    default:
      return onVote(state, from, message);
  }
}

function keepLater(state: State, from: number, bytes: Uint8Array): string | undefined {
  const kept = state.later.get(from) ?? [];
  const held = kept.reduce((sum, one) => sum + one.length, bytes.length);
  if (kept.length >= MAX_LATER || held > 2 * state.options.maxBatchBytes) return 'later-full';
  kept.push(Uint8Array.from(bytes));
  state.later.set(from, kept);
  return undefined;
}

/** Hears again what came before its time. */
function replayLater(state: State): void {
  const kept = [...state.later];
  state.later.clear();
  for (const [from, messages] of kept) {
    for (const bytes of messages) {
      const reason = receive(state, from, bytes);
      if (reason !== undefined) refused(state, reason, from);
    }
  }
}
