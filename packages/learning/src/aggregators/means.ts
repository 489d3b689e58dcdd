import { median, weightedSum } from '@murmuration/kernels';
import { ascending, minority, type Rule, type RuleOutput } from './rule.ts';

/** Every update counts the same: the number of samples is the sender's claim, so it is no weight. */
export const mean: Rule = {
  describe: 'the plain mean; one liar moves it anywhere (McMahan et al. 2017)',
  maxFaulty: () => 0,
  combine: ({ rows }) =>
    average(
      rows,
      rows.map((_, i) => i),
    ),
};

export const coordinateMedian: Rule = {
  describe: 'the median of each coordinate (Yin et al. 2018)',
  maxFaulty: minority,
  combine: ({ rows }) => ({ aggregate: median(rows), weights: rows.map(() => 1 / rows.length) }),
};

/** Exact under 2f-redundancy; blind to attacks with small norms. */
export const cge: Rule = {
  describe: 'comparative gradient elimination: without the f longest, the mean (Gupta and Vaidya 2020)',
  maxFaulty: minority,
  combine: ({ rows, gram, faulty }) => {
    const n = rows.length;
    const squares = rows.map((_, i) => gram[i * n + i] as number);
    return average(rows, ascending(squares).slice(0, n - faulty));
  },
};

/** @returns the mean of the chosen rows, added in the order of the rows */
export function average(rows: readonly Float32Array[], chosen: readonly number[]): RuleOutput {
  const weights = rows.map((_, i) => (chosen.includes(i) ? 1 / chosen.length : 0));
  const sum = weightedSum(rows, weights);
  return { aggregate: new Float32Array(sum), weights };
}
