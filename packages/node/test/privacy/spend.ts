import { toHex } from '@murmuration/core';
import { openBudgetFile } from '../../src/privacy/budget-file.ts';

/** Spends from the budget file named on the command line until it is killed, telling each debit that is durable. */
const file = process.argv[2] as string;
const { ledger } = openBudgetFile(file, { create: false });
const charge = {
  purpose: 'spend',
  events: [{ mechanism: { kind: 'pure', epsilon: 0.001 }, sampling: { kind: 'none' }, count: 1 }],
} as const;
for (;;) {
  await ledger.release({ owner: 'clinic', dataset: 'x' }, charge, ({ sequence, digest }) => {
    process.stdout.write(`${sequence} ${toHex(digest)}\n`);
  });
}
