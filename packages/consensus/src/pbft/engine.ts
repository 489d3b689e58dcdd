import { MurmurError, unreachable } from '@murmuration/core';
import type { Engine, EngineEffect, EngineEvent, Executed } from '../engine.ts';
import { primaryOf, quorum } from '../quorum/replica-set.ts';
import { onDecided, onFetch, onPayload, onStatus, onWitness, sendStatus } from './catch-up.ts';
import {
  noteBehind,
  noteExecuted,
  onCheckpoint,
  onExecuted,
  onStable,
  signCheckpoint,
  stabilise,
} from './checkpoint.ts';
import { createState, type PbftDeps } from './create-state.ts';
import { deliver } from './delivery.ts';
import { tick } from './housekeeping.ts';
import { decodeMessage, type Message, type MessageOf } from './messages.ts';
import { announceNewView, onNewView, rebind } from './new-view.ts';
import { onPrePrepare, onVote } from './normal-case.ts';
import type { PbftOptions } from './options.ts';
import { askOthers, onRecall, onRecalled } from './own-key.ts';
import { proposeReady } from './proposing.ts';
import { advanceReached, onReconfigure } from './reconfigure.ts';
import { restore } from './restore.ts';
import { isPrimary, type PeerView, refused, type State, sendRequests } from './state.ts';
import { onTimeout, settleTimers, TICK, tickMs } from './timers.ts';
import { onViewChange, startViewChange, viewToJoin } from './view-change.ts';

/** Committed requests that one replica may have ordered again between two ticks. */
const MAX_REVIVALS = 8;
/** Bad signatures that one replica may cost us between two ticks; then it is not listened to until the next. */
const MAX_STRIKES = 64;

/**
 * Signed PBFT (Castro and Liskov, OSDI'99) as a pure step, with certificates that verify offline. Safe with up to
 * f = floor((n - 1) / 3) arbitrary replicas in an asynchronous network; live once messages arrive in bounded time.
 * @throws CONSENSUS_REPLICA_SET, CONSENSUS_WRONG_SIGNER, OPTION_UNKNOWN, OPTION_OUT_OF_RANGE
 */
export function createPbft(deps: PbftDeps, options: PbftOptions = {}): Engine {
  return createPbftWithQuorum(deps, options, quorum(deps.replicaSet.replicas.length));
}

/**
 * For checkers: a quorum that is too small, which they must catch, and a state of their own, to look into and to copy.
 * Not exported by the package.
 */
export function createPbftWithQuorum(
  deps: PbftDeps,
  options: PbftOptions,
  q: number,
  state = createState(deps, options, q),
): Engine {
  return {
    step: (event) => step(state, event),
    get status() {
      const { view, committed, stable, changing, pool, n } = state;
      const primary = primaryOf(view, n);
      return {
        view,
        primary,
        height: committed,
        stableCheckpoint: stable.height,
        pending: pool.size,
        viewChanging: changing,
      };
    },
  };
}

function step(state: State, event: EngineEvent): readonly EngineEffect[] {
  if (!state.started && event.kind !== 'start') {
    throw new MurmurError({
      code: 'CONSENSUS_NOT_STARTED',
      message: `the engine got a ${event.kind} before its start`,
      remedy: 'step a start event with all persisted records first',
    });
  }
  state.nowMs = event.nowMs;
  state.effects = [];
  take(state, event);
  settle(state);
  return state.effects;
}

function take(state: State, event: EngineEvent): void {
  switch (event.kind) {
    case 'start':
      start(state, event);
      break;
    case 'message': {
      const reason = receive(state, event.from, event.bytes);
      if (reason !== undefined) refused(state, event.from, reason);
      break;
    }
    case 'propose':
      submit(state, event.request);
      break;
    case 'timer':
      if (event.id === TICK) tick(state);
      else onTimeout(state, event.id);
      break;
    case 'executed':
      onExecuted(state, event);
      advanceReached(state);
      break;
    case 'installed':
      onInstalled(state, event);
      break;
    case 'reconfigure':
      onReconfigure(state, event.next, event.lastHeight);
      break;
    default:
      unreachable(event);
  }
}

/** Follows up on whatever an event has changed. */
function settle(state: State): void {
  deliver(state);
  if (state.voice === 'free') leaveViews(state);
  rebind(state);
  deliver(state);
  proposeReady(state);
  deliver(state);
  if (state.behind !== null && state.committed >= state.behind.height) state.behind = null;
  settleTimers(state);
}

