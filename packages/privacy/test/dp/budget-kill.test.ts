import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { createBudgetLedger } from '../../src/index.ts';
import { fileStore } from './file-store.ts';

const SPENDER = fileURLToPath(new URL('spender.ts', import.meta.url));

/** Kills the process with SIGKILL once it has released `count` times. @returns all that it said */
async function killAfter(child: ChildProcess, count: number): Promise<readonly number[]> {
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (output.split('\n').length > count) child.kill('SIGKILL');
  });
  await new Promise((resolve) => child.on('close', resolve));
  return output.split('\n').slice(0, -1).map(Number);
}

test('kill -9 at any moment: whatever was released had been debited, across three lives', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'budget-'));
  try {
    const path = join(folder, 'store');
    const released: number[] = [];
    for (const count of [1, 7, 20]) {
      const child = spawn(process.execPath, ['--conditions=murmuration-src', SPENDER, path], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      released.push(...(await killAfter(child, count)));
    }
    await using store = await fileStore(path);
    const ledger = createBudgetLedger({ store, clock: { nowMs: () => 0 } });
    const { debits, spentEpsilon } = await ledger.status({ owner: 'alice', dataset: 'letters' });
    expect(released.length).toBeGreaterThanOrEqual(28);
    expect(debits).toBeGreaterThanOrEqual(released.length);
    // At most one debit of each life was cut off between write and release.
    expect(debits).toBeLessThanOrEqual(released.length + 3);
    expect(new Set(released).size).toBe(released.length);
    expect(spentEpsilon).toBeGreaterThan(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
