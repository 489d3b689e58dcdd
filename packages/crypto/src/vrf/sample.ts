import { checkInteger } from '@murmuration/core';
import { sha512 } from '@noble/hashes/sha2.js';
import { checkBytes } from '../secrets/check-bytes.ts';
import { VRF_OUTPUT_BYTES } from './ecvrf.ts';

const DOMAIN = new TextEncoder().encode('murmur/vrf-sample/1');
const MAX_POPULATION = 2 ** 16;
const WORDS_PER_BLOCK = 16;
const WORD_RANGE = 2 ** 32;

/**
 * The sample that a VRF output names: the first `size` places of a Fisher-Yates shuffle of 0..n-1 driven by
 * SHA-512(domain ‖ beta ‖ counter), each draw by rejection, so that every sample is equally likely. A shorter
 * sample is a prefix of a longer one.
 *
 * @param beta 64 bytes, from `vrfVerify`
 * @param n population, 1 to 65536
 * @param size 0 to n
 * @returns `size` distinct numbers below n, in the order drawn
 * @throws CRYPTO_WRONG_LENGTH, OPTION_OUT_OF_RANGE
 */
export function vrfSample(beta: Uint8Array, n: number, size: number): number[] {
  checkBytes('a VRF output', beta, VRF_OUTPUT_BYTES);
  checkInteger('population of a sample', n, 1, MAX_POPULATION);
  checkInteger('size of a sample', size, 0, n);
  const below = drawsFrom(beta);
  const places = Array.from({ length: n }, (_, i) => i);
  for (let i = 0; i < size; i++) {
    const j = i + below(n - i);
    [places[i], places[j]] = [places[j] as number, places[i] as number];
  }
  return places.slice(0, size);
}

/** @returns a function that draws uniformly below its bound */
function drawsFrom(beta: Uint8Array): (bound: number) => number {
  let block = new DataView(new ArrayBuffer(0));
  let used = WORDS_PER_BLOCK;
  let counter = 0;
  const word = (): number => {
    if (used === WORDS_PER_BLOCK) {
      const count = new Uint8Array(4);
      new DataView(count.buffer).setUint32(0, counter++);
      block = new DataView(sha512.create().update(DOMAIN).update(beta).update(count).digest().buffer);
      used = 0;
    }
    return block.getUint32(4 * used++);
  };
  return (bound) => {
    const limit = WORD_RANGE - (WORD_RANGE % bound);
    let draw = word();
    while (draw >= limit) draw = word();
    return draw % bound;
  };
}
