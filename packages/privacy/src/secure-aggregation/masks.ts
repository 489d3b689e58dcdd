import { aesCtrStream } from '@murmuration/crypto';
import { addWords, subtractWords } from '@murmuration/kernels';

/** Bytes of keystream at a time: fits the second-level cache beside the part of the vector it is added to. */
const CHUNK_BYTES = 2 ** 17;

/**
 * Adds (`sign` 1) or takes away (−1) the mask that a seed expands to: the AES-256-CTR keystream of counter 0 up, read
 * as little-endian 32-bit words, modulo 2^32.
 * @param seed 32 bytes, for one vector only
 */
export function applyMask(words: Int32Array, seed: Uint8Array, sign: 1 | -1): void {
  const stream = aesCtrStream(seed, new Uint8Array(16));
  for (let at = 0; at < words.length; at += CHUNK_BYTES / 4) {
    const part = words.subarray(at, at + CHUNK_BYTES / 4);
    const memory = stream(part.length * 4).buffer;
    const mask = new Int32Array(memory);
    if (sign === 1) addWords(part, mask);
    else subtractWords(part, mask);
    // Given back at once, not by the collector: the next chunk gets memory that is still in the cache.
    memory.transfer(0);
  }
}

/** The sign of the mask of the pair {member, other} in the vector of `member`: the lower of both takes away. */
export function pairSign(member: number, other: number): 1 | -1 {
  return other < member ? 1 : -1;
}
