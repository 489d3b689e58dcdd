import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { run } from '../../../../simulations/twins.ts';
import { quorum } from '../../src/index.ts';
import { twinsScript } from '../cluster/twins.ts';

const MAIN = fileURLToPath(new URL('../../../../simulations/main.ts', import.meta.url));
const FLAGS = ['--conditions=murmuration-src', '--no-warnings', MAIN];

function sweepElsewhere(workers: number): string {
  const args = ['twins', '--seeds', '3', '--from', '8', '--json', '--workers', String(workers)];
  const { hash } = JSON.parse(execFileSync(process.execPath, [...FLAGS, ...args], { encoding: 'utf8' }));
  return hash;
}

test('the trace of a sweep is the same in this process, in another, and spread over two', async () => {
  const here = await run({ seeds: 3, firstSeed: 8 });
  expect(here.failures).toEqual([]);
  expect(sweepElsewhere(1)).toBe(here.hash);
  expect(sweepElsewhere(2)).toBe(here.hash);
  expect((await run({ seeds: 2, firstSeed: 9 })).hash).not.toBe(here.hash);
});

test('a script of a failure plays from a file and from the command line, and fails there too', () => {
  const folder = mkdtempSync(join(tmpdir(), 'script-'));
  const seeds = Array.from({ length: 12 }, (_, i) => twinsScript({ seed: i + 1, quorum: quorum(4) - 1 }));
  const play = (given: string) =>
    spawnSync(process.execPath, [...FLAGS, 'consensus', '--schedule', given], { encoding: 'utf8' });
  try {
    let failed = 0;
    for (const [i, script] of seeds.entries()) {
      const file = join(folder, `${i}.json`);
      writeFileSync(file, JSON.stringify(script));
      const fromFile = play(file);
      if (fromFile.status === 0) continue;
      failed += 1;
      expect(fromFile.stdout).toContain('two payloads are committed');
      expect(fromFile.stdout).toContain(' runs twice');
      expect(play(JSON.stringify(script)).stdout).toBe(fromFile.stdout);
      break;
    }
    expect(failed).toBe(1);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
