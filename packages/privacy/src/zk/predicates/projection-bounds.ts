import { checkInteger, checkNumber } from '@murmuration/core';

const MAX_PROJECTIONS = 64;

/**
 * Chance that an honest vector x of L2 norm ≤ B is refused, when each of r inner products with random rows (−1, 0, 1
 * with chances 1/4, 1/2, 1/4) must be at most β. A coefficient is half the sum of two signs, so by Hoeffding an inner
 * product is beyond β with probability at most 2·exp(−β²/B²), and one of r at most r times as often.
 *
 * @param slack √2·β/B, so that the bound is 2r·exp(−slack²/2): 6 refuses one honest vector in a million at r = 32
 * @throws OPTION_OUT_OF_RANGE
 */
export function honestRefusalBound(projections: number, slack: number): number {
  checkInteger('projections', projections, 1, MAX_PROJECTIONS);
  checkNumber('slack', slack, 0, 1e6);
  return Math.min(1, 2 * projections * Math.exp(-(slack ** 2) / 2));
}

/**
 * Chance that a vector x passes that is too long, when each of r inner products with random rows must be at most β.
 * ⟨c, x⟩² has mean |x|²/2 and, with the fourth moments of the coefficients, a mean square of at most three times that
 * squared; by Paley and Zygmund a row catches x with probability at least (1 − 1/excess²)²/3.
 *
 * | excess | r = 16 | r = 32 | r = 64 |
 * | ------ | ------ | ------ | ------ |
 * | 2      | 3.6e-2 | 1.3e-3 | 1.7e-6 |
 * | 4      | 3.9e-3 | 1.5e-5 | 2.3e-10 |
 * | ∞      | 1.5e-3 | 2.3e-6 | 5.4e-12 |
 *
 * A proven bound, not the typical case: many places of one size pass a row at excess 2 with probability 0.38. Where the
 * sums are modulo something, a place beyond 2β passes a row at most every other time, so the bound holds for such
 * vectors too: the two rows that differ by one in that place do not both pass. A prover that can try many commitments
 * meets the bound many times: fix the commitment before the rows are drawn.
 *
 * @param excess |x| / (√2·β), > 1: with honest norm B and β = slack·B/√2 it is |x| / (slack·B)
 * @throws OPTION_OUT_OF_RANGE
 */
export function largeVectorPassBound(projections: number, excess: number): number {
  checkInteger('projections', projections, 1, MAX_PROJECTIONS);
  checkNumber('excess', excess, 1, 1e9);
  return (1 - (1 - 1 / excess ** 2) ** 2 / 3) ** projections;
}

export interface LiarsSum {
  /** β: of each member's projections. */
  readonly bound: number;
  readonly projections: number;
  /** d: numbers in a vector. */
  readonly length: number;
  /** |C|: members who lie, together. */
  readonly liars: number;
  /** L2 norm of what they add to the sum together. */
  readonly norm: number;
}

/**
 * Chance that members who lie together slip a vector of this L2 norm into a sum whose members all proved their norm
 * bound: rows are drawn once the vectors are there, sums are modulo 2^32, and the liars choose which of them drop out,
 * hence 2^|C| tries. Each row bounds the projection of what they add by |C|·β.
 * @returns at most 1; and 1 where 2·|C|·β·d + |C|·β ≥ 2^31, since sums may wrap then and only numbers beyond 2·|C|·β
 *   are caught, with probability 1 − 2^(|C| − r)
 * @throws OPTION_OUT_OF_RANGE
 */
export function liarsPassBound({ bound, projections, length, liars, norm }: LiarsSum): number {
  checkInteger('bound of projections', bound, 1, 2 ** 28);
  checkInteger('length of a vector', length, 1, 2 ** 26);
  checkInteger('liars', liars, 1, 4096);
  checkNumber('norm', norm, 0, 1e30);
  const reach = liars * bound;
  if (2 * reach * length + reach >= 2 ** 31) return 1;
  const excess = norm / (Math.SQRT2 * reach);
  if (excess <= 1) return 1;
  return Math.min(1, 2 ** liars * largeVectorPassBound(projections, Math.min(excess, 1e9)));
}
