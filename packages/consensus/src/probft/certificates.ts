import { accept, decodeCanonical, type Result, refuse } from '@murmuration/core';
import { ed25519Verify, sha3_256 } from '@murmuration/crypto';
import { protocolChain } from '../quorum/chain.ts';
import type { ReplicaSet } from '../quorum/replica-set.ts';
import { type Statement, type Verify, verifyStatement } from '../quorum/statement.ts';
import type { ProbabilisticCommit } from './finality.ts';
import { certificateSchema, MAX_CERTIFICATE_BYTES, type SampledVote } from './messages.ts';
import { type ProbftParameters, type SampleSizes, sampleSizes } from './parameters.ts';
import { type HoldsReceiver, type SamplePhase, sampleChecker } from './samples.ts';

/**
 * The set as ProBFT signs for it: under a chain id of its own, so that a vote here is never one of PBFT's on the same
 * chain. Evidence verifies against this chain id.
 */
export function probftChain(set: ReplicaSet): ReplicaSet {
  return protocolChain(set, 'murmur/consensus/probft/1');
}

export interface SampledClaim {
  readonly view: number;
  readonly height: number;
  readonly digest: Uint8Array;
  readonly phase: SamplePhase;
  readonly receiver: number;
}

export type SampledRefusal =
  | 'malformed-certificate'
  | 'wrong-epoch'
  | 'too-few-signatures'
  | 'unordered-signers'
  | 'unknown-signer'
  | 'bad-signature'
  | 'bad-sample';

/** Whether these are q valid votes that the receiver had to get. `set` is `probftChain`'s. */
export function checkSampledVotes(
  set: ReplicaSet,
  { q, n }: SampleSizes,
  holds: HoldsReceiver,
  claim: SampledClaim,
  votes: readonly SampledVote[],
  verify: Verify,
): Result<void, SampledRefusal> {
  if (votes.length < q) return refuse('too-few-signatures', `${votes.length} of ${q}`);
  let previous = -1;
  for (const { replica } of votes) {
    if (replica >= n) return refuse('unknown-signer', `replica ${replica}`);
    if (replica <= previous) return refuse('unordered-signers');
    previous = replica;
  }
  const { phase, view, height, digest } = claim;
  const claimed: Statement = { epoch: set.epoch, phase, view, height, digest };
  for (const { replica, signature, proof } of votes) {
    const key = set.replicas[replica]?.key as Uint8Array;
    const statement = { ...claimed, attached: proof };
    if (!verifyStatement(verify, set.chainId, statement, signature, key)) return refuse('bad-signature');
    if (!holds(replica, claim, proof, claim.receiver)) return refuse('bad-sample', `of replica ${replica}`);
  }
  return accept(undefined);
}

/**
 * Checks a commit of ProBFT offline: q replicas signed it and had the receiver, who made the certificate, in their
 * samples. That makes it probable that no other value is decided; it does not make it certain.
 *
 * @param vrfKeys of the replicas, in their order
 */
export function verifyProbabilisticCommit(
  replicaSet: ReplicaSet,
  vrfKeys: readonly Uint8Array[],
  parameters: ProbftParameters,
  commit: Pick<ProbabilisticCommit, 'height' | 'payload' | 'certificate'>,
): Result<void, SampledRefusal> {
  const set = probftChain(replicaSet);
  const sizes = sampleSizes(set.replicas.length, parameters);
  const holds = sampleChecker(set, sizes, vrfKeys, sizes.n);
  return checkCommit(set, sizes, holds, commit, ed25519Verify);
}

/** The same, with what an engine has at hand. */
export function checkCommit(
  set: ReplicaSet,
  sizes: SampleSizes,
  holds: HoldsReceiver,
  commit: Pick<ProbabilisticCommit, 'height' | 'payload' | 'certificate'>,
  verify: Verify,
): Result<void, SampledRefusal> {
  const { height, payload, certificate } = commit;
  return certifiesDigest(set, sizes, holds, { height, digest: sha3_256(payload), certificate }, verify);
}

/** The same of a payload by its digest. */
export function certifiesDigest(
  set: ReplicaSet,
  sizes: SampleSizes,
  holds: HoldsReceiver,
  commit: { readonly height: number; readonly digest: Uint8Array; readonly certificate: Uint8Array },
  verify: Verify,
): Result<void, SampledRefusal> {
  const decoded = decodeCanonical(certificateSchema, commit.certificate, { maxBytes: MAX_CERTIFICATE_BYTES });
  if (!decoded.ok) return refuse('malformed-certificate', decoded.detail);
  const { epoch, view, receiver, votes } = decoded.value;
  if (epoch !== set.epoch) return refuse('wrong-epoch', `epoch ${epoch}, not ${set.epoch}`);
  if (receiver >= sizes.n) return refuse('unknown-signer', `receiver ${receiver}`);
  const { height, digest } = commit;
  const claim: SampledClaim = { phase: 'commit', height, view, receiver, digest };
  return checkSampledVotes(set, sizes, holds, claim, votes, verify);
}
