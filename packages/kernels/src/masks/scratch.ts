import { assert, fromHex } from '@murmuration/core';
import { MASKS_WASM } from '../generated/masks-wasm.ts';
import { addWords, subtractWords } from './words.ts';

/** Words of a vector that are worked on at a time: 64 KiB, which stay in the cache beside as much of a mask. */
export const PART_WORDS = 2 ** 14;

/** Where a part of a vector lies while parts of masks are put into it. @internal */
export interface Scratch {
  readonly vector: Int32Array;
  /** Of one mask after the other, in bytes. */
  readonly mask: Uint8Array;
  /** vector += mask modulo 2^32, the first `words` of both. What lies behind them in `vector` is undefined. */
  add(words: number): void;
  /** vector −= mask, as `add`. */
  subtract(words: number): void;
  /** Overwrites the first `words` of both with zeros. */
  wipe(words: number): void;
}

/** WebAssembly where there is any, four words at a time; else JavaScript, which gives the same bits. @internal */
export function createScratch(): Scratch {
  return simdScratch() ?? plainScratch();
}

/** @returns undefined where WebAssembly or its SIMD is missing or forbidden @internal */
export function simdScratch(): Scratch | undefined {
  const kernel = instantiate();
  if (kernel === undefined) return undefined;
  const { memory, add, subtract } = kernel.exports;
  assert(memory instanceof WebAssembly.Memory, 'the kernel of masks has memory');
  assert(typeof add === 'function', 'the kernel of masks adds');
  assert(typeof subtract === 'function', 'the kernel of masks subtracts');
  const vector = new Int32Array(memory.buffer, 0, PART_WORDS);
  const mask = new Uint8Array(memory.buffer, 4 * PART_WORDS, 4 * PART_WORDS);
  return {
    vector,
    mask,
    add: (words) => add(4 * words),
    subtract: (words) => subtract(4 * words),
    wipe: (words) => wipe(vector, mask, words),
  };
}

/** @internal */
export function plainScratch(): Scratch {
  const vector = new Int32Array(PART_WORDS);
  const mask = new Int32Array(PART_WORDS);
  const bytes = new Uint8Array(mask.buffer);
  return {
    vector,
    mask: bytes,
    add: (words) => addWords(vector.subarray(0, words), mask.subarray(0, words)),
    subtract: (words) => subtractWords(vector.subarray(0, words), mask.subarray(0, words)),
    wipe: (words) => wipe(vector, bytes, words),
  };
}

function instantiate(): WebAssembly.Instance | undefined {
  const bytes = fromHex(MASKS_WASM)?.slice();
  assert(bytes !== undefined, 'the kernel of masks is in hexadecimal');
  if (typeof WebAssembly === 'undefined' || !WebAssembly.validate(bytes)) return undefined;
  try {
    // So short that every engine compiles it at once, on any thread.
    return new WebAssembly.Instance(new WebAssembly.Module(bytes));
  } catch {
    return undefined; // a page's policy forbids it, or no address space is left for its memory
  }
}

function wipe(vector: Int32Array, mask: Uint8Array, words: number): void {
  vector.fill(0, 0, words);
  mask.fill(0, 0, 4 * words);
}
