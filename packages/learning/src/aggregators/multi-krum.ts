import { squaredDistance } from '@murmuration/kernels';
import { average } from './means.ts';
import { ascending, type Rule } from './rule.ts';

/** Scores an update by its squared distances to its n − f − 2 nearest others; averages the n − f best. */
export const multiKrum: Rule = {
  describe: 'the mean of the n − f updates that are nearest to their neighbours (Blanchard et al. 2017)',
  maxFaulty: (n) => Math.max(0, Math.floor((n - 3) / 2)),
  combine: ({ rows, gram, faulty }) => {
    const n = rows.length;
    const neighbours = Math.max(1, n - faulty - 2);
    const scores = rows.map((_, i) => {
      const distances = rows.map((_, j) => squaredDistance(gram, n, i, j)).filter((_, j) => j !== i);
      return distances
        .sort((a, b) => a - b)
        .slice(0, neighbours)
        .reduce((sum, distance) => sum + distance, 0);
    });
    return average(rows, ascending(scores).slice(0, n - faulty));
  },
};
