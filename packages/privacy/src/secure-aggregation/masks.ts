import { aesCtrStream } from '@murmuration/crypto';
import { addMasks, type Mask } from '@murmuration/kernels';

/** Keystreams that are open at a time: each holds a cipher of the platform. */
const MAX_STREAMS = 128;
const FIRST_COUNTER = new Uint8Array(16);

/** A mask by the seed that it expands from: 32 bytes, for one vector only. */
export interface SeededMask {
  readonly seed: Uint8Array;
  /** Whether it is added (1) or taken away (−1). */
  readonly sign: 1 | -1;
}

/**
 * Adds or takes away the masks that seeds expand to, modulo 2^32: of each the AES-256-CTR keystream of counter 0 up, read
 * as little-endian 32-bit words.
 * @throws CRYPTO_WRONG_LENGTH for a seed of another length; `words` then holds some masks and others not
 */
export function applyMasks(words: Int32Array, masks: readonly SeededMask[]): void {
  for (let first = 0; first < masks.length; first += MAX_STREAMS) {
    addMasks(words, masks.slice(first, first + MAX_STREAMS).map(expand));
  }
}

/** Adds (`sign` 1) or takes away (−1) one mask, as `applyMasks`. */
export function applyMask(words: Int32Array, seed: Uint8Array, sign: 1 | -1): void {
  applyMasks(words, [{ seed, sign }]);
}

function expand({ seed, sign }: SeededMask): Mask {
  const stream = aesCtrStream(seed, FIRST_COUNTER);
  const next = (into: Uint8Array) => {
    const bytes = stream(into.length);
    into.set(bytes);
    // Given back at once, not by the collector: the next piece gets memory that is still in the cache.
    bytes.buffer.transfer(0);
  };
  return { sign, next };
}

/** The sign of the mask of the pair {member, other} in the vector of `member`: the lower of both takes away. */
export function pairSign(member: number, other: number): 1 | -1 {
  return other < member ? 1 : -1;
}
