import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { Random } from '@murmuration/core';
import { fromHex } from '@murmuration/core';
import { openBudgetFile } from '../../src/privacy/budget-file.ts';

export const ACCOUNT = { owner: 'clinic', dataset: 'x' };
export const TERMS = { epsilon: 1000, delta: 1e-6, adjacency: 'add-or-remove-one' } as const;

const SPENDER = path.join(import.meta.dirname, 'spend.ts');

/** A debit that a spender had a receipt of. */
export interface Told {
  readonly sequence: number;
  readonly digest: Uint8Array;
}

/** Starts a process that spends from the file until it is killed. @param limit of the sizes of its files, in KiB */
export function startSpender(file: string, limit?: number): ChildProcess {
  const node = [process.execPath, '--conditions=murmuration-src', SPENDER, file];
  const command = limit === undefined ? node : ['bash', '-c', `ulimit -f ${limit}; exec "$@"`, 'limited', ...node];
  return spawn(command[0] as string, command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Waits for its end. @returns what it told, and the last that it complained of */
export async function until(child: ChildProcess, onLine: () => void = () => {}) {
  let [output, complaint] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    onLine();
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  await once(child, 'close');
  const told = output
    .split('\n')
    .slice(0, -1)
    .map((line): Told => {
      const [sequence, digest = ''] = line.split(' ');
      const bytes = fromHex(digest);
      if (bytes === undefined) throw new Error(`the spender told "${line}"`);
      return { sequence: Number(sequence), digest: bytes };
    });
  return { told, complaint };
}

export interface Lives {
  readonly kills: number;
  /** Debits that a process had a receipt of when it was killed. */
  readonly told: number;
  /** Of these, how many were not in the file afterwards. */
  readonly lost: number;
  /** Debits in the file of which nobody was told: at most one for each life. */
  readonly untold: number;
}

/**
 * Spends from one file in process after process, each killed with SIGKILL at a random instant after its first debit,
 * and looks each time for all debits that were told so far.
 */
export async function killAtRandom(file: string, kills: number, random: Random): Promise<Lives> {
  {
    await using budgets = openBudgetFile(file, { create: true });
    await budgets.ledger.open(ACCOUNT, TERMS);
  }
  let [told, lost, untold] = [0, 0, 0];
  for (let life = 0; life < kills; life++) {
    const child = startSpender(file);
    const waitMs = 12 * random.unit();
    let begun = false;
    const end = await until(child, () => {
      if (begun) return;
      begun = true;
      setTimeout(() => child.kill('SIGKILL'), waitMs);
    });
    told += end.told.length;
    await using budgets = openBudgetFile(file, { create: false });
    for (const debit of end.told) if (!(await budgets.ledger.contains(ACCOUNT, debit))) lost++;
    const { debits } = await budgets.ledger.status(ACCOUNT);
    untold = debits - (told - lost);
  }
  return { kills, told, lost, untold };
}
