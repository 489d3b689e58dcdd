import { bls12_381 } from '@noble/curves/bls12-381.js';
import { lruCache } from './lru-cache.ts';
import type { BlsPlatform } from './platform.ts';

const { longSignatures: scheme, G1 } = bls12_381;
type PublicPoint = InstanceType<typeof G1.Point>;
type SignaturePoint = ReturnType<typeof scheme.hash>;

const SIGNATURE_TAG = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_';
/** Parsed public keys kept: to parse one with its checks costs 4 ms. */
const MAX_CACHED_KEYS = 512;

const publicKeys = lruCache<PublicPoint>(MAX_CACHED_KEYS);

/** @throws where the bytes are no point, the identity, or outside of the prime-order group */
function importPublic(raw: Uint8Array): PublicPoint {
  let name = '';
  for (const byte of raw) name += String.fromCharCode(byte);
  return publicKeys(name, () => prime(G1.Point.fromBytes(raw)));
}

function importSignature(raw: Uint8Array): SignaturePoint {
  return prime(scheme.Signature.fromBytes(raw));
}

function prime<P extends { is0(): boolean; isTorsionFree(): boolean; assertValidity(): void }>(point: P): P {
  point.assertValidity();
  if (point.is0() || !point.isTorsionFree()) throw new RangeError('not a point of the prime-order group');
  return point;
}

export const bls: BlsPlatform = {
  blsPublicKey: (secretKey) => scheme.getPublicKey(secretKey).toBytes(true),
  blsSign: (message, secretKey) =>
    scheme.Signature.toBytes(scheme.sign(scheme.hash(message, SIGNATURE_TAG), secretKey)),
  blsIsPublicKey: (publicKey) => {
    try {
      importPublic(publicKey);
      return true;
    } catch {
      return false; // the peer's key is not a key
    }
  },
  blsAggregate: (signatures) => {
    try {
      const whole = scheme.aggregateSignatures(signatures.map(importSignature));
      return whole.is0() ? undefined : scheme.Signature.toBytes(whole);
    } catch {
      return undefined; // one of them is not a signature
    }
  },
  blsVerify: (message, signature, keys) => {
    try {
      const key = scheme.aggregatePublicKeys(keys.map(importPublic));
      return scheme.verify(importSignature(signature), scheme.hash(message, SIGNATURE_TAG), key);
    } catch {
      return false; // the peer's key or signature is not one
    }
  },
};
