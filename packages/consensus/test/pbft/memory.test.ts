import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const FLOOD = fileURLToPath(new URL('./memory-flood.ts', import.meta.url));

test('f liars of 7 that flood one replica with all that is signed and large make it hold at most 64 MB', () => {
  const flags = ['--expose-gc', '--conditions=murmuration-src', '--no-warnings'];
  const printed = execFileSync(process.execPath, [...flags, FLOOD], { encoding: 'utf8' });
  const { held, refused } = JSON.parse(printed);
  expect(held).toBeGreaterThan(1024 * 1024);
  expect(held).toBeLessThan(64 * 1024 * 1024);
  expect(refused).toContain('beyond-window');
  expect(refused).toContain('pool-full');
});
