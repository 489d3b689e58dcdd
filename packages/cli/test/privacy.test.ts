import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';

const MAIN = path.join(import.meta.dirname, '../src/main.ts');
const folder = mkdtempSync(path.join(tmpdir(), 'murmur-privacy-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function murmur(...args: string[]) {
  const done = spawnSync(process.execPath, ['--conditions=murmuration-src', MAIN, 'privacy', ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
  return { code: done.status, out: done.stdout, err: done.stderr };
}

const ALL = ['--records', '1000', '--batch', '1000', '--delta', '1e-6'];

test('a plan is made, written, verified, and refused where it costs more', { timeout: 60_000 }, () => {
  const made = murmur('plan', ...ALL, '--steps', '10', '--epsilon', '1', '--out', 'plan.toml', '--devices', '100');
  expect(made.err).toBe('');
  expect(made.code).toBe(0);
  expect(made.out).toContain('data sets that differ by the presence of one record');
  expect(made.out).toContain('may drop out');
  expect(murmur('verify', 'plan.toml', '--epsilon', '1', '--delta', '1e-6').out).toContain('kept plan.toml');
  const refused = murmur('verify', 'plan.toml', '--epsilon', '0.5', '--delta', '1e-6', '--json');
  expect(refused.code).toBe(4);
  expect(JSON.parse(refused.err).error).toMatchObject({
    code: 'PRIVACY_NOT_KEPT',
    facts: { reason: 'epsilon-exceeded' },
  });
});

test('a budget is opened, charged, shown, and never overdrawn', { timeout: 60_000 }, () => {
  murmur('plan', ...ALL, '--steps', '1', '--noise', '5', '--out', 'one.toml');
  expect(murmur('budget', 'open', 'clinic/x', '--epsilon', '1.5', '--delta', '1e-6').code).toBe(0);
  const charge = () => murmur('budget', 'charge', 'clinic/x', '--plan', 'one.toml', '--purpose', 'mean', '--json');
  const first = charge();
  expect(JSON.parse(first.out).budgets).toMatchObject([{ owner: 'clinic', dataset: 'x', debits: 1 }]);
  let last = first;
  for (let i = 0; i < 5 && last.code === 0; i++) last = charge();
  expect(last.code).toBe(4);
  expect(last.err).toContain('PRIVACY_BUDGET_EXHAUSTED');
  const shown = JSON.parse(murmur('budget', 'show', '--json').out).budgets[0];
  expect(shown.spentEpsilon).toBeLessThanOrEqual(1.5);
  expect(shown.releasesLeft).toBe(0);
});

test('mistakes are named', () => {
  expect(murmur('plan', ...ALL, '--steps', '1').err).toContain('PRIVACY_PLAN_OPTIONS');
  expect(murmur('plan', ...ALL, '--noise', '1').err).toContain('give --steps or --epochs');
  expect(murmur('budget', 'show', 'clinic').err).toContain('owner/dataset');
  writeFileSync(path.join(folder, 'bad.toml'), 'adjacency = "replace-one"\n[[events]]\nmechanism = {kind="gausian"}\n');
  expect(murmur('verify', 'bad.toml', '--epsilon', '1', '--delta', '1e-6').err).toContain('did you mean gaussian?');
});
