import { readFileSync } from 'node:fs';
import path from 'node:path';
import { toHex } from '@murmuration/core';
import asc from 'assemblyscript/asc';

/** Each source in `assembly/` and the pages of 64 KiB that its memory has, from the beginning and for good. */
const KERNELS = [{ name: 'masks', pages: 2 }] as const;
const HEX_PER_LINE = 100;

/**
 * What the sources in `folder/assembly` compile to: the module, and the same bytes as TypeScript, since nothing below
 * `node` reads files.
 * @returns contents by path relative to the package
 */
export async function compileKernels(folder: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const { name, pages } of KERNELS) {
    const module = await compile(readFileSync(path.join(folder, 'assembly', `${name}.ts`), 'utf8'), pages);
    files.set(`wasm/${name}.wasm`, module);
    files.set(`src/generated/${name}-wasm.ts`, new TextEncoder().encode(asTypeScript(name, module)));
  }
  return files;
}

/** @returns which of `files` are missing in `folder` or hold other bytes */
export function staleFiles(folder: string, files: ReadonlyMap<string, Uint8Array>): string[] {
  return [...files].filter(([file, bytes]) => !holds(path.join(folder, file), bytes)).map(([file]) => file);
}

/** No runtime, no import, no memory that grows: the module is arithmetic on its own pages and nothing else. */
async function compile(source: string, pages: number): Promise<Uint8Array> {
  const { error, binary, stderr } = await asc.compileString(source, {
    optimizeLevel: 3,
    runtime: 'stub',
    noAssert: true,
    enable: ['simd'],
    initialMemory: pages,
    maximumMemory: pages,
  });
  if (error !== null || binary === null) throw new Error(`asc: ${stderr.toString()}`, { cause: error });
  return binary;
}

function asTypeScript(name: string, module: Uint8Array): string {
  const lines = toHex(module).match(new RegExp(`.{1,${HEX_PER_LINE}}`, 'g')) ?? [];
  return [
    `// Generated from packages/kernels/assembly/${name}.ts by \`npm run kernels\`. Do not edit.`,
    '',
    `/** \`wasm/${name}.wasm\`, ${module.length} bytes, in hexadecimal. */`,
    `export const ${name.toUpperCase()}_WASM =`,
    `${lines.map((line) => `  '${line}'`).join(' +\n')};`,
    '',
  ].join('\n');
}

function holds(file: string, bytes: Uint8Array): boolean {
  try {
    return readFileSync(file).equals(bytes);
  } catch {
    return false;
  }
}
