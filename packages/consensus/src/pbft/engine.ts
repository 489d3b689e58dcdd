import { MurmurError, unreachable } from '@murmuration/core';
import { ed25519Verify, type Signer } from '@murmuration/crypto';
import type { Engine, EngineEffect, EngineEvent, Executed } from '../engine.ts';
import { checkReplicaSet, maxFaulty, primaryOf, quorum, type ReplicaSet } from '../quorum/replica-set.ts';
import type { Verify } from '../quorum/statement.ts';
import {
  fetchMissing,
  forwardAgain,
  onDecided,
  onFetch,
  onPayload,
  onStatus,
  onWitness,
  resend,
  sendStatus,
} from './catch-up.ts';
import { noteBehind, onCheckpoint, onExecuted, onStable, signCheckpoint, stabilise } from './checkpoint.ts';
import { deliver } from './delivery.ts';
import { decodeMessage, type Message, type MessageOf } from './messages.ts';
import { announceNewView, onNewView, rebind } from './new-view.ts';
import { onPrePrepare, onVote } from './normal-case.ts';
import { checkOptions, type PbftOptions } from './options.ts';
import { proposeReady } from './proposing.ts';
import { RequestPool } from './requests.ts';
import { restore } from './restore.ts';
import { isPrimary, refused, type State, send } from './state.ts';
import { hasWork, onTimeout, settleTimers, TICK, tickMs } from './timers.ts';
import { onViewChange, startViewChange, viewToJoin } from './view-change.ts';

export interface PbftDeps {
  readonly replicaSet: ReplicaSet;
  /** The own position in the set. */
  readonly self: number;
  /** Of the key at that position. */
  readonly signer: Signer;
  /** @default crypto's ed25519Verify */
  readonly verify?: Verify;
  /** Whether a request of another replica is worth a place in the pool. @default all are */
  readonly admit?: (request: Uint8Array) => boolean;
}

/** Ticks without a commit after which words are said again: a busy machine is no loss. */
const PATIENCE_TICKS = 2;
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

/** For checkers that must catch a quorum that is too small. Not exported by the package. */
export function createPbftWithQuorum(deps: PbftDeps, options: PbftOptions, q: number): Engine {
  const state = createState(deps, options, q);
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

function createState(deps: PbftDeps, given: PbftOptions, q: number): State {
  const set = checkReplicaSet(deps.replicaSet);
  const options = checkOptions(given);
  const n = set.replicas.length;
  checkSigner(deps);
  return {
    set,
    n,
    f: maxFaulty(n),
    q,
    self: deps.self,
    signer: deps.signer,
    verify: deps.verify ?? ed25519Verify,
    options,
    pool: new RequestPool(options, deps.admit ?? (() => true)),
    slots: new Map(),
    peers: Array.from({ length: n }, () => ({ committed: -1, answers: 0, revivals: 0, strikes: 0, accusations: 0 })),
    checkpoints: Array.from({ length: n }, () => new Map()),
    ownStates: new Map(),
    viewChanges: Array.from({ length: n }, () => undefined),
    started: false,
    nowMs: 0,
    effects: [],
    view: 0,
    changing: false,
    failedViews: 0,
    ownViewChange: null,
    newView: null,
    boundAbove: 0,
    committed: 0,
    executed: 0,
    stable: { height: 0, digest: new Uint8Array(32), certificate: new Uint8Array(0) },
    nextStable: null,
    abandon: false,
    behind: null,
    lagging: false,
    batchDue: false,
    progressParts: 0,
    ticks: 0,
    committedAtTick: 0,
    stillTicks: 0,
    retainedBytes: 0,
    timers: new Map(),
  };
}

function checkSigner({ replicaSet, self, signer }: PbftDeps): void {
  const key = replicaSet.replicas[self]?.key;
  if (key?.every((byte, i) => byte === signer.publicKey[i])) return;
  throw new MurmurError({
    code: 'CONSENSUS_WRONG_SIGNER',
    message: `the signer is not replica ${self} of this set of ${replicaSet.replicas.length}`,
    remedy: 'give the replica the key that the genesis or the last reconfiguration names for it',
    facts: { self },
  });
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
      start(state, event.records, event.executed);
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
      break;
    case 'installed':
      onInstalled(state, event);
      break;
    default:
      unreachable(event);
  }
}

/** Follows up on whatever an event has changed. */
function settle(state: State): void {
  deliver(state);
  if (state.abandon) startViewChange(state, state.view + 1);
  const join = viewToJoin(state);
  if (join !== undefined) startViewChange(state, join);
  announceNewView(state);
  rebind(state);
  deliver(state);
  proposeReady(state);
  deliver(state);
  if (state.behind !== null && state.committed >= state.behind.height) state.behind = null;
  settleTimers(state);
}

