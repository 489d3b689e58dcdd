import { bls12_381 } from '@noble/curves/bls12-381.js';
import { platform } from '#platform';
import { BLS_SIGNATURE_BYTES, checkSecretKey, isBlsPublicKey } from './keys.ts';

/** Proofs of possession hash under a tag of their own: no signature of any message is one. */
const POSSESSION_TAG = 'BLS_POP_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_';

const { longSignatures: scheme, G1 } = bls12_381;

/**
 * Proves that the secret key of a public key is known, which makes adding it to others safe. Made once for each key;
 * by noble on every platform, since blst's binding hashes under the tag of signatures only.
 * @returns 96 bytes
 * @throws CRYPTO_WRONG_LENGTH, CRYPTO_BAD_SCALAR
 * @see draft-irtf-cfrg-bls-signature-05 §3.3.2
 */
export function blsProvePossession(secretKey: Uint8Array): Uint8Array {
  checkSecretKey(secretKey);
  const hashed = scheme.hash(platform.blsPublicKey(secretKey), POSSESSION_TAG);
  return scheme.Signature.toBytes(scheme.sign(hashed, secretKey));
}

/**
 * Checks a proof of possession; costs some 30 ms. Never throws for what a peer chose.
 * @see draft-irtf-cfrg-bls-signature-05 §3.3.3
 */
export function blsVerifyPossession(publicKey: Uint8Array, proof: Uint8Array): boolean {
  if (proof.length !== BLS_SIGNATURE_BYTES || !isBlsPublicKey(publicKey)) return false;
  try {
    const point = scheme.Signature.fromBytes(proof);
    if (point.is0() || !point.isTorsionFree()) return false;
    return scheme.verify(point, scheme.hash(publicKey, POSSESSION_TAG), G1.Point.fromBytes(publicKey));
  } catch {
    return false; // not a point
  }
}
