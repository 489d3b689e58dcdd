import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { MurmurError } from '@murmuration/core';
import { type BudgetLedger, createBudgetLedger } from '@murmuration/privacy';
import { sqliteStore } from '../adapters/sqlite-store.ts';
import { systemClock } from '../adapters/system-clock.ts';

export interface BudgetFile extends AsyncDisposable {
  readonly ledger: BudgetLedger;
}

/**
 * The budgets kept in one store file, of which one process holds the lock: debits are durable before anything is
 * released, and two processes never spend the same budget.
 * @param create make the file where there is none
 * @throws PRIVACY_BUDGET_FILE where there is none to open, or a folder; STORE_IN_USE, STORE_DAMAGED, STORE_WRONG_FILE, STORE_FAILED
 */
export function openBudgetFile(path: string, { create }: { readonly create: boolean }): BudgetFile {
  if (!create && !existsSync(path)) {
    throw new MurmurError({
      code: 'PRIVACY_BUDGET_FILE',
      message: `there is no budget file ${path}`,
      remedy: 'open a budget first (`murmur privacy budget open`), or name the file with --file',
      facts: { path },
    });
  }
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new MurmurError({
      code: 'PRIVACY_BUDGET_FILE',
      message: `${path} is a folder, not a budget file`,
      remedy: 'name the file in it with --file, budget.sqlite for example',
      facts: { path },
    });
  }
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const store = sqliteStore(path);
  return {
    ledger: createBudgetLedger({ store, clock: systemClock }),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}
