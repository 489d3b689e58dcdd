import { toHex } from '@murmuration/core';
import type { Signer } from '@murmuration/crypto';
import type { EngineEffect } from '../engine.ts';
import type { RequestPool } from '../loop/request-pool.ts';
import type { Batch } from '../quorum/batch.ts';
import { primaryOf, type ReplicaSet } from '../quorum/replica-set.ts';
import type { Phase, Signature, SignedStatement, Verify } from '../quorum/statement.ts';
import { encodeMessage, type Message, type NewViewBody, type Proof, type ViewChangeBody } from './messages.ts';
import type { CheckedOptions } from './options.ts';
import { nextStamp, type ReplayWindow } from './replay-window.ts';

/** A vote as it came. Verified only when it is about to count, to convict or to be passed on. */
export interface HeldVote {
  readonly digest: Uint8Array;
  readonly signature: Uint8Array;
  verified: boolean;
}

/** The primary's pre-prepare, its signature verified. */
export interface Proposal {
  readonly digest: Uint8Array;
  readonly signature: Uint8Array;
}

/** What is known of one (height, view). */
export interface Round {
  readonly view: number;
  proposal: Proposal | null;
  /** By replica: the first one of each, however it came. */
  readonly prepares: (HeldVote | undefined)[];
  readonly commits: (HeldVote | undefined)[];
  /** The primary has been caught lying here: everything signed is passed on. */
  contested: boolean;
}

/** The own part in the highest view voted in at a height: durable before it is sent. */
export interface OwnVote {
  readonly view: number;
  readonly digest: Uint8Array;
  /** The primary's signature on the pre-prepare. */
  readonly proposal: Uint8Array;
  /** Null for the primary, whose pre-prepare is its vote. */
  readonly prepare: Uint8Array | null;
  readonly commit: Uint8Array | null;
}

export interface Decision {
  readonly view: number;
  readonly digest: Uint8Array;
  readonly signatures: readonly Signature[];
  readonly certificate: Uint8Array;
}

export interface Payload {
  readonly bytes: Uint8Array;
  readonly batch: Batch;
}

/** One height above the stable checkpoint. */
export interface Slot {
  readonly height: number;
  readonly rounds: Map<number, Round>;
  vote: OwnVote | null;
  /** The prepared certificate of the highest view. */
  prepared: Proof | null;
  decided: Decision | null;
  /** By digest in hexadecimal. */
  readonly payloads: Map<string, Payload>;
  /** Journal keys on disk for this height. */
  readonly journal: Set<string>;
}

export interface StableCheckpoint {
  readonly height: number;
  readonly digest: Uint8Array;
  /** Empty at height 0. */
  readonly certificate: Uint8Array;
}

/** The latest view-change of a replica, its signature verified. */
export interface HeldViewChange {
  readonly replica: number;
  readonly body: ViewChangeBody;
  readonly bodyBytes: Uint8Array;
  readonly digest: Uint8Array;
  readonly signature: Uint8Array;
  readonly stableCertificate: Uint8Array;
  readonly proofs: readonly Proof[];
  /** Whether its proofs hold: only a primary that needs it finds out. */
  sound: boolean | null;
}

/** The new-view that the current view rests on. */
export interface HeldNewView {
  readonly body: NewViewBody;
  /** The message, to pass on to replicas that missed it. */
  readonly bytes: Uint8Array;
  readonly digest: Uint8Array;
  readonly signature: Uint8Array;
  /** Digests that heights are bound to. */
  readonly forced: ReadonlyMap<number, Uint8Array>;
  /** The stable checkpoint below. */
  readonly base: number;
  readonly baseDigest: Uint8Array;
  /** The highest height bound; free ones below it are filled at once. */
  readonly top: number;
}

export interface PeerView {
  committed: number;
  answers: number;
  /** Committed requests of it that were taken again since the last tick. */
  revivals: number;
  /** Bad signatures since the last tick. */
  strikes: number;
  accusations: number;
  /** Of the requests that it brings. */
  readonly window: ReplayWindow;
}

/** Large answers that one replica gets between two ticks. */
export const MAX_ANSWERS = 3;

