import { checkInteger, checkNumber } from '@murmuration/core';
import { RDP_ORDERS, rdpCurve, rdpEpsilon, rdpToDelta } from '../accounting/rdp.ts';
import type { PrivacyPlan } from '../event.ts';
import { type Composition, compose } from './compose.ts';
import { type CountedNodes, cumulants, logMassBelow, tiltForDelta, tiltForMean } from './cumulants.ts';
import { discretise, lossNodes } from './discretise.ts';
import { deltaAt, epsilonAt } from './hockey-stick.ts';
import { type CountedPair, directionsOf } from './parts.ts';

export interface PldOptions {
  /**
   * Relative excess of ε over the exact composition that the grid may add.
   * @default 1e-5 — a tenth of what the published implementations agree to
   */
  readonly accuracy?: number;
  /** Largest transform, a power of two. Where it is too coarse for `accuracy`, ε is larger, never smaller. @default 2^20 */
  readonly maxPoints?: number;
}

const DEFAULT_ACCURACY = 1e-5;
const DEFAULT_MAX_POINTS = 2 ** 20;
const MIN_POINTS = 2 ** 10;
/** Half the window, in deviations of the tilted law. */
const REACH = 9;
const MAX_ATTEMPTS = 6;
/** Cells of one step's grid; a wider range of losses takes a coarser grid, which only ever raises ε. */
const MAX_CELLS = 2 ** 20;
/** What the cut at the window's top may add to δ, relative. */
const MAX_CUT = 1e-7;

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
  return { accuracy, maxPoints };
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

function composeAt(
  parts: readonly CountedPair[],
  nodes: readonly CountedNodes[],
  lambda: number,
  delta: number,
  limits: Required<PldOptions>,
): Composition {
  const { mean, variance } = cumulants(nodes, lambda);
  const step = wantedStep(parts, lambda, Math.max(Math.abs(mean), Math.sqrt(variance)), limits.accuracy);
  const half = REACH * Math.sqrt(variance) + 8 * step;
  const above = upperCut(nodes, lambda, mean + half, half, Math.log(delta * MAX_CUT));
  const bottom = lowerCut(nodes, lambda, mean - half, half, Math.log(delta * MAX_CUT));
  const width = above.top - bottom;
  const size = Math.min(limits.maxPoints, Math.max(MIN_POINTS, 2 ** Math.ceil(Math.log2(width / step))));
  // A power of two, so that losses such as 1 lie on the grid.
  const h = 2 ** Math.ceil(Math.log2(Math.max(width / size, lossRange(parts) / MAX_CELLS)));
  const offset = Math.round((above.top + bottom) / (2 * h)) - size / 2;
  const grids = parts.map(({ pair, count }) => ({ ...discretise(pair, h), count }));
  return compose(grids, { h, size, offset, lambda, upperLambda: above.lambda });
}

/** The grid's step: splitting adds at most h²/8 · (λ+1) to ε for each run, and about two thirds of that. */
function wantedStep(parts: readonly CountedPair[], lambda: number, scale: number, accuracy: number): number {
  const runs = parts.reduce((sum, { count }) => sum + count, 0);
  return Math.sqrt((8 * accuracy * scale) / (runs * (lambda + 1)));
}

/** From the least to the largest loss of any one step. */
function lossRange(parts: readonly CountedPair[]): number {
  return parts.reduce((widest, { pair }) => {
    const losses = [pair.loss(pair.from), pair.loss(pair.to), ...pair.atoms.map((atom) => atom.loss)];
    const [least, most] = [losses.reduce((a, b) => Math.min(a, b)), losses.reduce((a, b) => Math.max(a, b))];
    return Math.max(widest, most - least);
  }, 0);
}

/**
 * Lowers the window's bottom while what lies below, wrapped around to the top, would be felt there: without a tilt a
 * long lower tail would. A tilt takes exp(-λ·width) off it.
 */
function lowerCut(
  nodes: readonly CountedNodes[],
  lambda: number,
  from: number,
  half: number,
  logAllowed: number,
): number {
  let bottom = from;
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    if (logMassBelow(nodes, lambda, bottom) <= logAllowed + lambda * (from + half - bottom)) break;
    bottom -= (half / 2) * 2 ** attempt;
  }
  return bottom;
}

/** Raises the window's top until the Chernoff bound on what lies above is below `logAllowed`. */
function upperCut(
  nodes: readonly CountedNodes[],
  lambda: number,
  from: number,
  half: number,
  logAllowed: number,
): { readonly top: number; readonly lambda: number } {
  let top = from;
  for (let attempt = 0; ; attempt++) {
    const upper = Math.max(lambda, tiltForMean(nodes, top));
    const { k } = cumulants(nodes, upper);
    if (k - upper * top <= logAllowed || attempt === MAX_ATTEMPTS) return { top, lambda: upper };
    top += (half / 2) * 2 ** attempt;
  }
}
