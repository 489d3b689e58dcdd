import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const TRAINER = new URL('../../src/engine/trainer.ts', import.meta.url).href;

/** Runs a program with a home and a temporary folder of its own. @returns the files it left there */
function traces(program: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'murmur-telemetry-'));
  const { ORT_DISABLE_TELEMETRY: _, ...rest } = process.env;
  const env = { ...rest, HOME: folder, TMPDIR: folder, XDG_CACHE_HOME: folder, NODE_DISABLE_COMPILE_CACHE: '1' };
  try {
    execFileSync(process.execPath, ['--conditions=murmuration-src', '--input-type=module', '-e', program], { env });
    return readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('opening a trainer leaves no trace outside of the project', () => {
  const open = `
    const { createTrainer } = await import('${TRAINER}');
    await using trainer = await createTrainer({ inputs: 4, hidden: 2, classes: 2 });
    await new Promise((done) => setTimeout(done, 300));`;
  expect(traces(open)).toEqual([]);
});

test('a trace is seen where there is one: this test can fail', () => {
  const leave = "await (await import('node:fs/promises')).writeFile(process.env.HOME + '/trace', 'x');";
  expect(traces(leave)).toEqual(['trace']);
});
