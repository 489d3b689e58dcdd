import { checkInteger, equalBytes, MurmurError, unreachable } from '@murmuration/core';
import { ed25519Verify, type Signer } from '@murmuration/crypto';
import type { Engine, EngineEvent } from '../engine.ts';
import { newRecall } from '../loop/recall.ts';
import { readRecord } from '../loop/records.ts';
import { isPeer, refused, takeStep } from '../loop/shell.ts';
import { settleTimer } from '../loop/timers.ts';
import { Waiting } from '../loop/waiting.ts';
import { checkReplicaSet, maxFaulty, quorum, type ReplicaSet } from '../quorum/replica-set.ts';
import type { Verify } from '../quorum/statement.ts';
import { checkCommit, probftChain } from './certificates.ts';
import { decide, openHeight, takeUpOwn } from './deciding.ts';
import { decodeProbftMessage, type ProbftMessageOf } from './messages.ts';
import { type CheckedProbftOptions, checkProbftOptions, type ProbftOptions } from './options.ts';
import { askOthers, onRecall, onRecalled, recallMs } from './own-key.ts';
import { sampleSizes } from './parameters.ts';
import { PLAIN_FUNCTION, proveSample, type SampleFunction, sampleChecker, verifySample } from './samples.ts';
import {
  DECIDED_PREFIX,
  decidedSchema,
  leaderOf,
  maySign,
  type ProbftEffect,
  RECORD_KEY,
  recordSchema,
  type State,
  send,
} from './state.ts';
import { lead, onNewLeader, onPropose, onTimeout } from './views.ts';
import { onExposed, onVote } from './voting.ts';

export interface ProbftDeps {
  readonly replicaSet: ReplicaSet;
  readonly self: number;
  readonly signer: Signer;
  /**
   * Keys of the verifiable random function, of which each replica has one apart from its signing key: the two share
   * a derivation of nonces.
   */
  readonly vrf: {
    readonly secretKey: Uint8Array;
    readonly publicKeys: readonly Uint8Array[];
    /** @default crypto's vrfProve and vrfVerify */
    readonly fn?: SampleFunction;
  };
  /** @default crypto's ed25519Verify */
  readonly verify?: Verify;
}

/** An engine whose commits no function takes that asks for deterministic finality. */
export interface ProbftEngine extends Omit<Engine, 'step'> {
  step(event: EngineEvent): readonly ProbftEffect[];
}

const VIEW_TIMER = 'probft-view';
/** Asking others again. */
const RECALL_TIMER = 'probft-recall';
const MAX_DOUBLINGS = 6;
/** Messages kept from one replica that is ahead, of twice a batch together. */
const MAX_LATER = 16;

/**
 * ProBFT as a pure step: votes go to samples that a verifiable random function draws, and ceil(l √n) of them make a
 * quorum. Agreement and termination hold with high probability, in a network that the adversary does not schedule.
 * For decisions that may be undone.
 * @throws CONSENSUS_REPLICA_SET, CONSENSUS_WRONG_SIGNER, CONSENSUS_PROBFT_SIZES, OPTION_UNKNOWN, OPTION_OUT_OF_RANGE
 */
export function createProbft(deps: ProbftDeps, options: ProbftOptions = {}): ProbftEngine {
  const state = createState(deps, checkProbftOptions(options));
  return {
    step: (event) =>
      takeStep(state, event, () => {
        take(state, event);
        settle(state);
      }),
    get status() {
      const { height, view, waiting } = state;
      const primary = leaderOf(state, height, view);
      const committed = { height: height - 1, stableCheckpoint: height - 1 };
      return { view, primary, ...committed, pending: waiting.size, viewChanging: view > 1 && state.payload === null };
    },
  };
}

