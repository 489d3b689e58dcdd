import type { Row } from '../rows.ts';
import { ckksRows } from './ckks.ts';
import { dpAccountingRows } from './dp-accounting.ts';
import { dpBudgetRows } from './dp-budget.ts';
import { dpNoiseRows } from './dp-noise.ts';
import { secureAggregationRows } from './secure-aggregation.ts';
import { zkRows } from './zk.ts';

export const name = 'privacy';

/** Each file beside this one measures one part and returns its rows. */
export async function run(): Promise<readonly Row[]> {
  return [
    ...dpNoiseRows(),
    ...dpAccountingRows(),
    ...(await dpBudgetRows()),
    ...zkRows(),
    ...(await secureAggregationRows()),
    ...(await ckksRows()),
  ];
}
