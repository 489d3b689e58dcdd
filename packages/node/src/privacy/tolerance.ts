import { type ToleranceRow, thresholdTable } from '@murmuration/privacy';

export type { ToleranceRow };

/** Group sizes that secure aggregation is offered with. */
const GROUP_SIZES = [5, 8, 10];

/** What secure groups of each size bear among `devices`, `colluders` of each group with the server. */
export function toleranceTable(devices: number, colluders: number): readonly ToleranceRow[] {
  return thresholdTable(
    [devices],
    GROUP_SIZES.filter((size) => size <= devices && colluders < size),
    colluders,
  );
}
