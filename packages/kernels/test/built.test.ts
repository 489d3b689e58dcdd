import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { compileKernels, staleFiles } from '../scripts/compile.ts';

const folder = path.join(import.meta.dirname, '..');

test('the committed kernels are what their sources compile to, byte for byte: npm run kernels', async () => {
  expect(staleFiles(folder, await compileKernels(folder))).toEqual([]);
});

test('one bit of a built kernel, a missing file and a changed source are noticed', async () => {
  const copy = mkdtempSync(path.join(tmpdir(), 'murmur-kernels-'));
  try {
    for (const part of ['assembly', 'wasm', 'src/generated']) {
      cpSync(path.join(folder, part), path.join(copy, part), { recursive: true });
    }
    const files = await compileKernels(copy);
    expect(staleFiles(copy, files)).toEqual([]);

    const source = path.join(copy, 'assembly/masks.ts');
    writeFileSync(source, readFileSync(source, 'utf8').replace('i32x4.add', 'i32x4.sub'));
    expect(staleFiles(copy, await compileKernels(copy))).toEqual(['wasm/masks.wasm', 'src/generated/masks-wasm.ts']);

    const built = path.join(copy, 'wasm/masks.wasm');
    const bytes = readFileSync(built);
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
    writeFileSync(built, bytes);
    rmSync(path.join(copy, 'src/generated/masks-wasm.ts'));
    expect(staleFiles(copy, files)).toEqual(['wasm/masks.wasm', 'src/generated/masks-wasm.ts']);
  } finally {
    rmSync(copy, { recursive: true });
  }
});

test('a source that does not compile is refused with what the compiler says', async () => {
  const copy = mkdtempSync(path.join(tmpdir(), 'murmur-kernels-'));
  try {
    cpSync(path.join(folder, 'assembly'), path.join(copy, 'assembly'), { recursive: true });
    writeFileSync(path.join(copy, 'assembly/masks.ts'), 'export function add(bytes: usize): void { nothing(); }');
    await expect(compileKernels(copy)).rejects.toThrow("Cannot find name 'nothing'");
  } finally {
    rmSync(copy, { recursive: true });
  }
});

test('a kernel asks for nothing from outside and its memory does not grow', () => {
  const module = new WebAssembly.Module(readFileSync(path.join(folder, 'wasm/masks.wasm')));
  expect(WebAssembly.Module.imports(module)).toEqual([]);
  expect(WebAssembly.Module.exports(module).map(({ name }) => name)).toEqual(['add', 'subtract', 'memory']);
  const { memory } = new WebAssembly.Instance(module).exports;
  expect(() => (memory as WebAssembly.Memory).grow(1)).toThrow(RangeError);
});
