import type { Result } from '@murmuration/core';
import type { Commit, EngineEvent, EngineStatus, Finality } from '../../src/index.ts';
import type { ProbftEffect } from '../../src/probft/state.ts';
import type { RaftEffect } from '../../src/raft/events.ts';

/** Any engine: some have effects of their own, which a host that does not know them leaves alone. */
export interface AnyEngine {
  step(event: EngineEvent): readonly (RaftEffect | ProbftEffect)[];
  readonly status: EngineStatus;
}

/** n replicas of one protocol with their keys. */
export interface Group {
  /** A new engine of this replica, as at every boot. */
  engine(self: number): AnyEngine;
  /** Checks a commit offline. Left out where a certificate proves nothing to outsiders. */
  verify?(commit: Commit): Result<void, string>;
}

/** What the conformance suite runs of a protocol. */
export interface ProtocolUnderTest {
  readonly finality: Finality;
  /** Of n replicas, how many may be silent while the others are promised progress. */
  readonly tolerates: (n: number) => number;
  readonly group: (n: number) => Group;
  /** The kind of a message, undefined where these bytes are none. */
  readonly kindOf: (bytes: Uint8Array) => string | undefined;
  /**
   * What a message asserts at a place where a correct replica asserts one thing only; nullish where nothing. Left out
   * where a replica that starts from an old copy of its disk may say two things.
   */
  readonly saying?: (bytes: Uint8Array) => { readonly place: string; readonly says: string } | undefined | null;
  /** Messages over links of one decision that nothing disturbs: their kinds, and how many among n. */
  readonly decision?: { readonly kinds: readonly string[]; readonly messages: (n: number) => number };
  /** False where the protocol needs more than one replica. @default true */
  readonly alone?: boolean;
  /** Virtual milliseconds after which something submitted in peace must be committed, silent replicas included. @default 60_000 */
  readonly patienceMs?: number;
}
