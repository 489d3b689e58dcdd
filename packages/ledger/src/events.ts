import type { ReplicaSet } from '@murmuration/consensus';
import type { DeviceId } from '@murmuration/core';
import type { Verdict } from './commands/command.ts';
import type { EvidenceKind } from './quarantine/evidence-bundle.ts';

/** What a block changed, in the order in which it happened. */
export type LedgerEvent =
  | { readonly kind: 'device-registered'; readonly device: DeviceId; readonly name: string; readonly epoch: number }
  | { readonly kind: 'key-rotated'; readonly device: DeviceId; readonly epoch: number }
  | { readonly kind: 'job-opened'; readonly job: string; readonly rounds: number; readonly openedBy: DeviceId }
  | { readonly kind: 'round-opened'; readonly job: string; readonly round: number }
  | UpdateCommitted
  | {
      readonly kind: 'updates-fixed';
      readonly job: string;
      readonly round: number;
      readonly updates: readonly FixedUpdate[];
    }
  | RoundFinalised
  | { readonly kind: 'job-finished'; readonly job: string; readonly modelHash: Uint8Array | null }
  | {
      readonly kind: 'result-mismatch';
      readonly job: string;
      readonly round: number;
      readonly device: DeviceId;
      readonly evidenceId: string;
    }
  | EvidenceRecorded
  | Quarantined
  /** Heights above `lastHeight` are decided by `set`: the host steps its engine with `reconfigure`. */
  | { readonly kind: 'replicas-changed'; readonly epoch: number; readonly set: ReplicaSet; readonly lastHeight: number }
  /** Deals with other clusters: both do what `digest` names, or neither. */
  | { readonly kind: 'atomic-prepared'; readonly id: string; readonly digest: Uint8Array }
  | { readonly kind: 'atomic-resolved'; readonly id: string; readonly digest: Uint8Array; readonly committed: boolean }
  /** More than f of its replicas lied: nothing of it is believed any more. */
  | { readonly kind: 'cluster-forked'; readonly chainId: Uint8Array }
  | { readonly kind: 'released'; readonly device: DeviceId; readonly observedUntilMs: number };

export interface UpdateCommitted extends FixedUpdate {
  readonly kind: 'update-committed';
  readonly job: string;
  readonly round: number;
}

export interface FixedUpdate {
  readonly device: DeviceId;
  readonly hash: Uint8Array;
  readonly samples: number;
  readonly bytes: number;
}

export interface RoundFinalised {
  readonly kind: 'round-finalised';
  readonly job: string;
  readonly round: number;
  /** True where no update was fixed, or no quorum can agree any more: the old model stays. */
  readonly void: boolean;
  /** Of the model from here on; null while it is the initial one. */
  readonly modelHash: Uint8Array | null;
  readonly verdicts: readonly Verdict[];
}

export interface EvidenceRecorded {
  readonly kind: 'evidence-recorded';
  readonly evidenceId: string;
  readonly evidence: EvidenceKind;
  readonly accused: DeviceId;
  readonly summary: string;
  /** The encoded bundle, ready to store: the ledger keeps only its entry. */
  readonly bundle: Uint8Array;
}

export interface Quarantined {
  readonly kind: 'quarantined';
  readonly device: DeviceId;
  readonly reason: EvidenceKind;
  readonly evidenceId: string;
  /** The encoded bundle, ready to store. */
  readonly bundle: Uint8Array;
  readonly strikes: number;
  /** Block time of the release; null for a ban. */
  readonly untilMs: number | null;
}
