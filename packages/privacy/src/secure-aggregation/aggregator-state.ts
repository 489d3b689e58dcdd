import type { Entropy } from '@murmuration/core';
import { agreementKey, type ed25519Verify, type ShamirShare } from '@murmuration/crypto';
import type { ClientMessage, MessageOf } from './messages.ts';
import { type NormChecks, newNormChecks } from './norm-checks.ts';
import type { AggregationPlan } from './plan.ts';
import type { SignedKey } from './roster.ts';

export interface AggregatorDeps {
  /** The operational public key of a member, as the swarm has certified it, or undefined where it has none. */
  keyOf(member: number): Uint8Array | undefined;
  /** @default ed25519Verify */
  readonly verify?: typeof ed25519Verify;
  /** Of the challenge, for plans with a norm bound: nobody may know it before the vectors are here. */
  readonly entropy?: Entropy;
}

export type AggregatorInput =
  | { readonly kind: 'message'; readonly from: number; readonly bytes: Uint8Array }
  /** The time of the present phase is over: who has not answered has dropped out. */
  | { readonly kind: 'deadline' }
  /** The swarm has committed to the statement of the `commit` effect. */
  | { readonly kind: 'certified'; readonly certificate: Uint8Array };

export type AggregatorEffect =
  | { readonly kind: 'send'; readonly to: number; readonly bytes: Uint8Array }
  /** A new phase began: set its deadline. `waitingFor` members are to answer. */
  | { readonly kind: 'phase'; readonly phase: AggregatorPhase; readonly waitingFor: number }
  /**
   * Have the swarm commit to this statement, and give the certificate: the set of survivors, or (with `keys`, for
   * `verifyRoster`) the roster of a plan that has it committed.
   */
  | { readonly kind: 'commit'; readonly statement: Uint8Array; readonly keys?: readonly SignedKey[] }
  | { readonly kind: 'sum'; readonly result: AggregationResult }
  /** The plan is over and nothing was released. */
  | { readonly kind: 'void'; readonly reason: VoidReason; readonly detail: string }
  | { readonly kind: 'refused'; readonly from: number; readonly reason: string; readonly detail?: string };

export interface AggregationResult {
  /** Σ of the survivors' vectors (with their noise), length `plan.length`. */
  readonly sum: Int32Array;
  /** Members whose vectors are in the sum, ascending. */
  readonly survivors: readonly number[];
  /**
   * Numbers of the sum that no honest vectors reach, but for noise beyond 12 standard deviations. Above 0 a member
   * lied about its vector or masks, or a sum wrapped: treat the whole sum as spoiled.
   */
  readonly outOfRange: number;
  /** Members whose vectors were taken out again, ascending: no proof of their norm, or neighbours of a false one. */
  readonly unproven: readonly number[];
}

export type AggregatorPhase =
  | 'keys'
  | 'roster'
  | 'ciphertexts'
  | 'shares'
  | 'masked'
  | 'proofs'
  | 'committing'
  | 'reveals'
  | 'done'
  | 'void';

/**
 * `unrecoverable` names a member whose own secrets do not fit its commitments, or whose sealed seeds do not open; `not-committed`: the swarm did
 * not commit to the statement in time; `false-masks` names a member whose masks are not those that it proved with.
 */
export type VoidReason =
  | 'too-few-members'
  | 'too-few-survivors'
  | 'too-few-shares'
  | 'unrecoverable'
  | 'not-committed'
  | 'false-masks';

/** What the server has of one plan. Every map is bounded by the number of members. @internal */
export interface AggregatorData {
  readonly plan: AggregationPlan;
  readonly deps: AggregatorDeps;
  phase: AggregatorPhase;
  /** Members that are to answer in this phase. */
  expected: ReadonlySet<number>;
  readonly keys: Map<number, MessageOf<ClientMessage, 'keys'>>;
  /** Ciphertexts by initiator, then by responder. */
  readonly ciphertexts: Map<number, ReadonlyMap<number, Uint8Array>>;
  readonly shares: Map<number, MessageOf<ClientMessage, 'shares'>>;
  /** Boxes by sender, then by holder, with the digests of what they hold. */
  readonly boxes: Map<number, ReadonlyMap<number, SharesBox>>;
  sharers: ReadonlySet<number>;
  readonly survivors: Set<number>;
  readonly sum: Int32Array;
  /** For plans with a norm bound. */
  readonly norm: NormChecks | null;
  statement: Uint8Array;
  readonly revealed: Map<number, ShamirShare[]>;
  readonly revealers: Set<number>;
  /** To be told with the next effects. */
  readonly told: AggregatorEffect[];
}

export type SharesBox = MessageOf<ClientMessage, 'shares'>['boxes'][number];

/** @internal */
export function newAggregatorData(deps: AggregatorDeps, plan: AggregationPlan): AggregatorData {
  return {
    plan,
    deps,
    phase: 'keys',
    expected: new Set(plan.members.keys()),
    keys: new Map(),
    ciphertexts: new Map(),
    shares: new Map(),
    boxes: new Map(),
    sharers: new Set(),
    survivors: new Set(),
    sum: new Int32Array(plan.length),
    norm: plan.norm === null ? null : newNormChecks(),
    statement: new Uint8Array(0),
    revealed: new Map(),
    revealers: new Set(),
    told: [],
  };
}

/** Only to ask whether a peer's key is one: it agrees on nothing that anyone uses. @internal */
export const probeKey = agreementKey(new Uint8Array(96).fill(1));
