import {
  boolean,
  bytes,
  bytesUpTo,
  type DeviceId,
  deviceId,
  integer,
  list,
  oneOf,
  optional,
  type Schema,
  struct,
  text,
  uint,
} from '@murmuration/core';
import { type Verdict, verdictSchema } from '../commands/command.ts';
import { numberKey } from '../devices/schema.ts';
import { MAX_DEVICES, MAX_JOB_ID_CHARS, MAX_PLAN_BYTES, MAX_REPLICAS } from '../limits.ts';

/** A training job. */
export interface JobEntry {
  readonly job: string;
  readonly plan: Uint8Array;
  /** Rounds planned. */
  readonly rounds: number;
  /** Empty: every registered device that is not quarantined. */
  readonly participants: readonly DeviceId[];
  readonly state: 'running' | 'finished';
  /** The open round, or the last one of a finished job; from 1. */
  readonly round: number;
  /** Hash of the model after the last finalised round; null before the first. */
  readonly modelHash: Uint8Array | null;
  readonly openedBy: DeviceId;
  readonly openedHeight: number;
  readonly openedMs: number;
  readonly finishedMs: number | null;
}

export type RoundPhase = 'collecting' | 'aggregating' | 'finalised' | 'void';

/** One round of a job. */
export interface RoundEntry {
  readonly job: string;
  /** From 1. */
  readonly round: number;
  readonly phase: RoundPhase;
  readonly openedHeight: number;
  readonly openedMs: number;
  /** Ascending by device; empty once `summary` is set. */
  readonly updates: readonly UpdateEntry[];
  /** Replicas whose attestation counted, ascending. */
  readonly attestedBy: readonly DeviceId[];
  /** Replicas whose result was taken, in the order of the ledger. */
  readonly resultsBy: readonly ResultEntry[];
  /** Set in phase finalised; in phase void, the model that stays (null: the initial one). */
  readonly modelHash: Uint8Array | null;
  /** Set in phase finalised; ascending by device; empty once `summary` is set. */
  readonly verdicts: readonly Verdict[];
  readonly closed: ClosedRound | null;
}

export interface UpdateEntry {
  readonly device: DeviceId;
  readonly hash: Uint8Array;
  readonly samples: number;
  readonly bytes: number;
  /** Replicas that hold it, while the round collects. */
  readonly attestations: number;
  /** Whether it is in the fixed set. */
  readonly fixed: boolean;
}

export interface ResultEntry {
  readonly device: DeviceId;
  /** Hash of job, round, model hash and verdicts. */
  readonly digest: Uint8Array;
}

export interface ClosedRound {
  /** Counts all rounds that this ledger closed: the order in which they are pruned. */
  readonly order: number;
  readonly height: number;
  readonly atMs: number;
  readonly updates: number;
  readonly accepted: number;
  /** Updates that were in the fixed set and refused by the rule. */
  readonly refused: number;
  /** True once `updates` and `verdicts` were pruned. */
  readonly summary: boolean;
}

/**
 * What the signed commands of one round hold beyond the round's facts. Together they give the exact bytes
 * back (`rebuildCommand`), so evidence needs no second copy of the verdicts for each replica.
 */
export interface ProofEntry {
  readonly job: string;
  readonly round: number;
  readonly updates: readonly Seal[];
  readonly results: readonly Seal[];
  /** Distinct results, while the round aggregates. */
  readonly candidates: readonly Candidate[];
}

/** Who signed a command, under which certificate. */
export interface Seal {
  readonly device: DeviceId;
  readonly epoch: number;
  readonly sequence: number;
  readonly signature: Uint8Array;
}

export interface Candidate {
  readonly digest: Uint8Array;
  readonly modelHash: Uint8Array;
  readonly verdicts: readonly Verdict[];
}

/** Finalised rounds whose verdict on the device was "outlier", and which no quarantine rests on yet. */
export interface OutlierEntry {
  readonly device: DeviceId;
  readonly rounds: readonly RoundName[];
}

export interface RoundName {
  readonly job: string;
  readonly round: number;
}

export function roundKey(job: string, round: number): string {
  return `${job}/${numberKey(round)}`;
}

const job = text(MAX_JOB_ID_CHARS);
const round = integer(1);

export const jobSchema: Schema<JobEntry> = struct({
  job,
  plan: bytesUpTo(MAX_PLAN_BYTES),
  rounds: round,
  participants: list(deviceId, MAX_DEVICES),
  state: oneOf('running', 'finished'),
  round,
  modelHash: optional(bytes(32)),
  openedBy: deviceId,
  openedHeight: uint,
  openedMs: uint,
  finishedMs: optional(uint),
});

const updateSchema: Schema<UpdateEntry> = struct({
  device: deviceId,
  hash: bytes(32),
  samples: uint,
  bytes: uint,
  attestations: uint,
  fixed: boolean,
});

const closedSchema: Schema<ClosedRound> = struct({
  order: uint,
  height: uint,
  atMs: uint,
  updates: uint,
  accepted: uint,
  refused: uint,
  summary: boolean,
});

export const roundSchema: Schema<RoundEntry> = struct({
  job,
  round,
  phase: oneOf('collecting', 'aggregating', 'finalised', 'void'),
  openedHeight: uint,
  openedMs: uint,
  updates: list(updateSchema, MAX_DEVICES),
  attestedBy: list(deviceId, MAX_REPLICAS),
  resultsBy: list(struct({ device: deviceId, digest: bytes(32) }), MAX_REPLICAS),
  modelHash: optional(bytes(32)),
  verdicts: list(verdictSchema, MAX_DEVICES),
  closed: optional(closedSchema),
});

const sealSchema: Schema<Seal> = struct({
  device: deviceId,
  epoch: uint,
  sequence: uint,
  signature: bytes(64),
});

export const proofSchema: Schema<ProofEntry> = struct({
  job,
  round,
  updates: list(sealSchema, MAX_DEVICES),
  results: list(sealSchema, MAX_REPLICAS),
  candidates: list(
    struct({ digest: bytes(32), modelHash: bytes(32), verdicts: list(verdictSchema, MAX_DEVICES) }),
    MAX_REPLICAS,
  ),
});

export const outlierSchema: Schema<OutlierEntry> = struct({
  device: deviceId,
  rounds: list(struct({ job, round }), 16),
});
