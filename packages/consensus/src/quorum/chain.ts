import { concatBytes, utf8 } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import type { ReplicaSet } from './replica-set.ts';

/**
 * The set as one protocol signs for it: under a chain id of its own, SHA3-256 of domain ‖ chain id, so that a statement
 * made there is never one of another protocol on the same chain. Certificates and evidence verify against this set.
 * @param domain constant, of the form `murmur/consensus/<protocol>/<version>`
 */
export function protocolChain(set: ReplicaSet, domain: string): ReplicaSet {
  return { ...set, chainId: sha3_256(concatBytes(utf8(domain), set.chainId)) };
}
