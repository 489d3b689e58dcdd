import { checkInteger } from '@murmuration/core';
import { platform } from '#platform';
import { checkBytes } from '../secrets/check-bytes.ts';

export const AES_CTR_KEY_BYTES = 32;

const BLOCK_BYTES = 16;
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
export function aesCtrKeystream(key: Uint8Array, counter: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  return aesCtrStream(key, counter)(length);
}

/**
 * The same stream piece by piece, so that a long one need not be held whole. Each call gives the next `length` bytes:
 * multiples of 16, but for the last. They lie in a buffer of their own: `buffer.transfer(0)` gives it back at once, which
 * makes long streams twice as fast as leaving it to the collector.
 * @throws CRYPTO_WRONG_LENGTH, OPTION_OUT_OF_RANGE
 */
export function aesCtrStream(key: Uint8Array, counter: Uint8Array): (length: number) => Uint8Array<ArrayBuffer> {
  checkBytes('an AES-256 key', key, AES_CTR_KEY_BYTES);
  checkBytes('a counter block', counter, BLOCK_BYTES);
  const next = platform.aes256CtrStream(key, counter);
  let ended = false;
  return (length) => {
    checkInteger('length of a keystream', length, 0, ended ? 0 : MAX_KEYSTREAM_BYTES);
    ended = length % BLOCK_BYTES !== 0;
    return next(length);
  };
}
