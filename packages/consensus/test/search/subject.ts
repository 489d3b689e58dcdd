import type { EngineEffect } from '../../src/index.ts';

/** A message that somebody has sent and that may reach whoever it is for, at any time, or never. */
export interface Sent {
  readonly from: number;
  readonly to: number | 'all';
  readonly bytes: Uint8Array;
  /** For people: `prepare of A in view 0`. */
  readonly name: string;
  /** Votes that count together towards a quorum, and nothing else does; undefined for what acts by itself. */
  readonly ballot: string | undefined;
}

/** A protocol as the search runs it: correct replicas with their real engines, and everything that one liar can say. */
export interface Subject<State extends object> {
  readonly name: string;
  readonly correct: readonly number[];
  /** The bound: views that are entered. */
  readonly views: number;
  /** What no step of a replica changes. */
  readonly fixed: ReadonlySet<unknown>;
  /** Each correct replica, started, with the one request to be ordered; and what that made it send. */
  boot(): readonly { readonly self: number; readonly state: State; readonly effects: readonly EngineEffect[] }[];
  /** Hands `state`, which it changes, a message. */
  deliver(self: number, state: State, message: Sent): readonly EngineEffect[];
  /** The whole timeout of the view passes. @returns undefined in the last view of the bound */
  timeOut(self: number, state: State): readonly EngineEffect[] | undefined;
  /** @returns what a message says, or undefined where it is none of those that the search delivers */
  read(from: number, bytes: Uint8Array): Pick<Sent, 'name' | 'ballot'> | undefined;
  viewOf(state: State): number;
  /** What changes when a replica enters the view that it has left for. */
  placeOf(state: State): string;
  /** For people: what was committed, `A by view 0`; and the value alone. */
  readCommit(payload: Uint8Array, certificate: Uint8Array): { readonly value: string; readonly name: string };
  /** Everything that the liar can have signed once `sent` has been sent by correct replicas. */
  lies(sent: readonly Sent[]): readonly Sent[];
}
