import type { DeviceId } from '@murmuration/core';
import type { Commit, EngineEffect, EngineEvent, EngineStatus } from '../engine.ts';
import type { ReplicaSet } from '../quorum/replica-set.ts';

/** Events of an engine, but that peers are devices: a replica's number differs from epoch to epoch. */
export type EpochsEvent =
  | Exclude<EngineEvent, { readonly kind: 'message' }>
  | { readonly kind: 'message'; readonly nowMs: number; readonly from: DeviceId; readonly bytes: Uint8Array };

/** Effects of an engine, with devices for peers, and the epoch of what can outlive it. */
export type EpochsEffect =
  | Exclude<EngineEffect, { readonly kind: 'send' | 'commit' | 'evidence' | 'behind' | 'stableCheckpoint' | 'refused' }>
  | { readonly kind: 'send'; readonly to: readonly DeviceId[]; readonly bytes: Uint8Array }
  | { readonly kind: 'commit'; readonly commit: Commit; readonly epoch: number }
  | { readonly kind: 'evidence'; readonly evidence: Uint8Array; readonly epoch: number }
  /** Others seem to be at `height` or above: ask `from` for certified blocks or a snapshot. */
  | { readonly kind: 'behind'; readonly height: number; readonly from: DeviceId }
  /** At the last height of an epoch it is the proof of the next one. */
  | {
      readonly kind: 'stableCheckpoint';
      readonly epoch: number;
      readonly height: number;
      readonly stateDigest: Uint8Array;
      readonly certificate: Uint8Array;
    }
  | {
      readonly kind: 'refused';
      readonly from?: DeviceId;
      readonly request?: Uint8Array;
      readonly reason: string;
    }
  /** From here on heights above `baseHeight` are decided by `set`, in which this device is `self`, or null. */
  | ({ readonly kind: 'epoch' } & EpochPlace);

/** Where an epoch begins, and the own place in it. */
export interface EpochPlace {
  readonly set: ReplicaSet;
  /** Position of this device, or null where it does not vote. */
  readonly self: number | null;
  /** Heights up to here belong to earlier epochs. */
  readonly baseHeight: number;
}

export interface EpochsStatus extends EpochPlace {
  /** The last height of this epoch, once it is known. */
  readonly lastHeight: number | null;
  /** Of the engine; null where this device does not vote. */
  readonly engine: EngineStatus | null;
  /** The epoch before, while its laggards are still answered. */
  readonly lingering: number | null;
}
