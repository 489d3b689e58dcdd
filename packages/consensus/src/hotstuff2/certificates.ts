import {
  accept,
  bytes,
  bytesUpTo,
  decodeCanonical,
  encode,
  type Infer,
  type Result,
  refuse,
  struct,
  uint,
} from '@murmuration/core';
import { BLS_SIGNATURE_BYTES, sha3_256 } from '@murmuration/crypto';
import type { CertificateRefusal } from '../quorum/certificate.ts';
import { protocolChain } from '../quorum/chain.ts';
import { MAX_REPLICAS, quorum, type ReplicaSet } from '../quorum/replica-set.ts';
import { type Statement, statementBytes } from '../quorum/statement.ts';
import { BLS, type BlsKeys, type Multisignature } from './multisignature.ts';

const BITS = 8;

/** Names the protocol: in the chain id of all that is signed, and in what a share covers besides its statement. */
export const SHARE_DOMAIN = 'murmur/consensus/hotstuff2/1';

export const shareSchema = bytes(BLS_SIGNATURE_BYTES);

/** Who signed, replica i in bit i mod 8 of byte i div 8, and the sum of their signatures. */
export const aggregateSchema = struct({
  epoch: uint,
  view: uint,
  signers: bytesUpTo(MAX_REPLICAS / BITS),
  signature: shareSchema,
});

export type AggregateCertificate = Infer<typeof aggregateSchema>;

/** What a certificate is about, its epoch and view apart. */
export type Claim = Pick<Statement, 'phase' | 'height' | 'digest'>;

export const MAX_AGGREGATE_BYTES = 192;

/**
 * The set as HotStuff-2 signs for it: under a chain id of its own, so that no signature here is one of another
 * protocol's on the same chain. Evidence verifies against this chain id.
 */
export function hotstuff2Chain(set: ReplicaSet): ReplicaSet {
  return protocolChain(set, SHARE_DOMAIN);
}

export function bitmapOf(replicas: readonly number[], n: number): Uint8Array {
  const bitmap = new Uint8Array(Math.ceil(n / BITS));
  for (const replica of replicas) {
    const at = Math.floor(replica / BITS);
    bitmap[at] = (bitmap[at] as number) | (1 << (replica % BITS));
  }
  return bitmap;
}

/** @returns the replicas of a bitmap, ascending; undefined where it is not the one encoding of any */
export function replicasOf(bitmap: Uint8Array, n: number): number[] | undefined {
  if (bitmap.length !== Math.ceil(n / BITS)) return undefined;
  const replicas: number[] = [];
  for (let replica = 0; replica < BITS * bitmap.length; replica++) {
    const signed = ((bitmap[Math.floor(replica / BITS)] as number) >> (replica % BITS)) & 1;
    if (signed === 1) replicas.push(replica);
  }
  return (replicas.at(-1) ?? 0) < n ? replicas : undefined;
}

/** Whether at least `q` replicas signed the claim. `set` is `hotstuff2Chain`'s. One pairing check, however many signed. */
export function checkAggregate(
  set: ReplicaSet,
  keys: { readonly publicKeys: readonly Uint8Array[]; readonly multisignature: Multisignature },
  q: number,
  claim: Claim,
  certificate: AggregateCertificate,
): Result<void, CertificateRefusal> {
  const { epoch, view, signers, signature } = certificate;
  if (epoch !== set.epoch) return refuse('wrong-epoch', `epoch ${epoch}, not ${set.epoch}`);
  const replicas = replicasOf(signers, set.replicas.length);
  if (replicas === undefined) return refuse('unknown-signer');
  if (replicas.length < q) return refuse('too-few-signatures', `${replicas.length} of ${q}`);
  const signed = statementBytes(set.chainId, { ...claim, epoch, view });
  const publicKeys = replicas.map((replica) => keys.publicKeys[replica] ?? new Uint8Array(0));
  return keys.multisignature.verify(SHARE_DOMAIN, signed, publicKeys, signature)
    ? accept(undefined)
    : refuse('bad-signature');
}

export function encodeAggregate(certificate: AggregateCertificate): Uint8Array {
  return encode(aggregateSchema, certificate);
}

export function decodeAggregate(wire: Uint8Array): Result<AggregateCertificate, 'malformed-certificate'> {
  const decoded = decodeCanonical(aggregateSchema, wire, { maxBytes: MAX_AGGREGATE_BYTES });
  return decoded.ok ? decoded : refuse('malformed-certificate', decoded.detail);
}

/**
 * Checks offline that a commit of HotStuff-2 is final: Q replicas of its epoch signed that Q replicas had voted for the
 * SHA3-256 of the payload at this height in one view.
 * @param keys the BLS keys of the replicas in their order, whose proofs of possession the caller has checked
 */
export function verifyHotstuff2Commit(
  replicaSet: ReplicaSet,
  keys: BlsKeys,
  commit: { readonly height: number; readonly payload: Uint8Array; readonly certificate: Uint8Array },
): Result<void, CertificateRefusal> {
  const certificate = decodeAggregate(commit.certificate);
  if (!certificate.ok) return certificate;
  const { publicKeys, multisignature = BLS } = keys;
  const claim: Claim = { phase: 'commit', height: commit.height, digest: sha3_256(commit.payload) };
  const set = hotstuff2Chain(replicaSet);
  const q = quorum(set.replicas.length);
  return checkAggregate(set, { publicKeys, multisignature }, q, claim, certificate.value);
}
