import { type DeviceId, deviceId, oneOf, optional, type Schema, struct, text, uint } from '@murmuration/core';
import { EVIDENCE_KINDS, type EvidenceKind } from './evidence-bundle.ts';

/** A device's record of strikes. Its `state` holds at the ledger's block time. */
export interface QuarantineEntry {
  readonly device: DeviceId;
  readonly state: 'quarantined' | 'banned' | 'observed' | 'released';
  /** Quarantines so far; the fourth is the ban. */
  readonly strikes: number;
  /** Of the last strike. */
  readonly reason: EvidenceKind;
  readonly evidenceId: string;
  readonly sinceHeight: number;
  readonly sinceMs: number;
  /** Block time of the release; null for a ban. */
  readonly untilMs: number | null;
  /** Set at the release. */
  readonly observedUntilMs: number | null;
  /** Evidence recorded during this quarantine, beyond the piece that began it. */
  readonly furtherEvidence: number;
}

export const quarantineSchema: Schema<QuarantineEntry> = struct({
  device: deviceId,
  state: oneOf('quarantined', 'banned', 'observed', 'released'),
  strikes: uint,
  reason: oneOf(...EVIDENCE_KINDS),
  evidenceId: text(32),
  sinceHeight: uint,
  sinceMs: uint,
  untilMs: optional(uint),
  observedUntilMs: optional(uint),
  furtherEvidence: uint,
});

/** Evidence that the ledger has seen; the bundle itself left in the event. */
export interface EvidenceEntry {
  /** Names the offence, so two proofs of one offence are one entry. 32 hexadecimal characters. */
  readonly id: string;
  readonly kind: EvidenceKind;
  readonly accused: DeviceId;
  readonly height: number;
  readonly atMs: number;
  readonly summary: string;
  /** Who submitted it; null where the ledger found it itself. */
  readonly submittedBy: DeviceId | null;
}

export const evidenceSchema: Schema<EvidenceEntry> = struct({
  id: text(32),
  kind: oneOf(...EVIDENCE_KINDS),
  accused: deviceId,
  height: uint,
  atMs: uint,
  summary: text(512),
  submittedBy: optional(deviceId),
});
