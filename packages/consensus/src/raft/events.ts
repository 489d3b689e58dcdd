import type { Engine, EngineEffect, EngineEvent, EngineStatus } from '../engine.ts';
import type { RaftLogView } from './log.ts';
import type { Members } from './members.ts';

/** What Raft takes besides the events of every engine. */
export type RaftEvent =
  | EngineEvent
  /** A linearizable read: answered by `readable` or `readRefused` with the same id. */
  | { readonly kind: 'read'; readonly nowMs: number; readonly id: number }
  /** The leader changes the members, through a joint configuration. Others are replicated to no longer. */
  | {
      readonly kind: 'reconfigure';
      readonly nowMs: number;
      readonly voters: readonly number[];
      readonly learners: readonly number[];
    }
  /** The leader hands over to a voter. */
  | { readonly kind: 'transfer'; readonly nowMs: number; readonly to: number }
  /** The host's state after `height`, which it has applied, takes the place of the log up to there. */
  | { readonly kind: 'compact'; readonly nowMs: number; readonly height: number; readonly snapshot: Uint8Array };

export type RaftEffect =
  | EngineEffect
  /** The host's state is now this snapshot's, at `height`. */
  | { readonly kind: 'install'; readonly height: number; readonly snapshot: Uint8Array }
  /** Once the host has applied `height`, its state answers the read. */
  | { readonly kind: 'readable'; readonly id: number; readonly height: number }
  | { readonly kind: 'readRefused'; readonly id: number; readonly reason: string };

export type RaftRole = 'follower' | 'pre-candidate' | 'candidate' | 'leader';

export interface RaftStatus extends EngineStatus {
  /** The same as `view`. */
  readonly term: number;
  readonly role: RaftRole;
  /** Null while none is known; then `primary` is −1. */
  readonly leader: number | null;
  readonly commit: number;
  readonly members: Members;
}

export interface RaftEngine extends Omit<Engine, 'step' | 'status'> {
  step(event: RaftEvent): readonly RaftEffect[];
  readonly status: RaftStatus;
  readonly log: RaftLogView;
}
