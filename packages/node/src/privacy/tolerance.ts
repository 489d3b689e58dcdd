import { type ToleranceRow, thresholdTable, tolerance } from '@murmuration/privacy';

export type { ToleranceRow };

/** Group sizes that secure aggregation is offered with. */
const GROUP_SIZES = [5, 8, 10];

/** What secure groups of one size bear. @throws OPTION_OUT_OF_RANGE */
export function toleranceRow(devices: number, groupSize: number, colluders: number): ToleranceRow {
  return tolerance(devices, groupSize, colluders);
}

/** Fewer honest members in a sum than that hide nothing, and no plan is made for them. */
const MIN_HONEST = 2;

/**
 * What secure groups of each size bear among `devices`, `colluders` of each group with the server. Without the sizes for
 * which no plan can be made.
 */
export function toleranceTable(devices: number, colluders: number): readonly ToleranceRow[] {
  return thresholdTable(
    [devices],
    GROUP_SIZES.filter((size) => size <= devices && colluders < size),
    colluders,
  ).filter(({ honestSurvivors }) => honestSurvivors >= MIN_HONEST);
}
