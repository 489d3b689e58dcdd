import { deviceIdFromDigest, equalBytes, utf8 } from '@murmuration/core';
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
    return equalBytes(keyedHash(message, key), signature);
  };
  return { set, signers, verify };
}

/** FNV-1a over key and message, 64 bits of state: tells statements apart, and costs next to nothing. */
export function keyedHash(message: Uint8Array, key: Uint8Array): Uint8Array {
  let [a, b] = [0x811c9dc5, 0x9e3779b9];
  for (const bytes of [key, message]) {
    for (let i = 0; i < bytes.length; i++) {
      a = Math.imul(a ^ (bytes[i] as number), 0x01000193);
      b = Math.imul(b ^ (a >>> 16) ^ (bytes[i] as number), 0x85ebca6b);
    }
  }
  const signature = new Uint8Array(64);
  new DataView(signature.buffer).setUint32(0, a);
  new DataView(signature.buffer).setUint32(4, b);
  return signature;
}
