import { checkInteger } from '@murmuration/core';
import { platform } from '#platform';
import { checkBytes } from '../secrets/check-bytes.ts';

export const AES_CTR_KEY_BYTES = 32;

const COUNTER_BYTES = 16;
const MAX_KEYSTREAM_BYTES = 2 ** 30;

/**
 * Pseudorandom bytes: AES-256 of counter, counter + 1, … (mod 2^128). Reads on where the counter does: the stream from
 * block n is that of a counter n higher.
 *
 * @param key 32 bytes, for one stream only
 * @param counter the first counter block, 16 bytes, big-endian
 * @param length bytes, 0 to 2^30
 * @throws CRYPTO_WRONG_LENGTH, OPTION_OUT_OF_RANGE
 * @see NIST SP 800-38A §6.5
 */
export function aesCtrKeystream(key: Uint8Array, counter: Uint8Array, length: number): Uint8Array {
  checkBytes('an AES-256 key', key, AES_CTR_KEY_BYTES);
  checkBytes('a counter block', counter, COUNTER_BYTES);
  checkInteger('length of a keystream', length, 0, MAX_KEYSTREAM_BYTES);
  return platform.aes256CtrKeystream(key, counter, length);
}
