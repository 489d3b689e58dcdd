import {
  bytes,
  bytesUpTo,
  type DecodeReason,
  type DeviceId,
  decodeCanonical,
  deviceId,
  encode,
  list,
  oneOf,
  optional,
  type Result,
  type Schema,
  struct,
} from '@murmuration/core';
import { MAX_CERTIFICATE_BYTES } from '@murmuration/identity';
import { MAX_COMMAND_BYTES, MAX_REPLICAS } from '../limits.ts';

/**
 * - `equivocation`: two signed consensus messages that exclude each other (`verifyEvidence` of consensus)
 * - `consensus-fault`: consensus messages that the accused signed and no correct replica signs: a vote against its own
 *   lock, a justification that does not hold, another state than a quorum's
 * - `poisoned-updates`: a quorum's results of two rounds that call the accused's signed updates outliers
 * - `result-mismatch`: a replica's signed result and a quorum's other one, of one round
 * - `double-update`: two signed update hashes of one device for one round
 */
export const EVIDENCE_KINDS = [
  'equivocation',
  'poisoned-updates',
  'result-mismatch',
  'double-update',
  'consensus-fault',
] as const;
export type EvidenceKind = (typeof EVIDENCE_KINDS)[number];

/** A proof that one device lied, complete in itself: nothing but these bytes is needed to check it. */
export interface EvidenceBundle {
  readonly format: 'murmuration-evidence/1';
  readonly kind: EvidenceKind;
  readonly accused: DeviceId;
  /** 32 bytes; every statement is signed for this chain. */
  readonly chainId: Uint8Array;
  /** The encoded genesis where replicas testify or their keys show the fault: it names them and hashes to the chain id. Else null. */
  readonly genesis: Uint8Array | null;
  /** Of the accused first; then those of replicas who signed under another certificate than the genesis'. */
  readonly certificates: readonly Uint8Array[];
  /** Signed commands, or for what consensus found its evidence. */
  readonly statements: readonly Uint8Array[];
}

/** A bundle travels in a command. */
export const MAX_BUNDLE_BYTES = MAX_COMMAND_BYTES;

const bundleSchema: Schema<EvidenceBundle> = struct({
  format: oneOf('murmuration-evidence/1'),
  kind: oneOf(...EVIDENCE_KINDS),
  accused: deviceId,
  chainId: bytes(32),
  genesis: optional(bytesUpTo(MAX_BUNDLE_BYTES)),
  certificates: list(bytesUpTo(MAX_CERTIFICATE_BYTES), 2 * MAX_REPLICAS + 2),
  statements: list(bytesUpTo(MAX_BUNDLE_BYTES), 2 * MAX_REPLICAS + 2),
});

export function encodeEvidenceBundle(bundle: EvidenceBundle): Uint8Array {
  return encode(bundleSchema, bundle);
}

/** Reads the shape and checks nothing: `verifyEvidenceBundle` does. */
export function decodeEvidenceBundle(wire: Uint8Array): Result<EvidenceBundle, DecodeReason> {
  return decodeCanonical(bundleSchema, wire, { maxBytes: MAX_BUNDLE_BYTES });
}
