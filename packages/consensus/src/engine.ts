import type { ReplicaSet } from './quorum/replica-set.ts';

/**
 * The one contract of every consensus protocol here: an event in, effects out. Pure and synchronous; the host
 * owns the sockets, the disk and the clock. Replicas are numbers: positions in the `ReplicaSet`.
 */
export interface Engine {
  /** Takes one event. Effects are carried out in their order. @throws CONSENSUS_NOT_STARTED before `start` */
  step(event: EngineEvent): readonly EngineEffect[];
  readonly status: EngineStatus;
}

/** `nowMs` is the host's wall clock, used for the time of batches only. */
export type EngineEvent =
  /** After every boot. `records`: everything persisted so far; `executed`: the last block the host has applied. */
  | {
      readonly kind: 'start';
      readonly nowMs: number;
      readonly records: readonly EngineRecord[];
      readonly executed: Executed;
      /**
       * These are known to be all records that there ever were: this process has run since the key's first use in the
       * epoch. Else an engine that faces liars signs only once others have told it what they hold of its key.
       */
      readonly sure?: true;
    }
  /** Bytes of another replica. The link authenticates `from`; the engine verifies every signature itself. */
  | { readonly kind: 'message'; readonly nowMs: number; readonly from: number; readonly bytes: Uint8Array }
  /** An opaque request to be ordered. Deduplicated by its SHA3-256. */
  | { readonly kind: 'propose'; readonly nowMs: number; readonly request: Uint8Array }
  /** A timer set by an effect has fired. */
  | { readonly kind: 'timer'; readonly nowMs: number; readonly id: string }
  /** The host has applied a block, in height order. */
  | ({ readonly kind: 'executed'; readonly nowMs: number } & Executed)
  /** The host has caught up by certified blocks or by a snapshot: a jump. */
  | ({ readonly kind: 'installed'; readonly nowMs: number } & Executed)
  /**
   * The host's state machine has decided, by executing a block, that heights above `lastHeight` belong to `next`, of
   * the next epoch. The engine fills its heights up to there and decides nothing above. Comes before the `executed`
   * that follows that block's, and again after each `start` while it is pending.
   */
  | { readonly kind: 'reconfigure'; readonly nowMs: number; readonly next: ReplicaSet; readonly lastHeight: number };

export interface Executed {
  readonly height: number;
  /** Root of the state after that block, 32 bytes. Equal on all correct replicas. */
  readonly stateDigest: Uint8Array;
}

export interface EngineRecord {
  readonly key: string;
  readonly value: Uint8Array;
}

export type EngineEffect =
  | SendEffect
  /**
   * Put, or delete where null. Durable before any later `send` of any step leaves, unless `lazy`: then power loss
   * may forget it, since others can give it again.
   */
  | { readonly kind: 'persist'; readonly key: string; readonly value: Uint8Array | null; readonly lazy?: true }
  /** Replaces a timer of the same id. */
  | { readonly kind: 'setTimer'; readonly id: string; readonly delayMs: number }
  | { readonly kind: 'cancelTimer'; readonly id: string }
  /** In height order, without gaps; delivered again after a restart from `executed.height + 1`. */
  | { readonly kind: 'commit'; readonly commit: Commit }
  /** Encoded `Evidence`, valid by itself. May come again after a restart: its id tells. */
  | { readonly kind: 'evidence'; readonly evidence: Uint8Array }
  /** Others are provably at `height`: fetch certified blocks or a snapshot, then say `installed`. */
  | { readonly kind: 'behind'; readonly height: number; readonly from: number }
  | {
      readonly kind: 'stableCheckpoint';
      readonly height: number;
      readonly stateDigest: Uint8Array;
      readonly certificate: Uint8Array;
    }
  /**
   * Signed by the own key, and not by this process as far as its journal tells: a second process runs with the key, or
   * this one started from an old copy of its store. It votes no more; a person must look. `conflicting`: the two
   * contradict each other, so there may be a proof already that convicts the key.
   */
  | {
      readonly kind: 'duplicated';
      readonly phase: string;
      readonly view: number;
      readonly height: number;
      readonly conflicting: boolean;
    }
  /** A quorum certified another state than ours at `height`: stop, and fetch a snapshot. */
  | { readonly kind: 'diverged'; readonly height: number; readonly ours: Uint8Array; readonly certified: Uint8Array }
  /** Something was not accepted. For counters: `reason` is kebab case and safe as a label. */
  | { readonly kind: 'refused'; readonly from?: number; readonly request?: Uint8Array; readonly reason: string };

export interface SendEffect {
  readonly kind: 'send';
  /** A replica, or all others. */
  readonly to: number | 'all';
  readonly bytes: Uint8Array;
}

/** What a commit promises: agreement always, with high probability, or while replicas only crash. */
export type Finality = 'deterministic' | 'probabilistic' | 'crash';

export interface Commit {
  /** From 1. */
  readonly height: number;
  /** An encoded `Batch`. */
  readonly payload: Uint8Array;
  /** Proves the commit offline: see `verifyCommit`. */
  readonly certificate: Uint8Array;
  readonly finality: Finality;
}

export interface EngineStatus {
  readonly view: number;
  readonly primary: number;
  /** Last committed. */
  readonly height: number;
  readonly stableCheckpoint: number;
  /** Requests known and not committed. */
  readonly pending: number;
  readonly viewChanging: boolean;
}
