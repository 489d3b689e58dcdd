/** Run as a process: releases as fast as it can, saying so after each, until it is killed. Argument: the store's file. */
import { writeSync } from 'node:fs';
import { createBudgetLedger } from '../../src/index.ts';
import { fileStore } from './file-store.ts';

const ledger = createBudgetLedger({ store: await fileStore(process.argv[2] as string), clock: { nowMs: () => 0 } });
const account = { owner: 'alice', dataset: 'letters' };
const mechanism = { kind: 'gaussian', noiseMultiplier: 1000 } as const;
const events = [{ mechanism, sampling: { kind: 'none' }, count: 1 }] as const;
await ledger.open(account, { epsilon: 8, delta: 1e-6, adjacency: 'replace-one' });
for (;;) {
  await ledger.release(account, { purpose: 'a release', events }, ({ sequence }) => {
    writeSync(1, `${sequence}\n`);
  });
}
