import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMurmurError } from '@murmuration/core';
import { type BudgetFile, openBudgetFile } from './budget-file.ts';

/** A checkpoint in the midst of a copy is rare; five in a row are a file that never rests. */
const MAX_COPIES = 5;

/** Budgets to look at. What is debited there is debited nowhere. */
export interface BudgetView extends AsyncDisposable {
  readonly ledger: Pick<BudgetFile['ledger'], 'accounts' | 'status' | 'history' | 'contains'>;
  /** Whether another process holds the file, so that this is a copy of a moment ago. */
  readonly isCopy: boolean;
}

/**
 * Opens budgets to look at them, also while the process that spends from them runs: then a copy of its file and log. The
 * ledger holds a copy to its chain of debits like any file.
 *
 * Not for the process that spends: a process that closes a file, as copying does, loses its own locks on it (POSIX).
 * @throws what `openBudgetFile` throws; STORE_IN_USE only where no copy could be taken between two checkpoints
 */
export function viewBudgetFile(path: string): BudgetView {
  try {
    const { ledger, ...file } = openBudgetFile(path, { create: false });
    return { ledger, isCopy: false, [Symbol.asyncDispose]: file[Symbol.asyncDispose] };
  } catch (error) {
    if (!isMurmurError(error) || error.code !== 'STORE_IN_USE') throw error;
    return viewOfCopy(path, error);
  }
}

function viewOfCopy(path: string, inUse: Error): BudgetView {
  const folder = mkdtempSync(join(tmpdir(), 'murmur-budget-copy-'));
  const copy = join(folder, 'budget.sqlite');
  const forget = () => rmSync(folder, { recursive: true, force: true });
  try {
    for (let i = 0; i < MAX_COPIES; i++) {
      if (!copyBetweenCheckpoints(path, copy)) continue;
      const file = openBudgetFile(copy, { create: false });
      const close = async () => {
        await file[Symbol.asyncDispose]();
        forget();
      };
      return { ledger: file.ledger, isCopy: true, [Symbol.asyncDispose]: close };
    }
    throw inUse;
  } catch (error) {
    forget();
    throw error;
  }
}

/** SQLite writes to the file itself at checkpoints only; between two of them file and log belong together. */
function copyBetweenCheckpoints(path: string, copy: string): boolean {
  const before = statSync(path, { bigint: true });
  const log = `${path}-wal`;
  copyFileSync(path, copy);
  if (existsSync(log)) copyFileSync(log, `${copy}-wal`);
  const after = statSync(path, { bigint: true });
  return before.mtimeNs === after.mtimeNs && before.size === after.size;
}
