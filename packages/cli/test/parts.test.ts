import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { MurmurError } from '@murmuration/core';
import { expect, test } from 'vitest';
import { exitCodeOf } from '../src/exit-codes.ts';
import { budgetScreen } from '../src/screens/budget.ts';
import { belief, lower, meaning, upper } from '../src/screens/epsilon.ts';
import { milliseconds, percent, seconds } from '../src/terminal/format.ts';
import { table } from '../src/terminal/table.ts';
import { wrap } from '../src/terminal/wrap.ts';
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

test('a bound is rounded up, what is left down, and neither beyond the figures that are exact', () => {
  expect([upper(2.99955, 4), upper(3, 4), upper(3.00001, 4), upper(1e-9, 4)]).toEqual([
    '2.9996',
    '3.0000',
    '3.0001',
    '0.0001',
  ]);
  expect([lower(0.0599, 3), lower(2, 3), lower(0.3, 3)]).toEqual(['0.059', '2.000', '0.300']);
});

test('epsilon in words is what even odds become: e^ε / (1 + e^ε), rounded up', () => {
  expect([0, 0.1, 1, 3, 8].map(belief)).toEqual(['50 %', '52.5 %', '73.2 %', '95.3 %', '99.97 %']);
  expect(meaning(2, 1e-6)).toContain('88.1 % at most; 1 chance in 1,000,000 of more');
  expect(meaning(20, 1e-6)).toContain('more than 99.99 %; 1 chance in 1,000,000 of more. That is hardly a promise');
});

test('lines break between words, and longer words stay whole', () => {
  expect(wrap('one two \x1b[1mthree\x1b[22m four', 9)).toEqual(['one two', '\x1b[1mthree\x1b[22m', 'four']);
  expect(wrap('incomprehensible', 5)).toEqual(['incomprehensible']);
});

test('a projection beyond all calendars is no date', () => {
  const row = {
    ...{ owner: 'a', dataset: 'b', epsilon: 1, delta: 1e-6, adjacency: 'replace-one' as const, digest: '00' },
    ...{ spentEpsilon: 0.1, leftEpsilon: 0.9, debits: 2, lastMs: 1, releasesLeft: 2 ** 30, exhaustedAtMs: 1e17 },
  } as const;
  expect(budgetScreen([row])[1]).toContain('no end in sight');
});
