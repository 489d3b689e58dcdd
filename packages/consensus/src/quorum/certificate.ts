import {
  accept,
  decodeCanonical,
  encode,
  type Infer,
  list,
  type Result,
  refuse,
  struct,
  uint,
} from '@murmuration/core';
import { ed25519Verify, sha3_256 } from '@murmuration/crypto';
import { MAX_REPLICAS, quorum, type ReplicaSet } from './replica-set.ts';
import { type Signature, type Statement, signatureSchema, type Verify, verifyStatement } from './statement.ts';

/** Q signatures under one statement, by replica number ascending. Its digest and height come from what it proves. */
const certificateSchema = struct({ epoch: uint, view: uint, signatures: list(signatureSchema, MAX_REPLICAS) });

export type Certificate = Infer<typeof certificateSchema>;

export type CertificateRefusal =
  | 'malformed-certificate'
  | 'wrong-epoch'
  | 'too-few-signatures'
  | 'unordered-signers'
  | 'unknown-signer'
  | 'bad-signature';

export function encodeCertificate(certificate: Certificate): Uint8Array {
  return encode(certificateSchema, certificate);
}

export function decodeCertificate(wire: Uint8Array): Result<Certificate, 'malformed-certificate'> {
  const decoded = decodeCanonical(certificateSchema, wire);
  return decoded.ok ? decoded : refuse('malformed-certificate', decoded.detail);
}

/**
 * Checks that a commit is final, offline: Q replicas of its epoch signed `commit` for the SHA3-256 of the payload
 * at this height in one view.
 */
export function verifyCommit(
  set: ReplicaSet,
  commit: { readonly height: number; readonly payload: Uint8Array; readonly certificate: Uint8Array },
): Result<void, CertificateRefusal> {
  const digest = sha3_256(commit.payload);
  return verifyEncoded(set, commit.certificate, { phase: 'commit', height: commit.height, digest });
}

/** Checks that Q replicas signed one state at a checkpoint, offline. */
export function verifyCheckpoint(
  set: ReplicaSet,
  checkpoint: { readonly height: number; readonly stateDigest: Uint8Array; readonly certificate: Uint8Array },
): Result<void, CertificateRefusal> {
  const { height, stateDigest: digest, certificate } = checkpoint;
  return verifyEncoded(set, certificate, { phase: 'checkpoint', height, digest });
}

function verifyEncoded(
  set: ReplicaSet,
  wire: Uint8Array,
  claim: Pick<Statement, 'phase' | 'height' | 'digest'>,
): Result<void, CertificateRefusal> {
  const certificate = decodeCertificate(wire);
  if (!certificate.ok) return certificate;
  const { epoch, view, signatures } = certificate.value;
  if (epoch !== set.epoch) return refuse('wrong-epoch', `epoch ${epoch}, not ${set.epoch}`);
  const key = (replica: number) => set.replicas[replica]?.key as Uint8Array;
  const statement: Statement = { ...claim, epoch, view };
  return checkSigners(signatures, set.replicas.length, quorum(set.replicas.length), ({ replica, signature }) =>
    verifyStatement(ed25519Verify as Verify, set.chainId, statement, signature, key(replica)),
  );
}

/** The rules every list of signatures obeys: enough, ascending (so distinct), known, each valid. */
export function checkSigners(
  signatures: readonly Signature[],
  n: number,
  need: number,
  valid: (signature: Signature) => boolean,
): Result<void, CertificateRefusal> {
  if (signatures.length < need) return refuse('too-few-signatures', `${signatures.length} of ${need}`);
  let previous = -1;
  for (const { replica } of signatures) {
    if (replica >= n) return refuse('unknown-signer', `replica ${replica}`);
    if (replica <= previous) return refuse('unordered-signers');
    previous = replica;
  }
  for (const signature of signatures) {
    if (!valid(signature)) return refuse('bad-signature', `replica ${signature.replica}`);
  }
  return accept(undefined);
}
