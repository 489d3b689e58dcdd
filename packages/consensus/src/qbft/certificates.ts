import type { Result } from '@murmuration/core';
import type { Commit } from '../engine.ts';
import { type CertificateRefusal, verifyCommit } from '../quorum/certificate.ts';
import { protocolChain } from '../quorum/chain.ts';
import type { ReplicaSet } from '../quorum/replica-set.ts';

/**
 * The set as QBFT signs for it: under a chain id of its own, so that a vote here is never one of another protocol on
 * the same chain. Evidence of QBFT verifies against this chain id.
 */
export function qbftChain(set: ReplicaSet): ReplicaSet {
  return protocolChain(set, 'murmur/consensus/qbft/1');
}

/**
 * Checks that a commit of QBFT is final, offline: Q replicas of its epoch signed `commit` for the SHA3-256 of the
 * payload at this height in one round.
 */
export function verifyQbftCommit(
  set: ReplicaSet,
  commit: Pick<Commit, 'height' | 'payload' | 'certificate'>,
): Result<void, CertificateRefusal> {
  return verifyCommit(qbftChain(set), commit);
}
