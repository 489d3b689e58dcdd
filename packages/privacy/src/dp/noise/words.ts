import { type Entropy, MurmurError } from '@murmuration/core';

/** Bytes taken from `Entropy` at a time, at most. */
const BLOCK_BYTES = 16_384;
const MIN_BLOCK_BYTES = 64;
/** Rejections in a row that end a draw: with sound entropy their probability is below 2^-1000. */
const MAX_TRIES = 1000;

/** Uniform integers from secret bytes. A word is overwritten as soon as it is used. */
export interface Words {
  /** Uniform in [0, 2^32). */
  next(): number;
  /** Uniform in [0, bound), 1 ≤ bound ≤ 2^53, by rejection. @throws PRIVACY_ENTROPY_STUCK */
  below(bound: number): number;
  /**
   * Uniform in [0, bound), bound ≥ 1, by rejection. Up to 2^53 it takes the same words as `below` and makes the same
   * number of them. @throws PRIVACY_ENTROPY_STUCK
   */
  belowBig(bound: bigint): bigint;
}

/** @param expected how many words will be asked for, about: no more bytes are taken at a time than that needs */
export function wordsFrom(entropy: Entropy, expected = BLOCK_BYTES / 4): Words {
  const block = new Uint32Array(Math.min(BLOCK_BYTES, Math.max(MIN_BLOCK_BYTES, 4 * expected)) / 4);
  let at = block.length;

  function next(): number {
    if (at === block.length) {
      const fresh = entropy.bytes(block.byteLength);
      if (fresh.length !== block.byteLength) throw shortOfBytes(fresh.length, block.byteLength);
      new Uint8Array(block.buffer).set(fresh);
      fresh.fill(0);
      at = 0;
    }
    const word = block[at] as number;
    block[at++] = 0;
    return word;
  }

  function below(bound: number): number {
    if (bound <= 0x100000000) return belowWord(bound);
    // bound - 1 has 33 to 53 bits: the upper ones come from one word, the lower 32 from another.
    const shift = Math.clz32((bound - 1) / 0x100000000);
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const draw = (next() >>> shift) * 0x100000000 + next();
      if (draw < bound) return draw;
    }
    throw stuck();
  }

  function belowWord(bound: number): number {
    if (bound === 1) return 0;
    const shift = Math.clz32(bound - 1);
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const draw = next() >>> shift;
      if (draw < bound) return draw;
    }
    throw stuck();
  }

  function belowBig(bound: bigint): bigint {
    if (bound === 1n) return 0n;
    const bits = (bound - 1n).toString(2).length;
    const words = Math.ceil(bits / 32);
    const shift = 32 * words - bits;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      let draw = BigInt(next() >>> shift);
      for (let i = 1; i < words; i++) draw = (draw << 32n) | BigInt(next());
      if (draw < bound) return draw;
    }
    throw stuck();
  }

  return { next, below, belowBig };
}

function shortOfBytes(given: number, wanted: number): MurmurError {
  return new MurmurError({
    code: 'PRIVACY_ENTROPY_STUCK',
    message: `the source of entropy gave ${given} bytes instead of ${wanted}`,
    remedy: 'repair the source of entropy; nothing was released',
    facts: { given, wanted },
  });
}

/** @internal What a loop throws that sound entropy leaves long before. */
export function stuck(): MurmurError {
  return new MurmurError({
    code: 'PRIVACY_ENTROPY_STUCK',
    message: `${MAX_TRIES} random draws in a row were rejected, which sound entropy never does`,
    remedy: 'repair the source of entropy; nothing was released',
  });
}
