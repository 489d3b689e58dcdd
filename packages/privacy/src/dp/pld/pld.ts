import { checkInteger, checkNumber } from '@murmuration/core';
import { RDP_ORDERS, rdpCurve, rdpEpsilon, rdpToDelta } from '../accounting/rdp.ts';
import type { PrivacyPlan } from '../event.ts';
import { type CountedNodes, cumulants, tiltForDelta, tiltForMean } from './cumulants.ts';
import { lossNodes } from './discretise.ts';
import { deltaAt, epsilonAt } from './hockey-stick.ts';
import { type CountedPair, directionsOf } from './parts.ts';
import { composeAt, MIN_POINTS } from './window.ts';

export interface PldOptions {
  /**
   * Relative excess of ε over the exact composition that the grid may add.
   * @default 1e-5 — a tenth of what the published implementations agree to
   */
  readonly accuracy?: number;
  /**
   * Points of the largest transform, 2^10 to 2^24, rounded down to a power of two. Where that is too coarse for
   * `accuracy`, ε is larger, never smaller. @default 2^20
   */
  readonly maxPoints?: number;
}

const DEFAULT_ACCURACY = 1e-5;
const DEFAULT_MAX_POINTS = 2 ** 20;
const MAX_ATTEMPTS = 6;

/**
 * ε of a plan at δ from its privacy loss distribution: tight, and never below the truth (pessimistic grid, bounded
 * transform error), up to the double precision of the pairs' densities. The larger of both directions; and never above
 * Rényi accounting, which takes its place where no grid is fine enough.
 *
 * @param delta in [1e-20, 1]
 * @throws PRIVACY_NO_PLD, OPTION_OUT_OF_RANGE, PRIVACY_BAD_EVENT
 */
export function pldEpsilon(plan: PrivacyPlan, delta: number, options: PldOptions = {}): number {
  checkNumber('delta', delta, 1e-20, 1);
  const limits = checkOptions(options);
  const found = directionsOf(plan).reduce(
    (most, parts) => Math.max(most, parts.length === 0 ? 0 : epsilonOf(parts, delta, limits)),
    0,
  );
  // Both are bounds. This one is less where the grid is too coarse, the cut tails outweigh δ or exponents overflow: with
  // 10⁹ steps, or noise of a hundredth of the sensitivity.
  const byRdp = rdpEpsilon(plan, delta).epsilon;
  return Number.isNaN(found) ? byRdp : Math.min(found, byRdp);
}

/**
 * δ of a plan at ε, likewise: never below the truth, at most 1.
 * @param epsilon 0 to 10⁶
 * @throws PRIVACY_NO_PLD, OPTION_OUT_OF_RANGE, PRIVACY_BAD_EVENT
 */
export function pldDelta(plan: PrivacyPlan, epsilon: number, options: PldOptions = {}): number {
  checkNumber('epsilon', epsilon, 0, 1e6);
  const found = directedDeltas(plan, epsilon, options).reduce((most, delta) => Math.max(most, delta), 0);
  const byRdp = rdpToDelta(rdpCurve(plan), RDP_ORDERS, epsilon);
  return Number.isNaN(found) ? byRdp : Math.min(found, byRdp);
}

/** @internal δ at ε for each direction that differs: with the record against without it, then the reverse. */
export function directedDeltas(plan: PrivacyPlan, epsilon: number, options: PldOptions = {}): readonly number[] {
  const limits = checkOptions(options);
  return directionsOf(plan).map((parts) => (parts.length === 0 ? 0 : deltaOf(parts, epsilon, limits)));
}

function checkOptions(options: PldOptions): Required<PldOptions> {
  const { accuracy = DEFAULT_ACCURACY, maxPoints = DEFAULT_MAX_POINTS } = options;
  checkNumber('accuracy', accuracy, 1e-12, 0.1);
  checkInteger('maxPoints', maxPoints, MIN_POINTS, 2 ** 24);
  return { accuracy, maxPoints: 2 ** Math.floor(Math.log2(maxPoints)) };
}

function epsilonOf(parts: readonly CountedPair[], delta: number, limits: Required<PldOptions>): number {
  const nodes = nodesOf(parts);
  const certain = maxLoss(parts);
  let lambda = tiltForDelta(nodes, delta);
  let epsilon = certain;
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const composition = composeAt(parts, nodes, lambda, delta, limits);
    const found = epsilonAt(composition, delta);
    epsilon = Math.min(epsilon, found.epsilon);
    if (!found.belowWindow || epsilon <= 0) break;
    // δ at the window's lowest loss is met already: look further down.
    lambda = tiltForMean(nodes, Math.max(0, epsilon));
  }
  return Math.max(0, epsilon);
}

function deltaOf(parts: readonly CountedPair[], epsilon: number, limits: Required<PldOptions>): number {
  if (epsilon >= maxLoss(parts)) return 0;
  const nodes = nodesOf(parts);
  const lambda = tiltForMean(nodes, epsilon);
  const { k } = cumulants(nodes, lambda);
  const estimate = Math.exp(Math.min(0, k - lambda * epsilon)) * 1e-3;
  return Math.min(1, deltaAt(composeAt(parts, nodes, lambda, Math.max(estimate, 1e-300), limits), epsilon));
}

function nodesOf(parts: readonly CountedPair[]): readonly CountedNodes[] {
  return parts.map(({ pair, count }) => ({ ...lossNodes(pair), count }));
}

/** No composition loses more than the sum of its parts' largest losses, cut-off tails included. */
function maxLoss(parts: readonly CountedPair[]): number {
  return parts.reduce((sum, { pair, count }) => sum + count * pair.maxLoss, 0);
}
