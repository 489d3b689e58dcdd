import { ml_dsa65 } from '@noble/post-quantum/ml-dsa.js';
import { platform } from '#platform';
import { checkBytes } from '../secrets/check-bytes.ts';
import { wipe } from '../secrets/secrets.ts';
import { signedBytes } from './domain.ts';
import type { KeyPair } from './ed25519.ts';

export const ML_DSA_65_PUBLIC_KEY_BYTES = 1952;
export const ML_DSA_65_SECRET_KEY_BYTES = 32;
export const ML_DSA_65_SIGNATURE_BYTES = 3309;
const HEDGE_BYTES = 32;

/** @param seed ξ of FIPS 204 algorithm 1, 32 bytes from `Entropy`; copied. @throws CRYPTO_WRONG_LENGTH */
export function mlDsa65KeyPair(seed: Uint8Array): KeyPair {
  checkBytes('an ML-DSA-65 seed', seed, ML_DSA_65_SECRET_KEY_BYTES);
  return { publicKey: platform.mlDsa65PublicKey(seed), secretKey: Uint8Array.from(seed) };
}

/**
 * ML-DSA-65 with the empty context string, over `domain` and `message`. About 10 ms: for identities and
 * checkpoints, not for each message. noble signs on every platform, since node:crypto draws its own
 * randomness and a signature would not replay.
 *
 * @param hedge 32 fresh bytes from `Entropy` against fault attacks; without it the signature is the
 *   deterministic variant of FIPS 204, equally valid
 * @returns 3309 bytes
 * @throws CRYPTO_WRONG_LENGTH, CRYPTO_BAD_DOMAIN
 * @see FIPS 204 algorithm 2
 */
export function mlDsa65Sign(
  domain: string,
  message: Uint8Array,
  secretKey: Uint8Array,
  hedge?: Uint8Array,
): Uint8Array {
  checkBytes('an ML-DSA-65 secret key', secretKey, ML_DSA_65_SECRET_KEY_BYTES);
  if (hedge !== undefined) checkBytes('an ML-DSA-65 hedge', hedge, HEDGE_BYTES);
  const signed = signedBytes(domain, message);
  const expanded = ml_dsa65.keygen(secretKey).secretKey;
  try {
    return ml_dsa65.sign(signed, expanded, { extraEntropy: hedge ?? false });
  } finally {
    wipe(expanded);
  }
}

/** Exact lengths. Never throws for the message, signature or key that a peer chose. */
export function mlDsa65Verify(
  domain: string,
  message: Uint8Array,
  signature: Uint8Array,
  publicKey: Uint8Array,
): boolean {
  if (signature.length !== ML_DSA_65_SIGNATURE_BYTES) return false;
  if (publicKey.length !== ML_DSA_65_PUBLIC_KEY_BYTES) return false;
  return platform.mlDsa65Verify(signedBytes(domain, message), signature, publicKey);
}
