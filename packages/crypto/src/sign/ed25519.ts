import { platform } from '#platform';
import { checkBytes } from '../secrets/check-bytes.ts';
import { signedBytes } from './domain.ts';
import { verifyStrict } from './ed25519-strict.ts';

export const ED25519_PUBLIC_KEY_BYTES = 32;
export const ED25519_SECRET_KEY_BYTES = 32;

export interface KeyPair {
  readonly publicKey: Uint8Array;
  /** The seed, 32 bytes. Never logged; wiped by its owner. */
  readonly secretKey: Uint8Array;
}

/** Signs with a key that its holder need not see. */
export interface Signer {
  readonly publicKey: Uint8Array;
  sign(domain: string, message: Uint8Array): Uint8Array;
}

/** @param seed 32 bytes from `Entropy`; copied. @throws CRYPTO_WRONG_LENGTH */
export function ed25519KeyPair(seed: Uint8Array): KeyPair {
  checkBytes('an Ed25519 seed', seed, ED25519_SECRET_KEY_BYTES);
  return { publicKey: platform.ed25519PublicKey(seed), secretKey: Uint8Array.from(seed) };
}

/**
 * Deterministic Ed25519 over `domain` and `message`.
 * @returns 64 bytes
 * @throws CRYPTO_WRONG_LENGTH, CRYPTO_BAD_DOMAIN
 * @see RFC 8032 §5.1.6
 */
export function ed25519Sign(domain: string, message: Uint8Array, secretKey: Uint8Array): Uint8Array {
  checkBytes('an Ed25519 secret key', secretKey, ED25519_SECRET_KEY_BYTES);
  return platform.ed25519Signer(secretKey)(signedBytes(domain, message));
}

/**
 * Strict: exact lengths, canonical key, neither the key nor R of small order, S below the group order,
 * cofactorless equation; the same verdict on every platform. Never throws for the message, signature or
 * key that a peer chose.
 * @see RFC 8032 §5.1.7
 */
export function ed25519Verify(
  domain: string,
  message: Uint8Array,
  signature: Uint8Array,
  publicKey: Uint8Array,
): boolean {
  return verifyStrict(platform, signedBytes(domain, message), signature, publicKey);
}

/** @param secretKey 32 bytes; may be wiped after. @throws CRYPTO_WRONG_LENGTH */
export function createSigner(secretKey: Uint8Array): Signer {
  checkBytes('an Ed25519 secret key', secretKey, ED25519_SECRET_KEY_BYTES);
  const sign = platform.ed25519Signer(secretKey);
  return {
    publicKey: platform.ed25519PublicKey(secretKey),
    sign: (domain, message) => sign(signedBytes(domain, message)),
  };
}
