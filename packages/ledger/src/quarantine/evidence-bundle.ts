import { MAX_HEADER_BYTES } from '@murmuration/consensus';
import {
  bytes,
  bytesUpTo,
  type DecodeReason,
  type DeviceId,
  decodeCanonical,
  deviceId,
  encode,
  integer,
  list,
  oneOf,
  optional,
  type Result,
  type Schema,
  struct,
} from '@murmuration/core';
import { MAX_CERTIFICATE_BYTES } from '@murmuration/identity';
import { MAX_COMMAND_BYTES, MAX_EPOCHS, MAX_REPLICAS } from '../limits.ts';
import { MAX_EPOCH_PROOF_BYTES } from '../replicas/proof.ts';

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
  /** Where replicas of a later epoch than the genesis' testify, or their keys show the fault. */
  readonly later?: LaterEpoch;
}

/** How the reader of a bundle comes from the genesis to the replicas of a later epoch. */
export interface LaterEpoch {
  /** The newest epoch that the statements rest on, from 1. */
  readonly epoch: number;
  /**
   * How each epoch before it ended, from epoch 0 on: to who knows the chain id alone they show all replicas in between.
   * None in a bundle for the ledger, or for another reader who knows these epochs: see `completeEvidenceBundle`.
   */
  readonly proofs: readonly EncodedEpochProof[];
}

/** An `EpochProof` as bytes. */
export interface EncodedEpochProof {
  readonly header: Uint8Array;
  readonly proof: Uint8Array;
}

/** A bundle travels in a command. */
export const MAX_BUNDLE_BYTES = MAX_COMMAND_BYTES;

const fields = {
  format: oneOf('murmuration-evidence/1'),
  kind: oneOf(...EVIDENCE_KINDS),
  accused: deviceId,
  chainId: bytes(32),
  genesis: optional(bytesUpTo(MAX_BUNDLE_BYTES)),
  certificates: list(bytesUpTo(MAX_CERTIFICATE_BYTES), 2 * MAX_REPLICAS + 2),
  statements: list(bytesUpTo(MAX_BUNDLE_BYTES), 2 * MAX_REPLICAS + 2),
};
const proofSchema = struct({ header: bytesUpTo(MAX_HEADER_BYTES), proof: bytesUpTo(MAX_EPOCH_PROOF_BYTES) });
const firstSchema = struct(fields);
const laterSchema = struct({
  ...fields,
  later: struct({ epoch: integer(1), proofs: list(proofSchema, MAX_EPOCHS) }),
});

/** A bundle of the genesis' replicas has no field for later ones. */
const bundleSchema: Schema<EvidenceBundle> = {
  toWire: ({ later, ...bundle }) =>
    later === undefined ? firstSchema.toWire(bundle) : laterSchema.toWire({ ...bundle, later }),
  fromWire: (wire, path) => {
    const isLater = Array.isArray(wire) && wire.length > Object.keys(fields).length;
    return (isLater ? laterSchema : firstSchema).fromWire(wire, path);
  },
};

export function encodeEvidenceBundle(bundle: EvidenceBundle): Uint8Array {
  return encode(bundleSchema, bundle);
}

/** Reads the shape and checks nothing: `verifyEvidenceBundle` does. */
export function decodeEvidenceBundle(wire: Uint8Array): Result<EvidenceBundle, DecodeReason> {
  return decodeCanonical(bundleSchema, wire, { maxBytes: MAX_BUNDLE_BYTES });
}
