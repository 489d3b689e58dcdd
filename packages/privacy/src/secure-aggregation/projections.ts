import { assert, utf8 } from '@murmuration/core';
import { aesCtrKeystream, hkdfSha256 } from '@murmuration/crypto';
import { applyMask } from './masks.ts';

/** Coefficients in one word of 32 bits: two bits each. */
const PER_WORD = 16;
const INFO = utf8('murmur/secure-aggregation/projections/1');

/** r rows of coefficients −1, 0 and 1, with chances 1/4, 1/2, 1/4, that follow from a challenge. */
export interface Projections {
  readonly count: number;
  /** The inner product of each row with the vector, modulo 2^32, from 0 to 2^32 − 1. */
  of(words: Int32Array): number[];
  /** The same of the mask that a seed expands to. */
  ofMask(seed: Uint8Array): number[];
}

/** @param challenge 32 bytes, drawn after the vectors were fixed */
export function drawProjections(challenge: Uint8Array, count: number, length: number): Projections {
  assert(count >= 1 && count <= 64, 'from 1 to 64 projections');
  const stride = Math.ceil(count / PER_WORD);
  const key = hkdfSha256(challenge, new Uint8Array(0), INFO, 32);
  const coefficients = new Uint32Array(aesCtrKeystream(key, new Uint8Array(16), 4 * stride * length).buffer);
  const of = (words: Int32Array): number[] => {
    assert(words.length === length, 'a vector of the plan');
    const sums = new Int32Array(PER_WORD * stride);
    for (let i = 0; i < length; i++) addRow(sums, coefficients, i * stride, stride, words[i] as number);
    return Array.from(sums.subarray(0, count), (sum) => sum >>> 0);
  };
  return {
    count,
    of,
    ofMask: (seed) => {
      const words = new Int32Array(length);
      applyMask(words, seed, 1);
      const projected = of(words);
      words.fill(0);
      return projected;
    },
  };
}

function addRow(sums: Int32Array, coefficients: Uint32Array, at: number, stride: number, value: number): void {
  for (let word = 0; word < stride; word++) {
    let bits = coefficients[at + word] as number;
    const from = PER_WORD * word;
    for (let j = 0; j < PER_WORD; j++) {
      const factor = (bits & 1) - ((bits >>> 1) & 1);
      sums[from + j] = ((sums[from + j] as number) + factor * value) | 0;
      bits >>>= 2;
    }
  }
}
