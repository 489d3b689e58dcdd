import { type Composition, compose } from './compose.ts';
import { type CountedNodes, cumulants, logMassBelow, tiltForMean } from './cumulants.ts';
import { discretise } from './discretise.ts';
import type { CountedPair } from './parts.ts';

export const MIN_POINTS = 2 ** 10;
/** Half the window, in deviations of the tilted law. */
const REACH = 9;
const MAX_ATTEMPTS = 6;
/** Cells of one step's grid; a wider range of losses takes a coarser grid, which only ever raises ε. */
const MAX_CELLS = 2 ** 20;
/** What the window's cuts may add to δ, relative. */
const MAX_CUT = 1e-7;

export interface Limits {
  readonly accuracy: number;
  /** A power of two. */
  readonly maxPoints: number;
}

/**
 * The plan's composition in the direction of `parts`, in a window around the loss that the tilt λ makes the mean.
 * @param delta what the answer is about: the window's cuts may add a 10^7th of it
 */
export function composeAt(
  parts: readonly CountedPair[],
  nodes: readonly CountedNodes[],
  lambda: number,
  delta: number,
  limits: Limits,
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
