import { squaredDistance, trimmedMeanOfMixtures } from '@murmuration/kernels';
import { ascending, minority, type Rule } from './rule.ts';

/**
 * Three steps: adaptive clipping (the ⌊2f(n − f)/n⌋ longest updates are shortened to the next one), nearest
 * neighbour mixing (each update becomes the mean of the n − f nearest to it, itself included), then the
 * coordinate-wise trimmed mean that drops f on each side. Of optimal order where honest devices differ.
 * @see Allouah et al. 2023 (NNM, arXiv 2302.01772); Allouah et al. 2024 (ARC, arXiv 2405.14432)
 */
export const nnmTrimmedMean: Rule = {
  describe: 'adaptive clipping, nearest-neighbour mixing, trimmed mean (Allouah et al. 2023, 2024)',
  maxFaulty: minority,
  combine: ({ rows, gram, faulty }) => {
    const n = rows.length;
    const scales = clippingScales(gram, n, faulty);
    const clipped = gram.map(
      (value, at) => value * (scales[Math.floor(at / n)] as number) * (scales[at % n] as number),
    );
    const chosen = rows.map((_, i) => neighbours(clipped, n, i, faulty));
    const share = (i: number, j: number) => (chosen[i]?.includes(j) ? (scales[j] as number) / (n - faulty) : 0);
    const mixing = Float64Array.from({ length: n * n }, (_, at) => share(Math.floor(at / n), at % n));
    const counts = rows.map((_, j) => chosen.filter((some) => some.includes(j)).length);
    return {
      aggregate: trimmedMeanOfMixtures(rows, mixing, faulty),
      weights: counts.map((count) => count / (n * (n - faulty))),
    };
  },
};

/** @returns for each update the factor, at most 1, that clipping shortens it by */
function clippingScales(gram: Float64Array, n: number, faulty: number): number[] {
  const norms = Array.from({ length: n }, (_, i) => Math.sqrt(gram[i * n + i] as number));
  const clippedCount = Math.floor((2 * faulty * (n - faulty)) / n);
  const cap = [...norms].sort((a, b) => b - a)[clippedCount] as number;
  return norms.map((norm) => (clippedCount > 0 && norm > cap ? cap / norm : 1));
}

/** @returns the n − f rows nearest to row i, itself included */
function neighbours(gram: Float64Array, n: number, i: number, faulty: number): number[] {
  const distances = Array.from({ length: n }, (_, j) => squaredDistance(gram, n, i, j));
  distances[i] = -1;
  return ascending(distances).slice(0, n - faulty);
}
