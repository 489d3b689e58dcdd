import { type Random, shuffle } from '@murmuration/core';
import { type Dataset, takeSamples } from './dataset.ts';

/**
 * Holds back a random share for testing, at least one sample where there are two.
 * @param share of the samples, in (0, 1)
 */
export function holdOut(data: Dataset, share: number, random: Random): { train: Dataset; test: Dataset } {
  const order = shuffle(
    random,
    Array.from({ length: data.size }, (_, i) => i),
  );
  const held = Math.max(1, Math.floor(data.size * share));
  return { test: takeSamples(data, order.slice(0, held)), train: takeSamples(data, order.slice(held)) };
}
