/** A process of its own: takes WebAssembly away as the argument says, adds masks, prints the sum and how it was made. */
import { setFlagsFromString } from 'node:v8';
import { seededRandom } from '@murmuration/core';
import { addMasks } from '../../src/index.ts';
import { simdScratch } from '../../src/masks/scratch.ts';

// Only after the modules were read: Node itself needs WebAssembly to strip their types.
if (process.argv[2] === 'no memory') setFlagsFromString('--wasm-max-mem-pages=1');
if (process.argv[2] === 'absent') Reflect.deleteProperty(globalThis, 'WebAssembly');

const random = seededRandom('sum apart');
const next = (into: Uint8Array) => {
  for (let i = 0; i < into.length; i++) into[i] = random.uint32() & 255;
};
const words = Int32Array.from({ length: 21 }, () => random.uint32() | 0);
addMasks(words, [
  { sign: 1, next },
  { sign: -1, next },
]);
console.log(JSON.stringify({ simd: simdScratch() !== undefined, sum: [...words] }));
