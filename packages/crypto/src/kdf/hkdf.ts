import { checkInteger } from '@murmuration/core';
import { platform } from '#platform';

/** RFC 5869 §2.3: at most 255 hash blocks. */
const MAX_OUTPUT_BYTES = 255 * 32;

/**
 * HKDF with SHA-256: keys from a shared or master secret.
 *
 * @param secret input keying material, of any length
 * @param salt may be empty
 * @param info says what the output is for; two purposes never share one
 * @param length bytes, 1 to 8160
 * @throws OPTION_OUT_OF_RANGE
 * @see RFC 5869
 */
export function hkdfSha256(secret: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  checkInteger('length of the HKDF output', length, 1, MAX_OUTPUT_BYTES);
  return platform.hkdfSha256(secret, salt, info, length);
}
