import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { seededRandom } from '@murmuration/core';
import { openBudgetFile } from '@murmuration/node';
import { drawPoisson, rational } from '@murmuration/privacy';
import { ACCOUNT, killAtRandom } from '../../packages/node/test/privacy/lives.ts';
import type { Row } from '../rows.ts';

const KILLS = 40;
const DEBITS = 1000;
const entropy = { bytes: (length: number) => new Uint8Array(randomBytes(length)) };

/** The budget ledger: what `kill -9` loses, and what a debit and a restart cost. */
export async function dpBudgetRows(): Promise<readonly Row[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'murmur-bench-'));
  try {
    return [await killRow(path.join(folder, 'killed.sqlite')), ...(await speedRows(path.join(folder, 'long.sqlite')))];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function killRow(file: string): Promise<Row> {
  const { told, lost } = await killAtRandom(file, KILLS, seededRandom('bench kill -9'));
  return {
    what: `budget file, debits lost in ${KILLS} kills -9 at random instants`,
    value: lost,
    unit: 'debits',
    against: `${told} receipts, each looked for in the chain`,
    bar: '0',
    holds: lost === 0 && told >= KILLS,
  };
}

/** A sampled step of a training, debited one by one. */
async function speedRows(file: string): Promise<readonly Row[]> {
  const sampling = { kind: 'poisson', rate: 1 / 250 } as const;
  const events = [{ mechanism: { kind: 'gaussian', noiseMultiplier: 1.1 }, sampling, count: 1 }] as const;
  let written = 0;
  {
    await using budgets = openBudgetFile(file, { create: true });
    await budgets.ledger.open(ACCOUNT, { epsilon: 3, delta: 1e-5, adjacency: 'add-or-remove-one' });
    const started = process.cpuUsage();
    for (let i = 0; i < DEBITS; i++) {
      const draws = [drawPoisson(entropy, 1, rational(1, 250))];
      await budgets.ledger.release(ACCOUNT, { purpose: 'a step', events, draws }, () => 0);
    }
    written = milliseconds(started) / DEBITS;
  }
  await using budgets = openBudgetFile(file, { create: false });
  const started = process.cpuUsage();
  const { debits } = await budgets.ledger.status(ACCOUNT);
  const read = milliseconds(started) / DEBITS;
  return [
    speedRow('budget file, a sampled step debited, synced and checked, processor time', written, 2, written <= 2),
    speedRow('budget file, a debit read again after a restart', read, 1, read <= 1 && debits === DEBITS),
  ];
}

function speedRow(what: string, value: number, bar: number, holds: boolean): Row {
  return { what, value, unit: 'ms', against: `the bar, mean of ${DEBITS}`, bar: `≤ ${bar}`, holds };
}

function milliseconds(started: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(started);
  return (user + system) / 1000;
}
