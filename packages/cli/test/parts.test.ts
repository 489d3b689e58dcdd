import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { MurmurError } from '@murmuration/core';
import { expect, test } from 'vitest';
import { exitCodeOf } from '../src/exit-codes.ts';
import { milliseconds, percent, seconds } from '../src/terminal/format.ts';
import { table } from '../src/terminal/table.ts';
import { mergeMetrics } from '../src/up/merge-metrics.ts';
import { chooseRun, keepSummary } from '../src/up/runs.ts';

test('columns are as wide as their widest cell, whatever its colour', () => {
  const lines = table(
    [{ title: 'n', align: 'right' }, { title: 'word' }],
    [
      ['1', '\x1b[31mred\x1b[39m'],
      ['100', 'x'],
    ],
  );
  expect(lines).toEqual(['  n  word', '  1  \x1b[31mred\x1b[39m', '100  x']);
});

test('unknown figures are dashes, never zeros', () => {
  expect([percent(null), seconds(null), milliseconds(null)]).toEqual(['–', '–', '–']);
  expect([percent(0.8312), seconds(1.26), milliseconds(1500)]).toEqual(['83.1 %', '1.3 s', '1.5 s']);
});

test('metrics of several devices keep one header a family and tell samples apart', () => {
  const text = (value: number) => `# HELP a_total a\n# TYPE a_total counter\na_total{kind="x"} ${value}\n`;
  const merged = mergeMetrics(
    new Map([
      ['wren', text(1)],
      ['lark', text(2)],
    ]),
  );
  expect(merged).toBe(
    '# HELP a_total a\n# TYPE a_total counter\na_total{kind="x",device="wren"} 1\na_total{kind="x",device="lark"} 2\n',
  );
});

test('an interrupted run is resumed, a finished one is kept beside the next', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'murmur-runs-'));
  try {
    expect(chooseRun(folder, false)).toMatchObject({ number: 1, resumed: false });
    mkdirSync(path.join(folder, 'run-1'));
    writeFileSync(path.join(folder, 'run-1/swarm.json'), '{}');
    const resumed = chooseRun(folder, false);
    expect(resumed).toMatchObject({ number: 1, resumed: true });
    expect(chooseRun(folder, true)).toMatchObject({ number: 2, resumed: false });
    keepSummary(resumed, { accuracy: 0.8 });
    expect(chooseRun(folder, false)).toMatchObject({ number: 2, resumed: false });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('exit codes follow the family of the code; what we did not foresee is 1', () => {
  const exit = (code: string) => exitCodeOf(new MurmurError({ code, message: code }));
  expect([exit('CONFIG_UNKNOWN_KEY'), exit('STORE_DAMAGED'), exit('JOB_REFUSED')]).toEqual([2, 5, 4]);
  expect(exitCodeOf(new Error('surprise'))).toBe(1);
});

test('a verdict, an unreadable file and a damaged one are three exit codes', () => {
  const exit = (code: string) => exitCodeOf(new MurmurError({ code, message: code }));
  expect([exit('PRIVACY_NOT_KEPT'), exit('PRIVACY_PLAN_FILE'), exit('PRIVACY_BUDGET_DAMAGED')]).toEqual([4, 2, 5]);
  expect([exit('KEYS_WRONG_PASSPHRASE'), exit('KEYS_MISSING'), exit('KEYS_DAMAGED')]).toEqual([4, 2, 5]);
  expect(exit('CLI_INTERRUPTED')).toBe(130);
});
