import type { Infer } from '@murmuration/core';
import type { Signer } from '@murmuration/crypto';
import type { EngineEffect } from '../engine.ts';
import type { Recall } from '../loop/recall.ts';
import type { RequestPool } from '../loop/request-pool.ts';
import type { Timers } from '../loop/timers.ts';
import type { ReplicaSet } from '../quorum/replica-set.ts';
import {
  type Phase,
  type SignedStatement,
  type Statement,
  signStatement,
  statementBytes,
  type Verify,
  verifySigned,
} from '../quorum/statement.ts';
import { type AggregateCertificate, type Claim, checkAggregate, SHARE_DOMAIN } from './certificates.ts';
import {
  type Certified,
  encodeHotstuff2Message,
  type Hotstuff2Message,
  type seenSchema,
  type ViewProof,
} from './messages.ts';
import type { Multisignature } from './multisignature.ts';
import type { CheckedHotstuff2Options } from './options.ts';
import type { OwnRecord } from './records.ts';

export interface Share {
  readonly share: Uint8Array;
  verified: boolean;
}

export interface HeldVote extends Share {
  readonly digest: Uint8Array;
  readonly signature: Uint8Array;
}

/** What the leader of a view signed, as it was seen here. */
export type Seen = Infer<typeof seenSchema>;

export interface Decided {
  readonly payload: Uint8Array;
  readonly certificate: AggregateCertificate;
  readonly seen: Seen | null;
}

export interface Peer {
  /** Answers it was given, bad signatures it brought, and committed requests it had ordered again, since the last tick. */
  answers: number;
  strikes: number;
  revivals: number;
  /** Evidence made against it by this process. */
  accusations: number;
  /** It has sent a share that does not verify: from now on each of its shares is checked before it is added. */
  suspect: boolean;
}

export interface Place {
  readonly view: number;
  readonly height: number;
}

/** Everything one replica knows. Functions of this folder change it; nothing else does. */
export interface State {
  /** Under HotStuff-2's own chain id. */
  readonly set: ReplicaSet;
  /** The chain's. */
  readonly chainId: Uint8Array;
  /** Heights up to here belong to earlier epochs. */
  readonly base: number;
  readonly n: number;
  readonly q: number;
  readonly f: number;
  readonly self: number;
  readonly signer: Signer;
  readonly verify: Verify;
  readonly secretKey: Uint8Array;
  readonly keys: { readonly publicKeys: readonly Uint8Array[]; readonly multisignature: Multisignature };
  readonly options: CheckedHotstuff2Options;
  readonly pool: RequestPool;
  readonly peers: readonly Peer[];
  started: boolean;
  nowMs: number;
  effects: EngineEffect[];
  ticks: number;
  /** Never goes down, and goes on over heights. */
  view: number;
  proof: ViewProof | null;
  /** The open height: one above the last committed. */
  height: number;
  executed: number;
  /** Nothing above it belongs to this set. */
  lastHeight: number;
  /** Own words at heights below it may be forgotten, so none are said there. */
  votesFrom: number;
  /** The record of a height that is not reached yet, after a start from an older block. */
  restored: OwnRecord | null;
  voted: OwnRecord['voted'];
  lock: Certified | null;
  /** The proposal of this view at this height. */
  seen: Seen | null;
  /** Own proposal, encoded, to be sent again. */
  ownProposal: Uint8Array | null;
  /** Own last vote in this view, as it went to the leader. */
  ownVote: { readonly phase: 'prepare' | 'commit'; readonly bytes: Uint8Array } | null;
  /** Payloads of the open height by digest: of what is seen, voted for or certified. */
  readonly payloads: Map<string, Uint8Array>;
  /** Those of them that are on disk. */
  readonly kept: Set<string>;
  votes: Map<number, HeldVote>;
  votes2: Map<number, HeldVote>;
  /** The leader's own certificate of this view, as it was sent. */
  prepared: Uint8Array | null;
  /** Proved, but its payload is missing. */
  decision: Certified | null;
  readonly decided: Map<number, Decided>;
  /** Blocks above the open height, proved. */
  readonly ahead: Map<number, { readonly payload: Uint8Array; readonly certificate: AggregateCertificate }>;
  later: Map<number, Uint8Array[]>;
  /** The highest view that each replica gave up. */
  readonly wishes: Map<number, Share & { readonly view: number }>;
  /** Who has told its lock in this view at this height. */
  heard: Set<number>;
  /** Where the leader need not wait for locks, or has: view and height. */
  ready: string | null;
  /** Views that failed since the last decision. */
  failedViews: number;
  readonly recall: Recall;
  /** The last of the own words, as it is in the journal. */
  said: OwnRecord | null;
  /** Where the journal ended at the last boot. */
  bootedAt: Place;
  /** It may have voted up to here before its last boot, and cannot know. */
  barred: Place | null;
  /** The leader of this view lied: leave it now. */
  abandon: boolean;
  /** A proposal that another replica says it saw: one that differs convicts its leader. */
  rumour: { readonly height: number; readonly seen: Seen } | null;
  /** Evidence told so far, by id. */
  readonly told: Set<string>;
  /** Where this replica stood when it last looked into `later`. */
  place: string;
  /** And at the last tick: what stands still is sent again. */
  placeAtTick: string;
  readonly timers: Timers;
  /** Highest height told as out of reach since the last tick. */
  behind: number;
}

