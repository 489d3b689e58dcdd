import { MAX_HEADER_BYTES, type ReplicaSet } from '@murmuration/consensus';
import {
  boolean,
  bytes,
  bytesUpTo,
  type DeviceId,
  deviceId,
  finite,
  integer,
  list,
  oneOf,
  optional,
  type Schema,
  struct,
  text,
  uint,
  union,
} from '@murmuration/core';
import { MAX_CERTIFICATE_BYTES } from '@murmuration/identity';
import { type AtomicTerms, termsSchema } from '../clusters/schema.ts';
import {
  MAX_COMMAND_BYTES,
  MAX_DEVICES,
  MAX_JOB_ID_CHARS,
  MAX_NAME_CHARS,
  MAX_PLAN_BYTES,
  MAX_REASON_CHARS,
  MAX_ROUNDS,
} from '../limits.ts';
import { replicaSetSchema } from '../replicas/schema.ts';

/** What a device may ask of the ledger. Rounds count from 1. */
export type Command =
  | RegisterDevice
  | RotateKey
  | OpenJob
  | CommitUpdate
  | AttestUpdates
  | CommitResult
  | SubmitEvidence
  | ChangeReplica
  | RegisterCluster
  | FollowCluster
  | AtomicPrepare
  | AtomicResolve;

/** Enters the device of `certificate`; signed by the key in it. */
export interface RegisterDevice {
  readonly kind: 'register-device';
  readonly certificate: Uint8Array;
  readonly name: string;
}

/** Replaces the operational key; signed by the key that goes, which also signed the new certificate. */
export interface RotateKey {
  readonly kind: 'rotate-key';
  readonly certificate: Uint8Array;
}

export interface OpenJob {
  readonly kind: 'open-job';
  /** 1 to 32 of a-z, 0-9 and -; never used before on this chain. */
  readonly job: string;
  /** Read by `learning`, not here. */
  readonly plan: Uint8Array;
  readonly rounds: number;
  /** Who may take part; empty: every registered device that is not quarantined. Ascending. */
  readonly participants: readonly DeviceId[];
}

/** "My update of this round has this hash." One for each device and round: a second hash is evidence. */
export interface CommitUpdate {
  readonly kind: 'commit-update';
  readonly job: string;
  readonly round: number;
  /** 32 bytes. */
  readonly hash: Uint8Array;
  /** Samples that the device trained on. */
  readonly samples: number;
  /** Length of the encoded update. */
  readonly bytes: number;
}

/** A replica's "these I hold". Ascending by device. */
export interface AttestUpdates {
  readonly kind: 'attest-updates';
  readonly job: string;
  readonly round: number;
  readonly updates: readonly NamedUpdate[];
}

export interface NamedUpdate {
  readonly device: DeviceId;
  readonly hash: Uint8Array;
}

/** A replica's aggregate of the fixed updates. One verdict for each of them, ascending by device. */
export interface CommitResult {
  readonly kind: 'commit-result';
  readonly job: string;
  readonly round: number;
  /** 32 bytes. */
  readonly modelHash: Uint8Array;
  readonly verdicts: readonly Verdict[];
}

/** What the robust rule made of one update. */
export interface Verdict {
  readonly device: DeviceId;
  readonly accepted: boolean;
  readonly reason: string;
  /** Norm of the update as sent. */
  readonly norm: number;
  /** Cosine with the aggregate. */
  readonly cosine: number;
  /** Share of the update in the aggregate. */
  readonly weight: number;
  /** What no honest device does. */
  readonly outlier: boolean;
}

/** Carries an encoded `EvidenceBundle`. */
export interface SubmitEvidence {
  readonly kind: 'submit-evidence';
  readonly evidence: Uint8Array;
}

/** A replica's "this device shall join, or leave, the replicas". It leaves itself by its own word alone. */
export interface ChangeReplica {
  readonly kind: 'change-replica';
  readonly device: DeviceId;
  readonly change: 'join' | 'leave';
}

/** A replica vouches for another cluster, which is followed from this set on. */
export interface RegisterCluster {
  readonly kind: 'register-cluster';
  readonly set: ReplicaSet;
  /** The last height before the epoch of `set`; 0 for a genesis. */
  readonly baseHeight: number;
}

/** A newer certified state of a followed cluster, from anyone. */
export interface FollowCluster {
  readonly kind: 'follow-cluster';
  /** An encoded `Header`. */
  readonly header: Uint8Array;
  /** Where the header ends an epoch: the proof of the next one, by `encodeEpochProof`. */
  readonly epochProof: Uint8Array | null;
}

/** Binds this cluster to a deal with another one. */
export interface AtomicPrepare {
  readonly kind: 'atomic-prepare';
  readonly terms: AtomicTerms;
}

/** Asks this cluster to commit or abort a deal, by what the other one's certified state shows. */
export interface AtomicResolve {
  readonly kind: 'atomic-resolve';
  /** 32 bytes, `atomicId` of its terms. */
  readonly id: Uint8Array;
  /** Null for a coordinator whose deadline has passed. */
  readonly proof: {
    /** Of a state that `follow-cluster` brought, one of the last 32. */
    readonly height: number;
    /** An encoded `StateAnswer` to `atomic/ID`. */
    readonly deal: Uint8Array;
    /** And one to `meta/chain`. */
    readonly chain: Uint8Array;
  } | null;
}

const job = text(MAX_JOB_ID_CHARS);
const round = integer(1, MAX_ROUNDS);

export const verdictSchema: Schema<Verdict> = struct({
  device: deviceId,
  accepted: boolean,
  reason: text(MAX_REASON_CHARS),
  norm: finite,
  cosine: finite,
  weight: finite,
  outlier: boolean,
});

export const commandSchema: Schema<Command> = union({
  1: ['register-device', struct({ certificate: bytesUpTo(MAX_CERTIFICATE_BYTES), name: text(MAX_NAME_CHARS) })],
  2: ['rotate-key', struct({ certificate: bytesUpTo(MAX_CERTIFICATE_BYTES) })],
  3: [
    'open-job',
    struct({
      job,
      plan: bytesUpTo(MAX_PLAN_BYTES),
      rounds: round,
      participants: list(deviceId, MAX_DEVICES),
    }),
  ],
  4: ['commit-update', struct({ job, round, hash: bytes(32), samples: uint, bytes: uint })],
  5: [
    'attest-updates',
    struct({ job, round, updates: list(struct({ device: deviceId, hash: bytes(32) }), MAX_DEVICES) }),
  ],
  6: ['commit-result', struct({ job, round, modelHash: bytes(32), verdicts: list(verdictSchema, MAX_DEVICES) })],
  7: ['submit-evidence', struct({ evidence: bytesUpTo(MAX_COMMAND_BYTES) })],
  8: ['change-replica', struct({ device: deviceId, change: oneOf('join', 'leave') })],
  9: ['register-cluster', struct({ set: replicaSetSchema, baseHeight: uint })],
  10: [
    'follow-cluster',
    struct({ header: bytesUpTo(MAX_HEADER_BYTES), epochProof: optional(bytesUpTo(MAX_COMMAND_BYTES)) }),
  ],
  11: ['atomic-prepare', struct({ terms: termsSchema })],
  12: [
    'atomic-resolve',
    struct({
      id: bytes(32),
      proof: optional(
        struct({ height: uint, deal: bytesUpTo(MAX_COMMAND_BYTES), chain: bytesUpTo(MAX_COMMAND_BYTES) }),
      ),
    }),
  ],
});
