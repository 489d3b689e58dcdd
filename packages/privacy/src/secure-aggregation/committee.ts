import {
  accept,
  bytes,
  concatBytes,
  decodeCanonical,
  encode,
  integer,
  list,
  type Result,
  refuse,
  struct,
} from '@murmuration/core';
import { ed25519Verify, sha3_256 } from '@murmuration/crypto';

/** What the signatures of statements cover besides the statement: a vote of consensus is never taken for one. */
export const STATEMENT_DOMAIN = 'murmur/secure-aggregation/statement/1';
const MAX_REPLICAS = 128;

/** Who commits to statements: the replicas of one epoch of one chain. */
export interface Committee {
  /** Hash of the genesis, 32 bytes. */
  readonly chainId: Uint8Array;
  readonly epoch: number;
  /** Ed25519 keys by replica number, 1 to 128, pairwise distinct. */
  readonly keys: readonly Uint8Array[];
}

export interface StatementSignature {
  readonly replica: number;
  readonly signature: Uint8Array;
}

export type StatementCertificateRefusal =
  | 'malformed-certificate'
  | 'too-few-signatures'
  | 'unordered-signers'
  | 'unknown-signer'
  | 'bad-signature';

const certificateSchema = struct({
  signatures: list(struct({ replica: integer(0, MAX_REPLICAS - 1), signature: bytes(64) }), MAX_REPLICAS),
});

/**
 * Q = ⌈(n + f + 1) / 2⌉ with f = ⌊(n − 1) / 3⌋, as in `consensus`: two quorums share an honest replica, and honest
 * replicas alone reach one.
 */
export function committeeQuorum({ keys }: Pick<Committee, 'keys'>): number {
  const n = keys.length;
  return Math.ceil((n + Math.floor((n - 1) / 3) + 1) / 2);
}

/** The bytes that a replica signs: chain, epoch and the hash of the statement, which names its plan. */
export function statementToSign({ chainId, epoch }: Committee, statement: Uint8Array): Uint8Array {
  const number = new Uint8Array(8);
  new DataView(number.buffer).setBigUint64(0, BigInt(epoch));
  return concatBytes(chainId, number, sha3_256(statement));
}

/** Whether one replica signed the statement. */
export function verifyStatementSignature(
  committee: Committee,
  statement: Uint8Array,
  { replica, signature }: StatementSignature,
  verify: typeof ed25519Verify = ed25519Verify,
): boolean {
  const key = committee.keys[replica];
  return key !== undefined && verify(STATEMENT_DOMAIN, statementToSign(committee, statement), signature, key);
}

/** One certificate of the signatures, ascending and each replica once. */
export function encodeStatementCertificate(signatures: readonly StatementSignature[]): Uint8Array {
  const byReplica = new Map(signatures.map((signature) => [signature.replica, signature]));
  return encode(certificateSchema, { signatures: [...byReplica.values()].sort((a, b) => a.replica - b.replica) });
}

/** Checks, offline, that Q replicas of the committee signed this statement. Never throws. */
export function verifyStatementCertificate(
  committee: Committee,
  statement: Uint8Array,
  certificate: Uint8Array,
  verify: typeof ed25519Verify = ed25519Verify,
): Result<void, StatementCertificateRefusal> {
  const decoded = decodeCanonical(certificateSchema, certificate);
  if (!decoded.ok) return refuse('malformed-certificate', decoded.detail ?? decoded.reason);
  const { signatures } = decoded.value;
  const need = committeeQuorum(committee);
  if (signatures.length < need) return refuse('too-few-signatures', `${signatures.length} of ${need}`);
  let last = -1;
  for (const { replica } of signatures) {
    if (replica >= committee.keys.length) return refuse('unknown-signer', `replica ${replica}`);
    if (replica <= last) return refuse('unordered-signers', `replica ${replica}`);
    last = replica;
  }
  for (const signature of signatures) {
    if (!verifyStatementSignature(committee, statement, signature, verify)) {
      return refuse('bad-signature', `replica ${signature.replica}`);
    }
  }
  return accept(undefined);
}