function leaveViews(state: State): void {
  if (state.abandon) startViewChange(state, state.view + 1);
  const join = viewToJoin(state);
  if (join !== undefined) startViewChange(state, join);
  announceNewView(state);
}

function start(state: State, { records, executed, sure }: Extract<EngineEvent, { kind: 'start' }>): void {
  if (state.started) {
    throw new MurmurError({
      code: 'CONSENSUS_STARTED_TWICE',
      message: 'the engine was started a second time',
      remedy: 'create a new engine for every boot',
    });
  }
  state.started = true;
  state.executed = executed.height;
  state.executedDigest = executed.stateDigest;
  state.committed = executed.height;
  state.committedAtTick = executed.height;
  restore(state, records);
  if (sure === true) state.voice = 'free';
  if (executed.height % state.options.checkpointInterval === 0 && executed.height > state.stable.height) {
    signCheckpoint(state, executed.height, executed.stateDigest);
  }
  // A host that lost blocks below the checkpoint gets them from others.
  if (state.stable.height > state.committed) noteBehind(state, state.stable.height, (state.self + 1) % state.n);
  askOthers(state);
  sendStatus(state, true);
  state.effects.push({ kind: 'setTimer', id: TICK, delayMs: tickMs(state) });
}

function onInstalled(state: State, { height, stateDigest }: Executed): void {
  if (height <= state.executed) return;
  state.committed = Math.max(state.committed, height);
  noteExecuted(state, { height, stateDigest });
  stabilise(state);
  state.lagging = true;
  advanceReached(state);
}

/** A request of the own host: into the pool, and to all, so that a dead primary is noticed by all. */
function submit(state: State, request: Uint8Array): void {
  const reason = state.pool.add(request, state.self, state.ticks);
  if (reason !== undefined) state.effects.push({ kind: 'refused', request, reason });
  else if (!isPrimary(state) || state.changing) sendRequests(state, 'all', [request], false);
}

/** Requests that another replica brings, for the first time or `again`. */
function onRequests(state: State, from: number, { stamp, requests, again }: MessageOf<'requests'>): string | undefined {
  const peer = state.peers[from] as PeerView;
  const stale = peer.window.take(stamp, state.nowMs);
  if (stale !== undefined) return stale;
  for (const request of requests) {
    const reason = state.pool.add(request, from, state.ticks);
    if (reason === undefined || reason === 'already-pending') continue;
    // It waits for something that it does not remember, after a restart. Ordered once more, it waits no longer.
    const forgotten = reason === 'already-committed' && again && isPrimary(state) && peer.revivals < MAX_REVIVALS;
    if (!forgotten) refused(state, from, reason);
    else if (state.pool.add(request, from, state.ticks, true) === undefined) peer.revivals += 1;
  }
  return undefined;
}

function receive(state: State, from: number, bytes: Uint8Array): string | undefined {
  const peer = state.peers[from];
  if (peer === undefined || from === state.self) return 'unknown-sender';
  if (peer.strikes >= MAX_STRIKES) return 'muted';
  const decoded = decodeMessage(bytes);
  return decoded.ok ? handle(state, from, decoded.value) : decoded.reason;
}

/** @returns why the message was not accepted, if so */
function handle(state: State, from: number, message: Message): string | undefined {
  switch (message.kind) {
    case 'pre-prepare':
      return onPrePrepare(state, from, message);
    case 'prepare':
    case 'commit':
      return onVote(state, from, message);
    case 'checkpoint':
      return onCheckpoint(state, from, message);
    case 'view-change':
      return onViewChange(state, from, message);
    case 'new-view':
      return onNewView(state, from, message);
    case 'status':
      return onStatus(state, from, message);
    case 'decided':
      return onDecided(state, from, message);
    case 'fetch':
      return onFetch(state, from, message);
    case 'payload':
      return onPayload(state, message);
    case 'requests':
      return onRequests(state, from, message);
    case 'witness':
      return onWitness(state, from, message);
    case 'stable':
      return onStable(state, from, message);
    case 'recall':
      return onRecall(state, from);
    case 'recalled':
      return onRecalled(state, from, message);
    default:
      return unreachable(message);
  }
}
