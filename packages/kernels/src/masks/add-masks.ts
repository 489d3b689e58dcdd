import { createScratch, PART_WORDS, type Scratch } from './scratch.ts';

/** A mask that is made piece by piece, where it is needed. */
export interface Mask {
  /** Whether it is added (1) or taken away (−1). */
  readonly sign: 1 | -1;
  /**
   * Writes the next bytes of the mask, little-endian words, over all of `into`: 64 KiB at a time, the last piece as long
   * as the vector goes on. `into` is lent for the call and wiped later; a writer must not keep it.
   */
  readonly next: (into: Uint8Array) => void;
}

/** The scratch memory that no call is using; made by the first call. Empty of data between calls. */
let idle: Scratch | undefined;

/**
 * Adds `masks` to `words` in place, modulo 2^32: of each mask one piece, then of each the next, so that the part of the
 * vector stays where the sums are made and each mask is read once. Four words at a time in WebAssembly where there is
 * any, else in JavaScript: the same bits. The memory that this takes, 128 KiB, holds zeros afterwards.
 * Where `next` throws, the error goes on to the caller and `words` holds some parts with and some without masks.
 */
export function addMasks(words: Int32Array, masks: readonly Mask[]): void {
  // Taken while it is in use: a mask whose making adds masks in turn finds none and works in another.
  const scratch = idle ?? createScratch();
  idle = undefined;
  try {
    addMasksIn(scratch, words, masks);
  } finally {
    idle = scratch;
  }
}

/** The same in given memory. @internal */
export function addMasksIn(scratch: Scratch, words: Int32Array, masks: readonly Mask[]): void {
  try {
    for (let at = 0; at < words.length; at += PART_WORDS) {
      const part = words.subarray(at, at + PART_WORDS);
      const into = scratch.mask.subarray(0, 4 * part.length);
      scratch.vector.set(part);
      for (const { sign, next } of masks) {
        next(into);
        if (sign === 1) scratch.add(part.length);
        else scratch.subtract(part.length);
      }
      part.set(scratch.vector.subarray(0, part.length));
    }
  } finally {
    scratch.wipe(Math.min(words.length, PART_WORDS));
  }
}