function createState(deps: ProbftDeps, options: CheckedProbftOptions): State {
  const set = probftChain(checkReplicaSet(deps.replicaSet));
  const n = set.replicas.length;
  checkInteger('number of the own replica', deps.self, 0, n - 1);
  const sizes = sampleSizes(n, options);
  const { secretKey, publicKeys, fn = PLAIN_FUNCTION } = deps.vrf;
  const publicKey = publicKeys[deps.self] ?? new Uint8Array(0);
  const place = { height: 0, view: 0, phase: 'prepare' } as const;
  const proof = proveSample(secretKey, set, place, fn);
  const paired = verifySample(publicKey, set, sizes, place, proof, fn) !== undefined;
  const signs = equalBytes(set.replicas[deps.self]?.key ?? new Uint8Array(0), deps.signer.publicKey);
  if (!paired || !signs || publicKeys.length !== n) throw wrongSigner(deps.self, n);
  return {
    ...{ set, sizes, quorum: quorum(n), f: maxFaulty(n), self: deps.self, signer: deps.signer },
    ...{
      vrf: { secretKey, publicKey, fn },
      vrfKeys: publicKeys,
      holds: sampleChecker(set, sizes, publicKeys, 8 * n, fn),
    },
    ...{ verify: deps.verify ?? ed25519Verify, options, waiting: new Waiting(options) },
    ...{ started: false, nowMs: 0, effects: [], height: 1, view: 1, voted: null, prepared: null },
    ...{ recall: newRecall(), toldAtMs: new Map(), said: null, restored: null, floor: 1 },
    ...{ ownNewLeader: new Uint8Array(0), leaderSigned: null, contested: false, payload: null },
    ...{ prepares: new Map(), commits: new Map(), commitSent: false, newLeaders: new Map() },
    ...{ later: new Map(), decided: new Map(), timers: new Map(), place: '' },
  };
}

function wrongSigner(self: number, n: number): MurmurError {
  return new MurmurError({
    code: 'CONSENSUS_WRONG_SIGNER',
    message: `the signing or random-function key is not that of replica ${self} of this set of ${n}`,
    remedy: 'give the replica both keys that the set names for it, and the random-function key of every replica',
    facts: { self },
  });
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
      if (event.id === VIEW_TIMER && state.timers.delete(VIEW_TIMER)) onTimeout(state);
      if (event.id === RECALL_TIMER && state.timers.delete(RECALL_TIMER)) askOthers(state);
      break;
    case 'executed':
      break; // heights open one by one: what the host has applied changes nothing here
    case 'installed':
      if (event.height >= state.height) openHeight(state, event.height + 1);
      break;
    case 'reconfigure':
      refused(state, 'no-reconfiguration');
      break;
    default:
      unreachable(event);
  }
}

/** Follows up on what an event has changed: the own turn to lead, messages that came early, the clock. */
function settle(state: State): void {
  lead(state);
  while (state.place !== placeOf(state)) {
    state.place = placeOf(state);
    replayLater(state);
    lead(state);
  }
  const work = state.waiting.size > 0 || state.leaderSigned !== null || state.view > 1;
  const wanted = work && maySign(state) ? state.place : null;
  const delayMs = state.options.viewTimeoutMs * 2 ** Math.min(state.view - 1, MAX_DOUBLINGS);
  settleTimer(state, VIEW_TIMER, wanted, delayMs);
  const asking = state.recall.voice === 'asking' ? 'asking' : null;
  settleTimer(state, RECALL_TIMER, asking, recallMs(state));
}

function start(state: State, { records, executed, sure }: Extract<EngineEvent, { kind: 'start' }>): void {
  state.height = executed.height + 1;
  for (const { key, value } of records) {
    if (key.startsWith(DECIDED_PREFIX)) {
      state.decided.set(Number(key.slice(DECIDED_PREFIX.length)), readRecord(decidedSchema, key, value));
    }
  }
  const own = records.find(({ key }) => key === RECORD_KEY);
  if (own !== undefined) {
    state.said = readRecord(recordSchema, RECORD_KEY, own.value);
    state.restored = state.said;
    state.floor = state.said.height;
    takeUpOwn(state);
  }
  for (;;) {
    const decided = state.decided.get(state.height);
    if (decided === undefined) break;
    decide(state, decided.payload, decided.certificate);
  }
  if (sure === true) state.recall.voice = 'free';
  askOthers(state);
}

