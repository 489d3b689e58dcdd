import { erfc } from './erfc.ts';

export interface GoodnessOfFit {
  readonly statistic: number;
  readonly degrees: number;
  /** Probability of a statistic at least this large where the samples do follow the law (Wilson & Hilferty 1931). */
  readonly pValue: number;
}

/** Cells with a smaller expectation are pooled into the tails. */
const MIN_EXPECTED = 25;

/**
 * Pearson's chi-square test of integer samples against probabilities. Cells of small expectation are pooled from both
 * ends inwards.
 *
 * @param counts how often each integer occurred
 * @param probability of an integer; sums to 1 over all
 * @param reach cells -reach … reach hold all but a vanishing probability
 */
export function chiSquareFit(
  counts: ReadonlyMap<number, number>,
  probability: (x: number) => number,
  reach: number,
): GoodnessOfFit {
  let samples = 0;
  for (const count of counts.values()) samples += count;
  const cells: { expected: number; seen: number }[] = [];
  let open = { expected: 0, seen: 0 };
  for (let x = -reach; x <= reach; x++) {
    open = { expected: open.expected + samples * probability(x), seen: open.seen + (counts.get(x) ?? 0) };
    if (open.expected < MIN_EXPECTED) continue;
    cells.push(open);
    open = { expected: 0, seen: 0 };
  }
  const last = cells.at(-1);
  const beyond = samples - cells.reduce((sum, cell) => sum + cell.seen, 0);
  if (last !== undefined)
    cells[cells.length - 1] = { expected: last.expected + open.expected, seen: last.seen + beyond };
  const statistic = cells.reduce((sum, { expected, seen }) => sum + (seen - expected) ** 2 / expected, 0);
  const degrees = cells.length - 1;
  return { statistic, degrees, pValue: upperTail(statistic, degrees) };
}

function upperTail(statistic: number, degrees: number): number {
  const spread = 2 / (9 * degrees);
  const z = (Math.cbrt(statistic / degrees) - (1 - spread)) / Math.sqrt(spread);
  return 0.5 * erfc(z / Math.SQRT2);
}

/** P(x) of the discrete Gaussian of variance σ². */
export function discreteGaussianProbability(variance: number): (x: number) => number {
  const reach = Math.ceil(40 * Math.sqrt(variance) + 40);
  let total = 1;
  for (let x = 1; x <= reach; x++) total += 2 * Math.exp((-x * x) / (2 * variance));
  return (x) => Math.exp((-x * x) / (2 * variance)) / total;
}

/** P(x) of the discrete Laplace distribution of scale b. */
export function discreteLaplaceProbability(scale: number): (x: number) => number {
  return (x) => Math.tanh(1 / (2 * scale)) * Math.exp(-Math.abs(x) / scale);
}
