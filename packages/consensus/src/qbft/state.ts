import type { Signer } from '@murmuration/crypto';
import type { EngineEffect } from '../engine.ts';
import type { Recall } from '../loop/recall.ts';
import type { RequestPool } from '../loop/request-pool.ts';
import type { Shell } from '../loop/shell.ts';
import type { Timers } from '../loop/timers.ts';
import type { ReplicaSet } from '../quorum/replica-set.ts';
import {
  type Phase,
  type Signature,
  type SignedStatement,
  signStatement,
  type Verify,
  verifySigned,
} from '../quorum/statement.ts';
import type { OwnRecord } from './journal.ts';
import { type Claim, encodeQbftMessage, type QbftMessage } from './messages.ts';
import type { CheckedQbftOptions } from './options.ts';

/** A vote as it came. Verified only when it is about to count, to convict or to be passed on. */
export interface HeldVote {
  readonly digest: Uint8Array;
  readonly signature: Uint8Array;
  verified: boolean;
}

/** What is known of one (height, round). */
export interface Round {
  readonly height: number;
  readonly round: number;
  /** What the proposer signed, verified, whether its payload came or not. */
  proposal: { readonly digest: Uint8Array; readonly signature: Uint8Array } | null;
  /** The batch of `proposal`, once it was found justified. */
  payload: Uint8Array | null;
  /** By replica: the first one of each, however it came. */
  readonly prepares: (HeldVote | undefined)[];
  readonly commits: (HeldVote | undefined)[];
  /** The proposer has been caught lying here: everything signed is passed on. */
  contested: boolean;
}

/** The own votes of the current round: durable before they are sent. */
export interface OwnVote {
  readonly digest: Uint8Array;
  /** The proposer's signature. */
  readonly proposal: Uint8Array;
  readonly prepare: Uint8Array;
  readonly commit: Uint8Array | null;
}

/** (pr, pv) with its proof: Q prepares. */
export interface Prepared {
  readonly round: number;
  readonly digest: Uint8Array;
  readonly signatures: readonly Signature[];
  readonly payload: Uint8Array;
}

/** The latest round-change of a replica, its signature verified. */
export interface HeldRoundChange extends Claim {
  readonly round: number;
  readonly signature: Uint8Array;
  readonly prepares: readonly Signature[];
  readonly payload: Uint8Array;
  /** Whether its proof holds: only a proposer that needs it finds out. */
  sound: boolean | null;
}

export interface Decided {
  readonly payload: Uint8Array;
  readonly certificate: Uint8Array;
}

/** What one replica may cost us: all but `accusations` between two ticks. */
export interface Budget {
  answers: number;
  proofs: number;
  revivals: number;
  strikes: number;
  accusations: number;
}

/** Own words of an earlier life, until their height is open. Payloads by digest in hexadecimal. */
export interface Remembered {
  readonly own: OwnRecord;
  readonly payloads: ReadonlyMap<string, Uint8Array>;
}

/** Everything one replica knows. Functions of this folder change it; nothing else does. */
export interface State extends Shell<EngineEffect> {
  /** Under QBFT's own chain id. */
  readonly set: ReplicaSet;
  /** As the host knows it. */
  readonly hostSet: ReplicaSet;
  readonly n: number;
  readonly f: number;
  readonly q: number;
  readonly self: number;
  readonly base: number;
  readonly signer: Signer;
  readonly verify: Verify;
  readonly options: CheckedQbftOptions;
  readonly pool: RequestPool;
  readonly peers: readonly Budget[];
  readonly timers: Timers;

  executed: number;
  /** Heights above belong to the next epoch; null while no change is pending. */
  last: number | null;
  /** Nothing is signed below: what was said there may be forgotten. */
  floor: number;

  remembered: Remembered | null;
  /** The last of the own words, as it is in the journal. */
  said: OwnRecord | null;
  readonly recall: Recall;
  readonly stopIfDuplicated: boolean;

