import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, expect, test } from 'vitest';
import { openBudgetFile } from '../../src/index.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'murmur-budget-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ACCOUNT = { owner: 'clinic', dataset: 'x' };
const TERMS = { epsilon: 1000, delta: 1e-6, adjacency: 'add-or-remove-one' } as const;
const spending = (epsilon: number) => ({
  purpose: 'test',
  events: [{ mechanism: { kind: 'pure', epsilon }, sampling: { kind: 'none' }, count: 1 }] as const,
});

test('every debit that was told before a kill -9 is in the file afterwards', { timeout: 60_000 }, async () => {
  const file = path.join(folder, 'killed.sqlite');
  {
    await using budgets = openBudgetFile(file, { create: true });
    await budgets.ledger.open(ACCOUNT, TERMS);
  }
  for (let round = 0; round < 3; round++) {
    const child = spawn(
      process.execPath,
      ['--conditions=murmuration-src', path.join(import.meta.dirname, 'spend.ts'), file],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let told = 0;
    for await (const line of createInterface(child.stdout)) {
      told = Number(line);
      if (told % 20 === 19) break;
    }
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
    await using budgets = openBudgetFile(file, { create: false });
    const { debits, spentEpsilon } = await budgets.ledger.status(ACCOUNT);
    expect(debits).toBeGreaterThanOrEqual(told);
    // Rényi accounting may charge less than the plain sum, never more, and never nothing.
    expect(spentEpsilon).toBeLessThanOrEqual(0.001 * debits + 1e-9);
    expect(spentEpsilon).toBeGreaterThan(0);
  }
});

test('a second process cannot spend from a file that is open', async () => {
  const file = path.join(folder, 'shared.sqlite');
  await using budgets = openBudgetFile(file, { create: true });
  await budgets.ledger.open(ACCOUNT, TERMS);
  expect(() => openBudgetFile(file, { create: false })).toThrow(expect.objectContaining({ code: 'STORE_IN_USE' }));
});

test('accounts are listed once each, however many debits they have', async () => {
  const file = path.join(folder, 'many.sqlite');
  await using budgets = openBudgetFile(file, { create: true });
  for (const dataset of ['a', 'a-b', 'b']) await budgets.ledger.open({ owner: 'clinic', dataset }, TERMS);
  await budgets.ledger.open({ owner: 'lab', dataset: 'a' }, TERMS);
  for (let i = 0; i < 5; i++) await budgets.ledger.release({ owner: 'clinic', dataset: 'a' }, spending(1), () => 0);
  expect((await budgets.ledger.accounts()).map(({ owner, dataset }) => `${owner}/${dataset}`).sort()).toEqual([
    'clinic/a',
    'clinic/a-b',
    'clinic/b',
    'lab/a',
  ]);
});

test('a file that is not there is not made by those who only read, and a folder is none', () => {
  const missing = path.join(folder, 'missing.sqlite');
  expect(() => openBudgetFile(missing, { create: false })).toThrow(
    expect.objectContaining({ code: 'PRIVACY_BUDGET_FILE' }),
  );
  expect(() => openBudgetFile(folder, { create: true })).toThrow(
    expect.objectContaining({ code: 'PRIVACY_BUDGET_FILE', message: expect.stringContaining('folder') }),
  );
});
