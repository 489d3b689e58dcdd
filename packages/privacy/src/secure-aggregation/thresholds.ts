import { checkInteger } from '@murmuration/core';

/**
 * The fewest shares that give a secret away: with more than half of the holders and the colluders, no server can gather
 * both secrets of a peer, since two sets of so many holders share one who is honest, and who answers once.
 * @param holders of one secret: a member and its neighbours
 * @returns the smallest t with 2t > holders + colluders
 */
export function shareThreshold(holders: number, colluders: number): number {
  return Math.floor((holders + colluders) / 2) + 1;
}

export interface ToleranceRow {
  readonly devices: number;
  readonly groupSize: number;
  readonly groups: number;
  /**
   * Poisoners that the rule over the groups' sums bears, wherever the beacon puts them: the largest f with 2f < groups,
   * or what the rule itself says, where that is less. This is what *training* bears; agreement among replicas bears
   * ⌊(n−1)/3⌋.
   */
  readonly poisoners: number;
  /** Members of a group that may pool what they know with the server. */
  readonly colluders: number;
  readonly threshold: number;
  /** Members of a group that may be lost after they shared their secrets. */
  readonly dropouts: number;
  /** Honest members that a released sum holds at least: what the noise is calibrated to. */
  readonly honestSurvivors: number;
}

/**
 * What a grouping bears. With groups of g of n devices the robust rule sees ⌊n/g⌋ sums.
 * @param colluders within one group, below `groupSize`
 * @param maxFaulty what the rule bears among so many sums: Multi-Krum bears one liar fewer than half of them, the plain
 *   mean none. Of medians, trimmed means and eliminations each bears any minority. @default a minority
 * @throws OPTION_OUT_OF_RANGE
 */
export function tolerance(
  devices: number,
  groupSize: number,
  colluders = 0,
  maxFaulty: (sums: number) => number = minority,
): ToleranceRow {
  checkInteger('devices', devices, 0);
  checkInteger('group size', groupSize, 3);
  checkInteger('colluders', colluders, 0, groupSize - 1);
  const groups = Math.floor(devices / groupSize);
  const threshold = shareThreshold(groupSize, colluders);
  return {
    devices,
    groupSize,
    groups,
    poisoners: Math.max(0, Math.min(minority(groups), maxFaulty(groups))),
    colluders,
    threshold,
    dropouts: Math.max(0, groupSize - threshold),
    honestSurvivors: Math.max(0, threshold - colluders),
  };
}

function minority(sums: number): number {
  return Math.ceil(sums / 2) - 1;
}

/** `tolerance` for every pair: the table that is shown wherever secure groups are chosen. @throws OPTION_OUT_OF_RANGE */
export function thresholdTable(
  devices: readonly number[],
  groupSizes: readonly number[],
  colluders = 0,
  maxFaulty: (sums: number) => number = minority,
): readonly ToleranceRow[] {
  return devices.flatMap((n) => groupSizes.map((g) => tolerance(n, g, colluders, maxFaulty)));
}
