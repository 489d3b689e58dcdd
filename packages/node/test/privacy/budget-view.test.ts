import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fromHex } from '@murmuration/core';
import { afterAll, expect, test } from 'vitest';
import { openBudgetFile, viewBudgetFile } from '../../src/index.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'murmur-view-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const ACCOUNT = { owner: 'clinic', dataset: 'x' };
const copies = () => readdirSync(tmpdir()).filter((name) => name.startsWith('murmur-budget-copy-')).length;

async function opened(name: string): Promise<string> {
  const file = path.join(folder, name);
  await using budgets = openBudgetFile(file, { create: true });
  await budgets.ledger.open(ACCOUNT, { epsilon: 1000, delta: 1e-6, adjacency: 'add-or-remove-one' });
  return file;
}

test('while a process spends, what it has told is seen, and it goes on spending', { timeout: 60_000 }, async () => {
  const file = await opened('busy.sqlite');
  const child = spawn(
    process.execPath,
    ['--conditions=murmuration-src', path.join(import.meta.dirname, 'spend.ts'), file],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const exited = once(child, 'exit');
  let looks = 0;
  let seen = 0;
  for await (const line of createInterface(child.stdout)) {
    const [sequence = '', hex = ''] = line.split(' ');
    if (Number(sequence) % 40 !== 0) continue;
    await using view = viewBudgetFile(file);
    expect(view.isCopy).toBe(true);
    expect(
      await view.ledger.contains(ACCOUNT, { sequence: Number(sequence), digest: fromHex(hex) ?? new Uint8Array(32) }),
    ).toBe(true);
    const { debits } = await view.ledger.status(ACCOUNT);
    expect(debits).toBeGreaterThanOrEqual(Math.max(seen, Number(sequence)));
    seen = debits;
    if (++looks === 3) break;
  }
  child.kill('SIGKILL');
  await exited;
  expect(looks).toBe(3);
  await using after = viewBudgetFile(file);
  expect(after.isCopy).toBe(false);
  expect((await after.ledger.status(ACCOUNT)).debits).toBeGreaterThanOrEqual(seen);
});

test('a file that nobody holds is read itself, one that is not there is none, and no copy is left behind', async () => {
  const before = copies();
  const file = await opened('free.sqlite');
  await using view = viewBudgetFile(file);
  expect(view.isCopy).toBe(false);
  expect(await view.ledger.history(ACCOUNT, 5)).toEqual([]);
  expect(() => viewBudgetFile(path.join(folder, 'none'))).toThrow(
    expect.objectContaining({ code: 'PRIVACY_BUDGET_FILE' }),
  );
  expect(copies()).toBeLessThanOrEqual(before);
});