function start(state: State, records: readonly { key: string; value: Uint8Array }[], executed: Executed): void {
  if (state.started) {
    throw new MurmurError({
      code: 'CONSENSUS_STARTED_TWICE',
      message: 'the engine was started a second time',
      remedy: 'create a new engine for every boot',
    });
  }
  state.started = true;
  state.executed = executed.height;
  state.committed = executed.height;
  state.committedAtTick = executed.height;
  restore(state, records);
  if (executed.height % state.options.checkpointInterval === 0 && executed.height > state.stable.height) {
    signCheckpoint(state, executed.height, executed.stateDigest);
  }
  // A host that lost blocks below the checkpoint gets them from others.
  if (state.stable.height > state.committed) noteBehind(state, state.stable.height, (state.self + 1) % state.n);
  sendStatus(state, true);
  state.effects.push({ kind: 'setTimer', id: TICK, delayMs: tickMs(state) });
}

function onInstalled(state: State, { height, stateDigest }: Executed): void {
  if (height <= state.executed) return;
  state.executed = height;
  state.committed = Math.max(state.committed, height);
  if (height % state.options.checkpointInterval === 0) signCheckpoint(state, height, stateDigest);
  stabilise(state);
  state.lagging = true;
}

/** A request of the own host: into the pool, and to all, so that a dead primary is noticed by all. */
function submit(state: State, request: Uint8Array): void {
  const reason = state.pool.add(request, state.self, state.ticks);
  if (reason !== undefined) state.effects.push({ kind: 'refused', request, reason });
  else if (!isPrimary(state) || state.changing)
    send(state, 'all', { kind: 'requests', again: false, requests: [request] });
}

/** Requests that another replica brings, for the first time or `again`. */
function onRequests(state: State, from: number, { requests, again }: MessageOf<'requests'>): undefined {
  const peer = state.peers[from] as { revivals: number };
  for (const request of requests) {
    const reason = state.pool.add(request, from, state.ticks);
    if (reason === undefined || reason === 'already-pending') continue;
    // It waits for something that it does not remember, after a restart. Ordered once more, it waits no longer.
    const forgotten = reason === 'already-committed' && again && isPrimary(state) && peer.revivals < MAX_REVIVALS;
    if (!forgotten) refused(state, from, reason);
    else if (state.pool.add(request, from, state.ticks, true) === undefined) peer.revivals += 1;
  }
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
    default:
      return unreachable(message);
  }
}

/** Every quarter of the progress timeout: budgets anew, and lost words said again where nothing moves. */
function tick(state: State): void {
  state.ticks += 1;
  for (const peer of state.peers) {
    peer.answers = 0;
    peer.revivals = 0;
    peer.strikes = 0;
  }
  const still = state.committed === state.committedAtTick && (hasWork(state) || state.changing);
  state.stillTicks = still ? state.stillTicks + 1 : 0;
  const stalled = state.stillTicks >= PATIENCE_TICKS || state.lagging || state.behind !== null;
  state.committedAtTick = state.committed;
  if (stalled) {
    resend(state);
    fetchMissing(state);
  }
  forwardAgain(state);
  remindOfCheckpoint(state);
  const statusTicks = Math.max(1, Math.round(state.options.statusIntervalMs / tickMs(state)));
  if (stalled || state.ticks % statusTicks === 0) sendStatus(state, stalled);
  if (state.ticks % statusTicks === 0) askAnother(state);
  state.lagging = false;
  state.effects.push({ kind: 'setTimer', id: TICK, delayMs: tickMs(state) });
}

/** Still behind: whoever was asked may be a liar or gone. */
function askAnother(state: State): void {
  if (state.behind === null) return;
  const next = (state.behind.from + 1) % state.n;
  state.behind = { ...state.behind, from: next === state.self ? (next + 1) % state.n : next };
  state.effects.push({ kind: 'behind', ...state.behind });
}

/** The own vote for a checkpoint that is not stable yet, again. */
function remindOfCheckpoint(state: State): void {
  for (const [height, vote] of state.checkpoints[state.self] as ReadonlyMap<
    number,
    { digest: Uint8Array; signature: Uint8Array }
  >) {
    const { digest, signature } = vote;
    if (height <= state.stable.height) continue;
    send(state, 'all', { kind: 'checkpoint', epoch: state.set.epoch, height, digest, signature });
  }
}
