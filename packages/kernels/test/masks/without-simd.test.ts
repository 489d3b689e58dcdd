import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';

/** What a process with these flags, which takes WebAssembly away like this, prints. */
function sumApart(flags: readonly string[], how: string): { simd: boolean; sum: number[] } {
  const script = path.join(import.meta.dirname, 'sum-apart.ts');
  const args = ['--conditions=murmuration-src', ...flags, script, how];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout);
}

test('without WebAssembly, without its SIMD and where it gets no memory, masks are added in JavaScript: the same bits', () => {
  const usual = sumApart([], 'present');
  expect(usual.simd).toBe(true);
  for (const how of ['absent', 'no memory']) expect(sumApart([], how)).toEqual({ ...usual, simd: false });
  // An engine for x86 has no SIMD without SSE 4.1; elsewhere the flag changes nothing.
  const simd = process.arch !== 'x64';
  expect(sumApart(['--no-enable-sse4-1'], 'present')).toEqual({ ...usual, simd });
});
