import type { Entropy } from '@murmuration/core';
import type { AgreementKey, ed25519Verify, Signer } from '@murmuration/crypto';
import type { AggregationPlan } from './plan.ts';
import type { PairKeys } from './secrets.ts';

/** Makes exact integer noise, such as a discrete Gaussian sampler, of at least the given variance. */
export type NoiseSource = (variance: number) => { fill(out: Int32Array): void };

export interface MaskingClientDeps {
  /** The device's operational key: signs the key of this plan. */
  readonly signer: Signer;
  /** The operational public key of a member, as the swarm has certified it, or undefined where it has none. */
  keyOf(member: number): Uint8Array | undefined;
  /** @default ed25519Verify */
  readonly verify?: typeof ed25519Verify;
  /** Whether the swarm committed to the statement. For one plan it never commits to two. */
  isCommitted(statement: Uint8Array, certificate: Uint8Array): boolean;
  readonly entropy: Entropy;
  /**
   * Where ML-KEM's coins come from: `platform` draws them inside node:crypto, twenty times faster; `entropy` makes a
   * simulation replay. @default platform
   */
  readonly coins?: 'platform' | 'entropy';
  /** Exact integer noise of a variance, for plans with noise. */
  readonly noise?: NoiseSource;
}

export type ClientInput =
  | { readonly kind: 'start' }
  | { readonly kind: 'message'; readonly bytes: Uint8Array }
  /** Takes no further part: secrets are wiped, and whatever comes is refused. */
  | { readonly kind: 'stop' };

export type ClientEffect =
  | { readonly kind: 'send'; readonly bytes: Uint8Array }
  /**
   * The vector left, hidden. `saturated` numbers exceeded the plan's bound and were cut to it. `unopened`: members whose
   * shares did not reach this one, ascending; they lie, or the server does.
   */
  | { readonly kind: 'masked'; readonly saturated: number; readonly unopened: readonly number[] }
  | { readonly kind: 'refused'; readonly reason: string; readonly detail?: string };

export type ClientPhase = 'new' | 'keys' | 'pairs' | 'boxes' | 'masked' | 'revealed' | 'stopped';

export interface MaskingClient {
  step(input: ClientInput): readonly ClientEffect[];
  readonly phase: ClientPhase;
}

/** One holder's shares of the two secrets of one member. Exactly one of them may ever leave. @internal */
export interface HeldShares {
  readonly self: Uint8Array;
  readonly pair: Uint8Array;
}

/** By member that shared, itself included; null where its box did not open. @internal */
export type Holdings = ReadonlyMap<number, HeldShares | null>;

/** The masks of a vector by their seeds, and what left under them. @internal */
export interface ProofSecrets {
  readonly words: Int32Array;
  readonly selfSeed: Uint8Array;
  /** By neighbour that shared, ascending. */
  readonly pairSeeds: ReadonlyMap<number, Uint8Array>;
}

/** What every step of one client sees. @internal */
export interface ClientContext {
  readonly plan: AggregationPlan;
  readonly self: number;
  readonly deps: MaskingClientDeps;
  readonly input: Int32Array;
}

/** What a client knows between two messages; each phase forgets the secrets that it has used. @internal */
export type ClientState =
  | { readonly phase: 'new' }
  | { readonly phase: 'keys'; readonly key: AgreementKey }
  | {
      readonly phase: 'pairs';
      readonly key: AgreementKey;
      readonly roster: ReadonlyMap<number, Uint8Array>;
      readonly initiated: ReadonlyMap<number, PairKeys>;
    }
  | {
      readonly phase: 'boxes';
      readonly pairs: ReadonlyMap<number, PairKeys>;
      readonly selfSecret: Uint8Array;
      readonly own: HeldShares;
    }
  | {
      readonly phase: 'masked';
      readonly held: Holdings;
      /** What a norm proof needs, until it was given; null where none is due. */
      readonly proof: ProofSecrets | null;
    }
  | { readonly phase: 'revealed'; readonly statement: Uint8Array; readonly reveal: Uint8Array }
  | { readonly phase: 'stopped' };

/** @internal */
export interface Moved {
  readonly state: ClientState;
  readonly effects: readonly ClientEffect[];
}
