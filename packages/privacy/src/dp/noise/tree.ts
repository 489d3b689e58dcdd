import { checkInteger, MurmurError } from '@murmuration/core';
import type { NoiseSampler } from './sampler.ts';

/** Noise for a sequence of prefix sums, correlated so that each record enters ⌊log2 T⌋ + 1 noisy nodes only. */
export interface TreeNoise {
  /** Steps done. */
  readonly steps: number;
  /**
   * The noise of the sum of the first `steps + 1` values, and moves on; where it throws, it has not.
   * @throws PRIVACY_TREE_FULL, PRIVACY_NOISE_OVERFLOW, PRIVACY_ENTROPY_STUCK
   */
  next(): Float64Array;
}

/**
 * Binary-tree aggregation (Dwork et al. 2010; DP-FTRL, Kairouz et al. 2021): the t-th prefix is a sum of complete
 * subtrees, one for each bit of t, each with one draw of noise that later prefixes reuse. Memory: log2 T vectors.
 * Charge it as one `tree` event of `maxSteps`; needs no sampling, hence no trust in who samples.
 *
 * @param dimension length of the vectors
 * @param maxSteps as charged, 1 to 2^31 - 1
 * @throws OPTION_OUT_OF_RANGE
 */
export function createTreeNoise(sampler: NoiseSampler, dimension: number, maxSteps: number): TreeNoise {
  checkInteger('dimension', dimension, 1);
  checkInteger('steps of a tree', maxSteps, 1, 2 ** 31 - 1);
  const levels: (Float64Array | undefined)[] = [];
  let steps = 0;
  return {
    get steps() {
      return steps;
    },
    next() {
      if (steps === maxSteps) throw full(maxSteps);
      const fresh = new Float64Array(dimension);
      // Where this throws nothing has moved on: a step without its noise would leave later prefixes bare.
      sampler.fill(fresh);
      steps++;
      const level = 31 - Math.clz32(steps & -steps);
      // The new subtree takes in the smaller ones; their noise is never used again.
      levels.fill(undefined, 0, level);
      levels[level] = fresh;
      const sum = new Float64Array(dimension);
      for (const noise of levels)
        for (let i = 0; noise !== undefined && i < dimension; i++) sum[i] = add(sum, noise, i);
      return sum;
    },
  };
}

function add(sum: Float64Array, noise: Float64Array, i: number): number {
  return (sum[i] as number) + (noise[i] as number);
}

function full(maxSteps: number): MurmurError {
  return new MurmurError({
    code: 'PRIVACY_TREE_FULL',
    message: `the tree was charged for ${maxSteps} steps and has done them`,
    remedy: 'charge a new tree to the budget and start it',
    facts: { maxSteps },
  });
}
