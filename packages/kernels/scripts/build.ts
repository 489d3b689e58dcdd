/**
 * `npm run kernels`: compiles the AssemblyScript sources to `wasm/` and `src/generated/`, both of which are committed.
 * With `--check` it writes nothing and fails where a committed file is not what its source compiles to, byte for byte.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { compileKernels, staleFiles } from './compile.ts';

const folder = path.join(import.meta.dirname, '..');
const files = await compileKernels(folder);
const stale = staleFiles(folder, files);
if (process.argv.includes('--check')) {
  for (const file of stale)
    console.error(`packages/kernels/${file} is not what its source compiles to: npm run kernels`);
  if (stale.length === 0) console.log(`${files.size} files are what their sources compile to`);
  process.exitCode = stale.length === 0 ? 0 : 1;
} else {
  for (const file of stale) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), files.get(file) as Uint8Array);
    console.log(`written: packages/kernels/${file}, ${files.get(file)?.length} bytes`);
  }
  if (stale.length === 0) console.log('nothing changed');
}
