import { checkInteger, checkNumber } from '@murmuration/core';

/**
 * Chance that an honest vector is refused: one of L2 norm ≤ B, when each of `projections` inner products with random
 * signs must be at most `slack`·B. Hoeffding: ≤ 2r·exp(-slack²/2).
 * @throws OPTION_OUT_OF_RANGE
 */
export function honestRefusalBound(projections: number, slack: number): number {
  checkInteger('projections', projections, 1, 64);
  checkNumber('slack', slack, 0, 1e6);
  return Math.min(1, 2 * projections * Math.exp(-(slack ** 2) / 2));
}

/**
 * Chance that a vector of L2 norm `excess`·β passes when each inner product must be at most β. Paley-Zygmund with the
 * fourth moment of random signs, ≤ 3: each projection catches it with probability ≥ (1 - 1/excess²)²/3.
 *
 * A proven bound, not the typical case (about 0.38 a projection at excess 2): never below (2/3)^r, so 2^-37 at
 * r = 64. A prover that can try many commitments meets it many times: fix the commitment before the beacon is drawn.
 * @param excess > 1
 * @throws OPTION_OUT_OF_RANGE
 */
export function largeVectorPassBound(projections: number, excess: number): number {
  checkInteger('projections', projections, 1, 64);
  checkNumber('excess', excess, 1, 1e9);
  return (1 - (1 - 1 / excess ** 2) ** 2 / 3) ** projections;
}
