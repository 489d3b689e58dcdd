import type { ReplicaSet } from '@murmuration/consensus';
import { deviceIdFromDigest, utf8 } from '@murmuration/core';
import { createSigner, type Signer, sha3_256 } from '@murmuration/crypto';

export interface Keys {
  readonly set: ReplicaSet;
  readonly signers: readonly Signer[];
}

/** Real Ed25519 keys for n replicas, the same at each call. */
export function keysFor(n: number): Keys {
  const signers = Array.from({ length: n }, (_, i) => createSigner(sha3_256(utf8(`replica ${i}`))));
  const replicas = signers.map(({ publicKey: key }) => ({ device: deviceIdFromDigest(sha3_256(key)), key }));
  return { set: { chainId: sha3_256(utf8('chain of the benchmark')), epoch: 0, replicas }, signers };
}
