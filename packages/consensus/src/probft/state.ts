import { bytesUpTo, encode, type Infer, list, optional, struct, uint } from '@murmuration/core';
import type { Signer } from '@murmuration/crypto';
import type { EngineEffect } from '../engine.ts';
import type { Recall } from '../loop/recall.ts';
import type { Timers } from '../loop/timers.ts';
import type { Waiting } from '../loop/waiting.ts';
import { MAX_BATCH_BYTES } from '../quorum/batch.ts';
import type { ReplicaSet } from '../quorum/replica-set.ts';
import {
  digestSchema,
  type Phase,
  signatureBytesSchema,
  signStatement,
  type Verify,
  verifyStatement,
} from '../quorum/statement.ts';
import type { ProbabilisticCommit } from './finality.ts';
import {
  encodeProbftMessage,
  type NewLeaderBody,
  type ProbftMessage,
  type RecalledWord,
  sampledVoteSchema,
} from './messages.ts';
import type { CheckedProbftOptions } from './options.ts';
import type { SampleSizes } from './parameters.ts';
import type { HoldsReceiver, SampleFunction } from './samples.ts';

export type ProbftEffect =
  | Exclude<EngineEffect, { kind: 'commit' }>
  | { readonly kind: 'commit'; readonly commit: ProbabilisticCommit };

export interface HeldVote {
  readonly digest: Uint8Array;
  readonly proof: Uint8Array;
  readonly signature: Uint8Array;
  verified: boolean;
}

export interface HeldNewLeader {
  readonly body: NewLeaderBody;
  readonly bodyBytes: Uint8Array;
  readonly signature: Uint8Array;
  readonly payload: Uint8Array;
}

const preparedSchema = struct({
  view: uint,
  digest: digestSchema,
  leaderSignature: signatureBytesSchema,
  votes: list(sampledVoteSchema, 128),
  payload: bytesUpTo(MAX_BATCH_BYTES),
});

export type Prepared = Infer<typeof preparedSchema>;

/** What must outlive a crash: the own words at the height that is open. */
export const recordSchema = struct({
  height: uint,
  view: uint,
  /** The digest voted for in this view. */
  voted: optional(digestSchema),
  prepared: optional(preparedSchema),
  /** The new-leader message sent on entering this view, or nothing. */
  newLeader: bytesUpTo(MAX_BATCH_BYTES * 2),
});

export type OwnRecord = Infer<typeof recordSchema>;

export const decidedSchema = struct({ payload: bytesUpTo(MAX_BATCH_BYTES), certificate: bytesUpTo(32 * 1024) });
export type Decided = Infer<typeof decidedSchema>;

export const RECORD_KEY = 'probft';
export const DECIDED_PREFIX = 'probft-decided/';

/** Everything one replica knows. Functions of this folder change it; nothing else does. */
export interface State {
  /** Under ProBFT's own chain id. */
  readonly set: ReplicaSet;
  readonly sizes: SampleSizes;
  /** Deterministic quorum and fault bound: of view changes. */
  readonly quorum: number;
  readonly f: number;
  readonly self: number;
  readonly signer: Signer;
  readonly vrf: { readonly secretKey: Uint8Array; readonly publicKey: Uint8Array; readonly fn: SampleFunction };
  readonly vrfKeys: readonly Uint8Array[];
  readonly holds: HoldsReceiver;
  readonly verify: Verify;
  readonly options: CheckedProbftOptions;
  readonly waiting: Waiting;
  started: boolean;
  nowMs: number;
  effects: ProbftEffect[];

  readonly recall: Recall;
  /** When each replica was last told what is held of its key. */
  readonly toldAtMs: Map<number, number>;
  /** The last of the own words, as it is in the journal. */
  said: OwnRecord | null;
  /** The same, of a height that is not reached yet, after a start from an older block. */
  restored: OwnRecord | null;
  /** Nothing is signed at heights below: what was said there may be forgotten. */
  floor: number;

  /** The open one. */
  height: number;
  view: number;
  voted: Uint8Array | null;
  prepared: Prepared | null;
  ownNewLeader: Uint8Array;

  /** What the leader of this view was seen to sign. */
  leaderSigned: { readonly digest: Uint8Array; readonly signature: Uint8Array } | null;
  /** The leader of this view signed two: nothing more is voted here. */
  contested: boolean;
  payload: Uint8Array | null;
  prepares: Map<number, HeldVote>;
  commits: Map<number, HeldVote>;
  commitSent: boolean;

  /** The latest of each replica at this height. */
  readonly newLeaders: Map<number, HeldNewLeader>;
  /** Messages of later views, or of the next height. */
  readonly later: Map<number, Uint8Array[]>;
  readonly decided: Map<number, Decided>;
  readonly timers: Timers;
  /** Height and view when messages kept for later were last looked at. */
  place: string;
}

export function leaderOf(state: State, height: number, view: number): number {
  return (height + view - 1) % state.sizes.n;
}

export function isLeader(state: State): boolean {
  return leaderOf(state, state.height, state.view) === state.self;
}

/** Whether it may sign anything new at the open height. */
export function maySign({ recall, height, floor }: State): boolean {
  return recall.voice === 'free' && height >= floor;
}

export function send(state: State, to: number | 'all', message: ProbftMessage): void {
  state.effects.push({ kind: 'send', to, bytes: encodeProbftMessage(message) });
}

export function persistRecord(state: State): void {
  // The words of a height that is not reached yet are kept until it is.
  if (state.restored !== null) return;
  const { height, view, voted, prepared, ownNewLeader: newLeader } = state;
  state.said = { height, view, voted, prepared, newLeader };
  const value = encode(recordSchema, state.said);
  state.effects.push({ kind: 'persist', key: RECORD_KEY, value });
}

export function decidedKey(height: number): string {
  return `${DECIDED_PREFIX}${String(height).padStart(16, '0')}`;
}

const NOTHING = new Uint8Array(0);

/** @param attached the proof of the sample, in votes: the signer answers for it */
export function signAt(
  state: State,
  phase: Phase,
  view: number,
  digest: Uint8Array,
  attached: Uint8Array = NOTHING,
): Uint8Array {
  const { signer, set, height } = state;
  return signStatement(signer, set.chainId, { epoch: set.epoch, phase, view, height, digest, attached });
}

export function signedBy(
  state: State,
  replica: number,
  phase: Phase,
  view: number,
  digest: Uint8Array,
  signature: Uint8Array,
  attached: Uint8Array = NOTHING,
): boolean {
  const { set, height, verify } = state;
  const key = set.replicas[replica]?.key;
  const statement = { epoch: set.epoch, phase, view, height, digest, attached };
  return key !== undefined && verifyStatement(verify, set.chainId, statement, signature, key);
}

/** Whether a word is signed as it says. */
export function signedWord({ set, verify }: State, { statement, attached }: RecalledWord): boolean {
  const key = set.replicas[statement.replica]?.key;
  return (
    key !== undefined && verifyStatement(verify, set.chainId, { ...statement, attached }, statement.signature, key)
  );
}
