import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.join(import.meta.dirname, '..');

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /^[^/]+\/src\/.*\.tsx?$/.test(file))
    .map((file) => path.join(folder, file));
}

/** Codes as they stand in source: `code: 'FAMILY_WORDS'`, also where one of two is chosen. */
function codesInSource(): Set<string> {
  const codes = new Set<string>();
  for (const file of sourceFiles(path.join(root, 'packages'))) {
    for (const [, value = ''] of readFileSync(file, 'utf8').matchAll(/\bcode:\s*([^,\n]+)/g)) {
      for (const [, code = ''] of value.matchAll(/'([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)'/g)) codes.add(code);
    }
  }
  return codes;
}

test('error codes in source equal the headings of docs/errors.md', () => {
  const headings = [...readFileSync(path.join(root, 'docs/errors.md'), 'utf8').matchAll(/^### ([A-Z0-9_]+)$/gm)];
  const documented = headings.map(([, code]) => code as string);
  expect(documented).toEqual([...new Set(documented)]);
  expect([...documented].sort()).toEqual([...codesInSource()].sort());
});
