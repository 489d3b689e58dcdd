import { seededRandom } from '@murmuration/core';
import { addMasks } from '../../src/index.ts';
import { simdScratch } from '../../src/masks/scratch.ts';

/** What an engine answers: whether it has the SIMD kernel, and a sum that must be the same in all of them. */
export interface ExampleSum {
  readonly simd: boolean;
  readonly sum: readonly number[];
}

export function exampleSum(): ExampleSum {
  const random = seededRandom('example sum');
  const next = (into: Uint8Array) => {
    for (let i = 0; i < into.length; i++) into[i] = random.uint32() & 255;
  };
  const words = Int32Array.from({ length: 21 }, () => random.uint32() | 0);
  addMasks(words, [
    { sign: 1, next },
    { sign: -1, next },
  ]);
  return { simd: simdScratch() !== undefined, sum: [...words] };
}
