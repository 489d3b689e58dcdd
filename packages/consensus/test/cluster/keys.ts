import { deviceIdFromDigest, utf8 } from '@murmuration/core';
import { createSigner, ed25519KeyPair, ed25519Verify, type Signer, sha3_256 } from '@murmuration/crypto';
import type { ReplicaSet } from '../../src/index.ts';

export interface Keys {
  readonly set: ReplicaSet;
  readonly signers: readonly Signer[];
  readonly verify: typeof ed25519Verify;
}

/** Real Ed25519 keys, or a keyed hash in their place: a fifth of the cost, for long simulations among the honest. */
export function createKeys(n: number, kind: 'ed25519' | 'hash' = 'ed25519'): Keys {
  const pairs = Array.from({ length: n }, (_, i) => ed25519KeyPair(sha3_256(utf8(`replica ${i}`))));
  const replicas = pairs.map(({ publicKey: key }) => ({ device: deviceIdFromDigest(sha3_256(key)), key }));
  const set = { chainId: sha3_256(utf8('chain of the tests')), epoch: 0, replicas };
  if (kind === 'ed25519') {
    return { set, signers: pairs.map(({ secretKey }) => createSigner(secretKey)), verify: ed25519Verify };
  }
  const signers = pairs.map(({ publicKey }) => ({
    publicKey,
    sign: (_: string, message: Uint8Array) => keyedHash(message, publicKey),
  }));
  const verify: typeof ed25519Verify = (_, message, signature, key) => {
    const right = keyedHash(message, key);
    return right.every((byte, i) => byte === signature[i]);
  };
  return { set, signers, verify };
}

function keyedHash(message: Uint8Array, key: Uint8Array): Uint8Array {
  const signature = new Uint8Array(64);
  signature.set(sha3_256(key, message));
  return signature;
}
