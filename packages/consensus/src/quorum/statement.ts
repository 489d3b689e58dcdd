import { bytes, type Infer, integer, oneOf, struct, uint } from '@murmuration/core';
import type { ed25519Verify, Signer } from '@murmuration/crypto';
import { MAX_REPLICAS, type ReplicaSet } from './replica-set.ts';

/** What the signatures of PBFT cover besides the statement: nothing signed elsewhere can be taken for a vote. */
export const STATEMENT_DOMAIN = 'murmur/consensus/pbft/1';

const PHASES = ['pre-prepare', 'prepare', 'commit', 'checkpoint', 'view-change', 'new-view', 'round-change'] as const;

export type Phase = (typeof PHASES)[number];

/**
 * What a replica asserts by its signature. `digest` is the SHA3-256 of the batch (pre-prepare, prepare, commit),
 * of the state (checkpoint, at view 0) or of the message body (view-change and new-view, at height 0). In QBFT `view`
 * is the round, and round-change signs the digest of what its sender has prepared.
 */
export interface Statement {
  readonly epoch: number;
  readonly phase: Phase;
  readonly view: number;
  readonly height: number;
  readonly digest: Uint8Array;
  /** What else the signer answers for: the proof of a sample, in ProBFT. Signed after the statement. @default nothing */
  readonly attached?: Uint8Array;
}

/** Who signed, and the signature. The statement is known from where this stands. */
export interface Signature {
  readonly replica: number;
  readonly signature: Uint8Array;
}

export type Verify = typeof ed25519Verify;

export const digestSchema = bytes(32);
export const signatureBytesSchema = bytes(64);
export const replicaSchema = integer(0, MAX_REPLICAS - 1);
export const signatureSchema = struct({ replica: replicaSchema, signature: signatureBytesSchema });

/** A statement with its signer: what evidence and witnesses carry. */
export const signedStatementSchema = struct({
  replica: replicaSchema,
  epoch: uint,
  phase: oneOf(...PHASES),
  view: uint,
  height: uint,
  digest: digestSchema,
  signature: signatureBytesSchema,
});

export type SignedStatement = Infer<typeof signedStatementSchema>;

const BYTES = 32 + 8 + 1 + 8 + 8 + 32;

/**
 * The signed bytes: chain id ‖ epoch u64 ‖ phase u8 ‖ view u64 ‖ height u64 ‖ digest ‖ attached, big-endian. A fixed
 * layout, so there is one byte string for each statement, whichever codec carried its fields.
 */
export function statementBytes(chainId: Uint8Array, statement: Statement): Uint8Array {
  const { attached } = statement;
  const whole = new Uint8Array(BYTES + (attached?.length ?? 0));
  const view = new DataView(whole.buffer);
  whole.set(chainId, 0);
  putUint64(view, 32, statement.epoch);
  view.setUint8(40, PHASES.indexOf(statement.phase) + 1);
  putUint64(view, 41, statement.view);
  putUint64(view, 49, statement.height);
  whole.set(statement.digest, 57);
  if (attached !== undefined) whole.set(attached, BYTES);
  return whole;
}

function putUint64(view: DataView, at: number, value: number): void {
  view.setUint32(at, Math.floor(value / 2 ** 32));
  view.setUint32(at + 4, value % 2 ** 32);
}

export function signStatement(signer: Signer, chainId: Uint8Array, statement: Statement): Uint8Array {
  return signer.sign(STATEMENT_DOMAIN, statementBytes(chainId, statement));
}

/** @returns whether `key` signed `statement` for this chain */
export function verifyStatement(
  verify: Verify,
  chainId: Uint8Array,
  statement: Statement,
  signature: Uint8Array,
  key: Uint8Array,
): boolean {
  return verify(STATEMENT_DOMAIN, statementBytes(chainId, statement), signature, key);
}

/** The same, for a signer by number. False where there is no such replica. */
export function verifySigned(verify: Verify, set: ReplicaSet, signed: SignedStatement): boolean {
  const key = set.replicas[signed.replica]?.key;
  return key !== undefined && verifyStatement(verify, set.chainId, signed, signed.signature, key);
}