/** Everything one replica knows. Functions of this folder change it; nothing else does. */
export interface State {
  readonly set: ReplicaSet;
  readonly n: number;
  readonly f: number;
  readonly q: number;
  readonly self: number;
  /** Heights up to here belong to earlier epochs. */
  readonly base: number;
  readonly signer: Signer;
  readonly verify: Verify;
  readonly options: CheckedOptions;
  readonly pool: RequestPool;
  readonly slots: Map<number, Slot>;
  readonly peers: readonly PeerView[];
  /** By replica: votes by height. */
  readonly checkpoints: readonly Map<number, HeldVote>[];
  /** Own state at recent checkpoint heights. */
  readonly ownStates: Map<number, Uint8Array>;
  readonly viewChanges: (HeldViewChange | undefined)[];
  started: boolean;
  /** Whether anything new is signed: not before others have told what they hold of this key, nor once it is elsewhere. */
  voice: 'asking' | 'free' | 'silenced';
  /** Who has answered. */
  readonly answered: Set<number>;
  readonly stopIfDuplicated: boolean;
  nowMs: number;
  effects: EngineEffect[];
  view: number;
  changing: boolean;
  /** Views that failed since the last commit: the timeout doubles with each. */
  failedViews: number;
  /** The own view-change for `view`, as sent. */
  ownViewChange: Uint8Array | null;
  newView: HeldNewView | null;
  /** The watermark at which the heights of `newView` were last put into slots. */
  boundAbove: number;
  committed: number;
  executed: number;
  /** The state after `executed`. */
  executedDigest: Uint8Array;
  /** Heights above belong to the next epoch; null while no change is pending. */
  last: number | null;
  stable: StableCheckpoint;
  /** Certified, but the own state is not there yet. */
  nextStable: StableCheckpoint | null;
  /** The current view is to be left: its primary has been proved a liar, or time is up. */
  abandon: boolean;
  /** Others are provably this far. */
  behind: { readonly height: number; readonly from: number } | null;
  /** Something from ahead was turned away since the last tick: ask around. */
  lagging: boolean;
  batchDue: boolean;
  /** Parts of the progress timeout that have passed. */
  progressParts: number;
  ticks: number;
  /** Of the last requests sent. */
  stamp: number;
  committedAtTick: number;
  /** Ticks since work waits and nothing commits. */
  stillTicks: number;
  retainedBytes: number;
  /** What each timer was set for, so that it is set again only when that changes. */
  readonly timers: Map<string, string>;
}

export function send(state: State, to: number | 'all', message: Message): void {
  sendBytes(state, to, encodeMessage(message));
}

export function sendBytes(state: State, to: number | 'all', bytes: Uint8Array): void {
  if (state.n > 1 && to !== state.self) state.effects.push({ kind: 'send', to, bytes });
}

export function sendRequests(state: State, to: number | 'all', requests: readonly Uint8Array[], again: boolean): void {
  state.stamp = nextStamp(state.stamp, state.nowMs);
  send(state, to, { kind: 'requests', stamp: state.stamp, again, requests: [...requests] });
}

export function refused(state: State, from: number, reason: string): void {
  state.effects.push({ kind: 'refused', from, reason });
}

export function isPrimary(state: State): boolean {
  return primaryOf(state.view, state.n) === state.self;
}

export function keyOf(state: State, replica: number): Uint8Array {
  return (state.set.replicas[replica] as { key: Uint8Array }).key;
}

export function slotAt(state: State, height: number): Slot {
  const known = state.slots.get(height);
  if (known !== undefined) return known;
  const slot: Slot = {
    height,
    rounds: new Map(),
    vote: null,
    prepared: null,
    decided: null,
    payloads: new Map(),
    journal: new Set(),
  };
  state.slots.set(height, slot);
  return slot;
}

/** Views this far from the current one are listened to. */
const VIEWS_AROUND = 2;

export function roundAt(state: State, slot: Slot, view: number): Round {
  const known = slot.rounds.get(view);
  if (known !== undefined) return known;
  for (const old of slot.rounds.keys()) if (old < state.view - VIEWS_AROUND) slot.rounds.delete(old);
  const round: Round = { view, proposal: null, prepares: [], commits: [], contested: false };
  slot.rounds.set(view, round);
  return round;
}

/** @returns why nothing at this place is listened to, or undefined */
export function misplaced(state: State, view: number, height: number): string | undefined {
  if (height <= state.stable.height) return 'below-watermark';
  if (state.last !== null && height > state.last) return 'above-last-height';
  if (view < state.view - VIEWS_AROUND) return 'stale-view';
  if (height <= state.stable.height + state.options.logWindow && view <= state.view + VIEWS_AROUND) return undefined;
  state.lagging = true;
  return view > state.view + VIEWS_AROUND ? 'future-view' : 'above-watermark';
}

/** The highest height that is voted on: above it, the epoch is not known yet. */
export function reach(state: State): number {
  return Math.min(state.executed + state.options.lookahead, state.last ?? Number.POSITIVE_INFINITY);
}

/** Whether every height of this epoch is committed here. */
export function isOver(state: State): boolean {
  return state.committed === state.last;
}

export function statementAt(
  state: State,
  place: { readonly phase: Phase; readonly view: number; readonly height: number; readonly digest: Uint8Array },
) {
  const { phase, view, height, digest } = place;
  return { epoch: state.set.epoch, phase, view, height, digest };
}

export function payloadOf(slot: Slot, digest: Uint8Array): Payload | undefined {
  return slot.payloads.get(toHex(digest));
}

/** Everything signed that is held of `replica` in one round. */
export function heldOf(
  state: State,
  slot: Slot,
  round: Round,
  replica: number,
): (SignedStatement & { vote?: HeldVote })[] {
  const held: (SignedStatement & { vote?: HeldVote })[] = [];
  const at = { view: round.view, height: slot.height };
  const { proposal } = round;
  if (proposal !== null && replica === primaryOf(round.view, state.n)) {
    const statement = statementAt(state, { phase: 'pre-prepare', ...at, digest: proposal.digest });
    held.push({ replica, ...statement, signature: proposal.signature });
  }
  for (const phase of ['prepare', 'commit'] as const) {
    const vote = (phase === 'prepare' ? round.prepares : round.commits)[replica];
    if (vote === undefined) continue;
    const statement = statementAt(state, { phase, ...at, digest: vote.digest });
    held.push({ replica, ...statement, signature: vote.signature, vote });
  }
  return held;
}