function submit(state: State, request: Uint8Array): void {
  const reason = state.waiting.add(request);
  if (reason !== undefined) state.effects.push({ kind: 'refused', request, reason });
  else send(state, 'all', { kind: 'requests', requests: [request] });
}

function receive(state: State, from: number, bytes: Uint8Array): string | undefined {
  if (!isPeer(from, state.self, state.sizes.n)) return 'unknown-sender';
  const decoded = decodeProbftMessage(bytes);
  if (!decoded.ok) return decoded.reason;
  const message = decoded.value;
  switch (message.kind) {
    case 'requests':
      return onRequests(state, from, message.requests);
    case 'fetch':
      return offer(state, from, message.height) ? undefined : 'unknown-height';
    case 'recall':
      return onRecall(state, from);
    case 'recalled':
      return onRecalled(state, from, message);
    case 'decided':
      return onDecided(state, from, message);
    case 'exposed':
      return onExposed(state, message);
    default:
      return inPlace(state, from, message, bytes);
  }
}

type Placed = ProbftMessageOf<'propose' | 'prepare' | 'commit' | 'new-leader'>;

/** What belongs to one height: late is answered with the decision, early is kept. */
function inPlace(state: State, from: number, message: Placed, bytes: Uint8Array): string | undefined {
  const { epoch, height } = message;
  if (epoch !== state.set.epoch) return 'wrong-epoch';
  if (height < state.height) {
    if (message.kind === 'new-leader') offer(state, from, height);
    return 'stale-height';
  }
  if (height > state.height + state.options.maxDecided) {
    state.effects.push({ kind: 'behind', height: height - 1, from });
    return 'too-far-ahead';
  }
  if (height > state.height) {
    if (!state.later.has(from)) send(state, from, { kind: 'fetch', height: state.height });
    return keepLater(state, from, bytes);
  }
  if (state.recall.voice === 'asking') return keepLater(state, from, bytes);
  if (message.kind === 'new-leader') return onNewLeader(state, from, message);
  if (message.view < state.view) return 'stale-view';
  if (message.kind === 'propose') return onPropose(state, from, message);
  return message.view > state.view ? keepLater(state, from, bytes) : onVote(state, from, message);
}

function keepLater(state: State, from: number, bytes: Uint8Array): string | undefined {
  const kept = state.later.get(from) ?? [];
  const held = kept.reduce((sum, one) => sum + one.length, bytes.length);
  if (kept.length >= MAX_LATER || held > 2 * state.options.maxBatchBytes) return 'later-full';
  kept.push(Uint8Array.from(bytes));
  state.later.set(from, kept);
  return undefined;
}

function placeOf({ height, view, recall }: State): string {
  return `${height} ${view} ${recall.voice}`;
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

function onRequests(state: State, from: number, requests: readonly Uint8Array[]): undefined {
  for (const request of requests) {
    const reason = state.waiting.add(request);
    if (reason !== undefined && reason !== 'already-pending') refused(state, reason, from);
  }
}

/** Sends the decision of a height to a replica that missed it. @returns whether it is known */
function offer(state: State, to: number, height: number): boolean {
  const decided = state.decided.get(height);
  if (decided !== undefined) send(state, to, { kind: 'decided', height, ...decided });
  return decided !== undefined;
}

function onDecided(state: State, from: number, message: ProbftMessageOf<'decided'>): string | undefined {
  if (message.height !== state.height) return message.height < state.height ? 'stale-height' : 'too-far-ahead';
  const checked = checkCommit(state.set, state.sizes, state.holds, message, state.verify);
  if (!checked.ok) return checked.reason;
  decide(state, message.payload, message.certificate);
  if (state.height < state.floor) send(state, from, { kind: 'fetch', height: state.height });
  return undefined;
}
