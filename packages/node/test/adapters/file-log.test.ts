import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fileLog } from '../../src/adapters/file-log.ts';

test('the log file and its predecessor together stay within twice the bound, and no line is torn', () => {
  const folder = mkdtempSync(join(tmpdir(), 'murmur-log-'));
  try {
    const path = join(folder, 'log.ndjson');
    const maxBytes = 10_000;
    {
      using log = fileLog({ path, level: 'info', maxBytes });
      const child = log.child({ part: 'test' });
      for (let i = 0; i < 1000; i++) child.info('line', { i, text: 'x'.repeat(50) });
      log.debug('below the level');
    }
    expect(existsSync(`${path}.1`)).toBe(true);
    expect(statSync(path).size + statSync(`${path}.1`).size).toBeLessThan(2 * maxBytes + 400);
    const lines = readFileSync(path, 'utf8').trim().split('\n');
    expect(JSON.parse(lines.at(-1) as string)).toMatchObject({ part: 'test', i: 999, msg: 'line' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
