import {
  boolean,
  bytes,
  bytesUpTo,
  type DeviceId,
  deviceId,
  finite,
  integer,
  list,
  type Schema,
  struct,
  text,
  uint,
  union,
} from '@murmuration/core';
import { MAX_CERTIFICATE_BYTES } from '@murmuration/identity';
import {
  MAX_COMMAND_BYTES,
  MAX_DEVICES,
  MAX_JOB_ID_CHARS,
  MAX_NAME_CHARS,
  MAX_PLAN_BYTES,
  MAX_REASON_CHARS,
  MAX_ROUNDS,
} from '../limits.ts';

/** What a device may ask of the ledger. Rounds count from 1. */
export type Command =
  | RegisterDevice
  | RotateKey
  | OpenJob
  | CommitUpdate
  | AttestUpdates
  | CommitResult
  | SubmitEvidence;

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
});
