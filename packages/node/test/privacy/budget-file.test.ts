import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { seededRandom } from '@murmuration/core';
import type { Receipt } from '@murmuration/privacy';
import { afterAll, describe, expect, test } from 'vitest';
import { openBudgetFile } from '../../src/index.ts';
import { ACCOUNT, killAtRandom, startSpender, TERMS, until } from './lives.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'murmur-budget-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const spending = (epsilon: number) => ({
  purpose: 'test',
  events: [{ mechanism: { kind: 'pure', epsilon }, sampling: { kind: 'none' }, count: 1 }] as const,
});

test('no debit that was told is lost, whenever the process is killed: ten lives', { timeout: 120_000 }, async () => {
  const lives = await killAtRandom(path.join(folder, 'killed.sqlite'), 10, seededRandom('kill -9'));
  expect(lives).toMatchObject({ kills: 10, lost: 0 });
  expect(lives.told).toBeGreaterThanOrEqual(10);
  // Known bad: a file that keeps nothing would have all of them lost.
  expect(lives.untold).toBeGreaterThanOrEqual(0);
  expect(lives.untold).toBeLessThanOrEqual(10);
});

test('a second process cannot spend from a file that is open', async () => {
  const file = path.join(folder, 'shared.sqlite');
  await using budgets = openBudgetFile(file, { create: true });
  await budgets.ledger.open(ACCOUNT, TERMS);
  expect(() => openBudgetFile(file, { create: false })).toThrow(expect.objectContaining({ code: 'STORE_IN_USE' }));
});

