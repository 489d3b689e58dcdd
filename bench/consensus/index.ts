import { terminationTable } from '../../simulations/probft.ts';
import type { Row } from '../rows.ts';
import { inProcessRows } from './in-process.ts';
import { messageRows } from './messages.ts';
import { processRows } from './processes.ts';
import { recoveryRows } from './recovery.ts';
import { verifierRows } from './verifier.ts';

export const name = 'consensus';

/** Isolation, speed of the simulation and memory under flooding are rows of `npm run sim -- consensus --json`. */
export async function run(): Promise<readonly Row[]> {
  return [
    ...inProcessRows(),
    ...(await verifierRows()),
    ...(await processRows()),
    ...(await recoveryRows()),
    ...messageRows(),
    ...terminationTable(1),
  ];
}
