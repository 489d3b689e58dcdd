import { platform } from '#platform';
import { checkBytes } from '../secrets/check-bytes.ts';

export const AEAD_KEY_BYTES = 32;
export const AEAD_NONCE_BYTES = 12;
/** What sealing adds to the plaintext. */
export const AEAD_TAG_BYTES = 16;

const NOTHING = new Uint8Array(0);

/**
 * ChaCha20-Poly1305. A nonce used twice under one key gives both plaintexts away: count, never draw.
 *
 * @param key 32 bytes
 * @param nonce 12 bytes, never repeated under `key`
 * @param associated authenticated with the plaintext and not part of the output
 * @returns ciphertext ‖ 16-byte tag
 * @throws CRYPTO_WRONG_LENGTH
 * @see RFC 8439 §2.8
 */
export function aeadSeal(
  key: Uint8Array,
  nonce: Uint8Array,
  plaintext: Uint8Array,
  associated: Uint8Array = NOTHING,
): Uint8Array {
  checkBytes('an AEAD key', key, AEAD_KEY_BYTES);
  checkBytes('an AEAD nonce', nonce, AEAD_NONCE_BYTES);
  return platform.chaCha20Poly1305Seal(key, nonce, plaintext, associated);
}

/**
 * @returns the plaintext, or undefined where key, nonce, associated data or any bit of `sealed` is not the sealer's
 * @throws CRYPTO_WRONG_LENGTH for the caller's key or nonce; never for `sealed`
 */
export function aeadOpen(
  key: Uint8Array,
  nonce: Uint8Array,
  sealed: Uint8Array,
  associated: Uint8Array = NOTHING,
): Uint8Array | undefined {
  checkBytes('an AEAD key', key, AEAD_KEY_BYTES);
  checkBytes('an AEAD nonce', nonce, AEAD_NONCE_BYTES);
  if (sealed.length < AEAD_TAG_BYTES) return undefined;
  return platform.chaCha20Poly1305Open(key, nonce, sealed, associated);
}