test('of processes that spend from one file at once one spends, the others are told why not', {
  timeout: 60_000,
}, async () => {
  const file = path.join(folder, 'contended.sqlite');
  const cap = 0.02;
  {
    await using budgets = openBudgetFile(file, { create: true });
    // At so small a delta the plain sum is the lesser bound, and the count is plain too.
    await budgets.ledger.open(ACCOUNT, { ...TERMS, epsilon: cap, delta: 1e-20 });
  }
  const ends = await Promise.all([1, 2, 3].map(() => until(startSpender(file))));
  const told = ends.flatMap((end) => end.told.map(({ sequence }) => sequence));
  // A thousandth each: twenty fit, whoever spends them, and nobody is killed: each ends by a refusal.
  expect(told.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  for (const { complaint } of ends) expect(complaint).toMatch(/PRIVACY_BUDGET_EXHAUSTED|STORE_IN_USE/);
  expect(ends.some(({ complaint }) => complaint.includes('PRIVACY_BUDGET_EXHAUSTED'))).toBe(true);
  await using budgets = openBudgetFile(file, { create: false });
  expect(await budgets.ledger.status(ACCOUNT)).toMatchObject({ debits: 20, spentEpsilon: cap, leftEpsilon: 0 });
});

test('a full disk refuses with a code; what was told is kept, and with room again it goes on', {
  timeout: 60_000,
}, async () => {
  const file = path.join(folder, 'full.sqlite');
  {
    await using budgets = openBudgetFile(file, { create: true });
    await budgets.ledger.open(ACCOUNT, TERMS);
  }
  const { told, complaint } = await until(startSpender(file, 100));
  expect(complaint).toContain('STORE_FAILED');
  expect(complaint).toMatch(/disk|full/i);
  expect(complaint).not.toContain('cannot rollback');
  expect(told.length).toBeGreaterThan(3);
  await using budgets = openBudgetFile(file, { create: false });
  for (const debit of told) expect(await budgets.ledger.contains(ACCOUNT, debit)).toBe(true);
  const { debits } = await budgets.ledger.status(ACCOUNT);
  expect(debits - told.length).toBeLessThanOrEqual(1);
  expect(await budgets.ledger.release(ACCOUNT, spending(0.5), ({ sequence }) => sequence)).toBe(debits + 1);
});

describe('a file that is not what it was', () => {
  async function spent(name: string): Promise<string> {
    const file = path.join(folder, name);
    await using budgets = openBudgetFile(file, { create: true });
    await budgets.ledger.open(ACCOUNT, TERMS);
    for (let i = 0; i < 12; i++) await budgets.ledger.release(ACCOUNT, spending(0.25), () => 0);
    return file;
  }

  /** The ε that the file says is spent, or the code of why it says nothing. */
  async function spentBy(file: string): Promise<number | string> {
    try {
      await using budgets = openBudgetFile(file, { create: false });
      return (await budgets.ledger.status(ACCOUNT)).spentEpsilon;
    } catch (error) {
      return (error as { code?: string }).code ?? String(error);
    }
  }

  test('says what was spent or refuses with a code, whichever of 150 bits is flipped', async () => {
    const file = await spent('flipped.sqlite');
    const truth = await spentBy(file);
    const whole = readFileSync(file);
    const random = seededRandom('flips');
    const copy = path.join(folder, 'flipped-copy.sqlite');
    const seen = new Map<number | string, number>();
    for (let i = 0; i < 150; i++) {
      const bytes = Buffer.from(whole);
      const at = random.below(bytes.length);
      bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
      rmSync(`${copy}-wal`, { force: true });
      writeFileSync(copy, bytes);
      const found = await spentBy(copy);
      seen.set(found, (seen.get(found) ?? 0) + 1);
    }
    const codes = [
      'STORE_DAMAGED',
      'STORE_WRONG_FILE',
      'STORE_FAILED',
      'PRIVACY_BUDGET_DAMAGED',
      'PRIVACY_BUDGET_UNKNOWN',
    ];
    for (const found of seen.keys()) expect([truth, ...codes]).toContain(found);
    expect(seen.get(truth)).toBeGreaterThan(0);
    expect(150 - (seen.get(truth) ?? 0)).toBeGreaterThan(10);
  });

  test('or wherever it is cut off', async () => {
    const whole = readFileSync(await spent('cut.sqlite'));
    const copy = path.join(folder, 'cut-copy.sqlite');
    for (let part = 1; part < 20; part++) {
      rmSync(`${copy}-wal`, { force: true });
      writeFileSync(copy, whole.subarray(0, Math.floor((whole.length * part) / 20)));
      expect(['STORE_DAMAGED', 'STORE_WRONG_FILE', 'STORE_FAILED', 'PRIVACY_BUDGET_DAMAGED']).toContain(
        await spentBy(copy),
      );
    }
  });

  test('an old copy of it, or one without its log, opens; a receipt kept elsewhere tells it apart', async () => {
    const file = path.join(folder, 'now.sqlite');
    const old = path.join(folder, 'old.sqlite');
    const logless = path.join(folder, 'logless.sqlite');
    const receipts: Receipt[] = [];
    {
      await using budgets = openBudgetFile(file, { create: true });
      await budgets.ledger.open(ACCOUNT, TERMS);
      await budgets.ledger.release(ACCOUNT, spending(1), (receipt) => receipts.push(receipt));
    }
    copyFileSync(file, old);
    await using budgets = openBudgetFile(file, { create: false });
    await budgets.ledger.release(ACCOUNT, spending(1), (receipt) => receipts.push(receipt));
    copyFileSync(file, logless);
    for (const copy of [old, logless]) {
      await using restored = openBudgetFile(copy, { create: false });
      expect(await restored.ledger.status(ACCOUNT)).toMatchObject({ debits: 1, spentEpsilon: 1 });
      expect(await restored.ledger.contains(ACCOUNT, receipts[0] as Receipt)).toBe(true);
      expect(await restored.ledger.contains(ACCOUNT, receipts[1] as Receipt)).toBe(false);
    }
    for (const receipt of receipts) expect(await budgets.ledger.contains(ACCOUNT, receipt)).toBe(true);
  });
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