  /** The first that is not decided. */
  height: number;
  /** From 1. */
  round: number;
  vote: OwnVote | null;
  prepared: Prepared | null;
  /** The own round-change into this round, as sent. */
  ownRoundChange: Uint8Array | null;
  /** The own proposal of this round, as sent. Not kept across a restart. */
  ownProposal: Uint8Array | null;
  /** By replica: at this height. */
  roundChanges: (HeldRoundChange | undefined)[];
  /** By height and round: the open height, and a few before it for the sake of evidence. */
  readonly log: Map<number, Map<number, Round>>;
  /** Messages of later heights, by who sent them. */
  readonly later: Map<number, Uint8Array[]>;
  readonly decided: Map<number, Decided>;
  /** Journal keys of payloads, with their height. */
  readonly batchKeys: Map<string, number>;
  /** The current round is to be left: its proposer has been proved a liar, or time is up. */
  abandon: boolean;
  /** Who was heard far ahead since the last tick. */
  ahead: number | null;

  /** Parts of the round's timeout that have passed. */
  parts: number;
  ticks: number;
  /** Where this replica was at the last tick, and since how many. */
  placeAtTick: string;
  stillTicks: number;
  /** Where messages kept for later were last looked at. */
  place: string;
}

/** Rounds this far from the current one are listened to, and heights this far below the open one. */
export const ROUNDS_AROUND = 2;
export const HEIGHTS_BELOW = 2;

export function proposerOf(state: State, height: number, round: number): number {
  return (height + round - 1) % state.n;
}

export function isProposer(state: State): boolean {
  return proposerOf(state, state.height, state.round) === state.self;
}

/** Whether this replica may take part in its height: it knows the epoch, and what it has signed there. */
export function isOpen(state: State): boolean {
  return isListening(state) && state.height >= state.floor && state.recall.voice === 'free';
}

/** Whether what others say of this height can be weighed yet. */
export function isListening(state: State): boolean {
  const { executed, height, base, recall } = state;
  return executed >= height - 1 && height > base && !isOver(state) && recall.voice !== 'asking';
}

/** Whether every height of this epoch is decided here. */
export function isOver(state: State): boolean {
  return state.last !== null && state.height > state.last;
}

export function send(state: State, to: number | 'all', message: QbftMessage): void {
  sendBytes(state, to, encodeQbftMessage(message));
}

export function sendBytes(state: State, to: number | 'all', bytes: Uint8Array): void {
  if (state.n > 1 && to !== state.self) state.effects.push({ kind: 'send', to, bytes });
}

export function roundAt(state: State, height: number, round: number): Round {
  const rounds = state.log.get(height) ?? new Map<number, Round>();
  state.log.set(height, rounds);
  const known = rounds.get(round);
  if (known !== undefined) return known;
  const opened: Round = { height, round, proposal: null, payload: null, prepares: [], commits: [], contested: false };
  rounds.set(round, opened);
  return opened;
}

export function currentRound(state: State): Round {
  return roundAt(state, state.height, state.round);
}

/** @returns why nothing at this place is listened to, or undefined */
export function misplaced(state: State, height: number, round: number): string | undefined {
  if (height > state.height) return 'future-height';
  if (height < state.height) return state.log.get(height)?.has(round) ? undefined : 'stale-height';
  if (round < state.round - ROUNDS_AROUND) return 'stale-round';
  return round > state.round + ROUNDS_AROUND ? 'future-round' : undefined;
}

export function statementAt(
  state: State,
  { height, round }: Pick<Round, 'height' | 'round'>,
  phase: Phase,
  digest: Uint8Array,
) {
  return { epoch: state.set.epoch, phase, view: round, height, digest };
}

/** Signs at the open height and round. */
export function signHere(state: State, phase: Phase, digest: Uint8Array): Uint8Array {
  return signStatement(state.signer, state.set.chainId, statementAt(state, state, phase, digest));
}

/** @returns whether the signature holds; a bad one is counted against `from`, who brought it */
export function checkSigned(state: State, signed: SignedStatement, from: number): boolean {
  if (verifySigned(state.verify, state.set, signed)) return true;
  const peer = state.peers[from];
  if (peer !== undefined) peer.strikes += 1;
  return false;
}