export function leaderAt(state: Pick<State, 'n' | 'options'>, view: number, height: number): number {
  return (view + Math.floor(height / state.options.heightsPerLeader)) % state.n;
}

export function leaderOf(state: State): number {
  return leaderAt(state, state.view, state.height);
}

/** Whether this replica may still say something new at the open height: its set decides it, and nothing is forgotten. */
export function mayVote(state: State): boolean {
  const { height, executed, base, lastHeight, votesFrom, decision, recall } = state;
  const own = height > base && height <= lastHeight;
  const free = recall.voice === 'free';
  return own && free && executed >= height - 1 && height >= votesFrom && decision === null;
}

/** Whether it may have voted here before its last boot, and does not know. */
export function isBarred({ barred, view, height }: State): boolean {
  return barred !== null && view <= barred.view && height <= barred.height;
}

export function placeOf({ view, height, executed, recall }: State): string {
  return `${view} ${height} ${executed} ${recall.voice}`;
}

export function send(state: State, to: number | 'all', message: Hotstuff2Message): void {
  sendBytes(state, to, encodeHotstuff2Message(message));
}

export function sendBytes(state: State, to: number | 'all', bytes: Uint8Array): void {
  if (state.n > 1) state.effects.push({ kind: 'send', to, bytes });
}

export function strike(state: State, replica: number): void {
  const peer = state.peers[replica];
  if (peer !== undefined) peer.strikes += 1;
}

/** Whether `to` may have one more answer before the next tick. */
export function mayAnswer(state: State, to: number): boolean {
  const peer = state.peers[to] as Peer;
  if (peer.answers >= MAX_ANSWERS) return false;
  peer.answers += 1;
  return true;
}

const MAX_ANSWERS = 16;

export function statementAt(state: State, phase: Phase, view: number, height: number, digest: Uint8Array): Statement {
  return { epoch: state.set.epoch, phase, view, height, digest };
}

export function signAt(state: State, phase: Phase, digest: Uint8Array): Uint8Array {
  const { signer, set, view, height } = state;
  return signStatement(signer, set.chainId, statementAt(state, phase, view, height, digest));
}

/** A signed proposal of the leader of a view at a height. */
export function proposalAt(state: State, height: number, { view, digest, signature }: Seen): SignedStatement {
  const replica = leaderAt(state, view, height);
  return { replica, ...statementAt(state, 'pre-prepare', view, height, digest), signature };
}

export function signedWell(state: State, signed: SignedStatement): boolean {
  return verifySigned(state.verify, state.set, signed);
}

/** The own share of a statement. */
export function shareOf(state: State, statement: Statement): Uint8Array {
  return state.keys.multisignature.sign(SHARE_DOMAIN, statementBytes(state.set.chainId, statement), state.secretKey);
}

/** Whether Q signed; a bad certificate counts against who brought it. */
export function certifies(state: State, claim: Claim, certificate: AggregateCertificate, from: number): boolean {
  if (checkAggregate(state.set, state.keys, state.q, claim, certificate).ok) return true;
  strike(state, from);
  return false;
}

/** Whether this replica has given up the view it is in. */
export function isLeaving(state: State): boolean {
  return (state.wishes.get(state.self)?.view ?? -1) >= state.view;
}
