/** A process of its own: takes WebAssembly away as the argument says, then prints the example's sum. */
import { setFlagsFromString } from 'node:v8';
import { exampleSum } from './example-sum.ts';

// Only after the modules were read: Node itself needs WebAssembly to strip their types.
if (process.argv[2] === 'no memory') setFlagsFromString('--wasm-max-mem-pages=1');
if (process.argv[2] === 'absent') Reflect.deleteProperty(globalThis, 'WebAssembly');
console.log(JSON.stringify(exampleSum()));
