import { GAUSS_NODES, GAUSS_WEIGHTS } from '../maths/quadrature.ts';
import type { LossNodes, LossPair } from './pair.ts';

/** A privacy loss distribution on the grid h·ℤ that dominates the true one. */
export interface GridLoss {
  /** Loss of masses[0], in steps of h. */
  readonly offset: number;
  readonly masses: Float64Array;
  /** Mass of infinite loss. */
  readonly infinite: number;
}

/**
 * Connects the dots (Doroshenko et al. 2022): mass of loss kh + u, 0 ≤ u ≤ h, is split between kh and (k+1)h so that
 * its masses under P and under Q both stay. The result's δ(ε) equals the true one at every grid point and is its chord
 * in e^ε between them, hence never below. The split's weights are computed as such under the integral, not as
 * differences of probabilities: nothing cancels.
 */
export function discretise(pair: LossPair, h: number): GridLoss {
  const losses = [pair.loss(pair.from), pair.loss(pair.to), ...pair.atoms.map((atom) => atom.loss)];
  const offset = Math.floor(losses.reduce((a, b) => Math.min(a, b)) / h);
  const last = Math.floor(losses.reduce((a, b) => Math.max(a, b)) / h) + 1;
  const masses = new Float64Array(last - offset + 1);
  const whole = -Math.expm1(-h);

  const add = (mass: number, loss: number, cell: number) => {
    const up = mass * Math.min(1, Math.max(0, -Math.expm1(cell * h - loss) / whole));
    const at = cell - offset;
    masses[at] = (masses[at] as number) + (mass - up);
    masses[at + 1] = (masses[at + 1] as number) + up;
  };

  for (const { mass, loss } of pair.atoms) add(mass, loss, Math.floor(loss / h));
  let from = pair.from;
  for (let cell = offset; cell < last && from < pair.to; cell++) {
    const to = Math.min(pair.to, pair.inverse((cell + 1) * h));
    if (to > from) eachNode(pair, from, to, (mass, loss) => add(mass, loss, cell));
    from = Math.max(from, to);
  }
  return { offset, masses, infinite: pair.lost };
}

function eachNode(pair: LossPair, from: number, to: number, visit: (mass: number, loss: number) => void): void {
  const pieces = Math.ceil((to - from) / pair.piece);
  const half = (to - from) / (2 * pieces);
  for (let i = 0; i < pieces; i++) {
    const centre = from + (2 * i + 1) * half;
    for (let j = 0; j < 5; j++) {
      const x = centre + half * (GAUSS_NODES[j] as number);
      visit(half * (GAUSS_WEIGHTS[j] as number) * pair.density(x), pair.loss(x));
    }
  }
}

/** The pair's law at the nodes of a quadrature, for moments. */
export function lossNodes(pair: LossPair): LossNodes {
  const masses = pair.atoms.map((atom) => atom.mass);
  const losses = pair.atoms.map((atom) => atom.loss);
  if (pair.to > pair.from) {
    eachNode(pair, pair.from, pair.to, (mass, loss) => {
      masses.push(mass);
      losses.push(loss);
    });
  }
  return { masses: Float64Array.from(masses), losses: Float64Array.from(losses) };
}
