import { equalBytes, utf8 } from '@murmuration/core';
import { blsKeyPair, blsProvePossession, sha3_256 } from '@murmuration/crypto';
import type { BlsKeys, Multisignature } from '../../src/index.ts';
import { createKeys, type Keys, keyedHash } from '../cluster/keys.ts';

export interface Hotstuff2Keys extends Keys {
  readonly bls: BlsKeys;
  readonly secretKeys: readonly Uint8Array[];
}

/** Sums of keyed hashes in the place of BLS, for long simulations: a key signs for itself. */
export const HASHES: Multisignature = {
  sign: (_, message, secretKey) => share(message, secretKey),
  aggregate: (signatures) => signatures.reduce(xor, new Uint8Array(96)),
  verify: (_, message, publicKeys, aggregate) => {
    const expected = publicKeys.map((key) => share(message, key)).reduce(xor, new Uint8Array(96));
    return publicKeys.length > 0 && equalBytes(expected, aggregate);
  },
};

function share(message: Uint8Array, key: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(96);
  bytes.set(keyedHash(message, key), 0);
  return bytes;
}

function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, i) => byte ^ (b[i] ?? 0));
}

const pairs = new Map<number, ReturnType<typeof blsKeyPair>>();
const made = new Map<string, Hotstuff2Keys>();

function pairOf(i: number) {
  const pair = pairs.get(i) ?? blsKeyPair(sha3_256(utf8(`bls of replica ${i}`)));
  pairs.set(i, pair);
  return pair;
}

export function createHotstuff2Keys(n: number, kind: 'real' | 'hash' = 'real'): Hotstuff2Keys {
  const known = made.get(`${n} ${kind}`) ?? makeKeys(n, kind);
  made.set(`${n} ${kind}`, known);
  return known;
}

function makeKeys(n: number, kind: 'real' | 'hash'): Hotstuff2Keys {
  const keys = createKeys(n, kind === 'real' ? 'ed25519' : 'hash');
  if (kind === 'hash') {
    const publicKeys = keys.set.replicas.map((_, i) => sha3_256(utf8(`share of replica ${i}`)));
    return { ...keys, bls: { publicKeys, multisignature: HASHES }, secretKeys: publicKeys };
  }
  const all = Array.from({ length: n }, (_, i) => pairOf(i));
  return {
    ...keys,
    bls: { publicKeys: all.map(({ publicKey }) => publicKey) },
    secretKeys: all.map(({ secretKey }) => secretKey),
  };
}

export function possessionsOf({ secretKeys }: Hotstuff2Keys): Uint8Array[] {
  return secretKeys.map(blsProvePossession);
}
