import { discreteLaplaceAtoms } from '../accounting/discrete-laplace.ts';
import { logMixture } from '../accounting/rdp-sampled.ts';
import { inverseLogMixture } from './gaussian-pair.ts';
import type { Directions, LossPair } from './pair.ts';

/**
 * Laplace noise of scale b at 0 against (1-q)·Laplace(0, b) + q·Laplace(1, b), and the reverse: the pairs of the
 * Poisson-subsampled Laplace mechanism of sensitivity 1. Beyond the two centres the loss is constant, hence the atoms.
 */
export function laplacePairs(scale: number, rate: number): Directions {
  const logAt = (x: number) => logMixture(rate, (2 * x - 1) / scale);
  const inverse = (log: number) => (scale * inverseLogMixture(rate, log) + 1) / 2;
  const far = Math.exp(-1 / scale) / 2;
  const piece = Math.min(0.125, scale / 8);
  const noise = (distance: number) => Math.exp(-distance / scale) / (2 * scale);
  return {
    symmetric: rate === 1,
    remove: {
      from: 0,
      to: 1,
      piece,
      density: (x) => (1 - rate) * noise(x) + rate * noise(1 - x),
      loss: logAt,
      inverse,
      atoms: [
        { mass: (1 - rate) / 2 + rate * far, loss: logAt(0) },
        { mass: (1 - rate) * far + rate / 2, loss: logAt(1) },
      ],
      lost: 0,
      maxLoss: logAt(1),
    },
    add: {
      from: -1,
      to: 0,
      piece,
      density: (x) => noise(-x),
      loss: (x) => -logAt(-x),
      inverse: (loss) => -inverse(-loss),
      atoms: [
        { mass: far, loss: -logAt(1) },
        { mass: 0.5, loss: -logAt(0) },
      ],
      lost: 0,
      maxLoss: -logAt(0),
    },
  };
}

/** The pairs of the discrete Laplace mechanism: nothing but atoms. */
export function discreteLaplacePairs(scale: number, shift: number, rate: number): Directions {
  const atoms = discreteLaplaceAtoms(scale, shift).map(({ log, mass }) => ({ mass, loss: logMixture(rate, log) }));
  return {
    symmetric: rate === 1,
    remove: atomsOnly(atoms.map(({ mass, loss }) => ({ mass: mass * Math.exp(loss), loss }))),
    add: atomsOnly(atoms.map(({ mass, loss }) => ({ mass, loss: -loss }))),
  };
}

/** Randomised response: the worst ε-DP mechanism. */
export function purePairs(epsilon: number): Directions {
  const truth = 1 / (1 + Math.exp(-epsilon));
  const pair = atomsOnly([
    { mass: truth, loss: epsilon },
    { mass: Math.exp(-epsilon) * truth, loss: -epsilon },
  ]);
  return { symmetric: true, remove: pair, add: pair };
}

function atomsOnly(atoms: LossPair['atoms']): LossPair {
  return {
    // An empty interval, at a loss within the atoms' range.
    from: 0,
    to: 0,
    piece: 1,
    density: () => 0,
    loss: () => 0,
    inverse: () => 0,
    atoms,
    lost: 0,
    maxLoss: atoms.reduce((most, { loss }) => Math.max(most, loss), 0),
  };
}
