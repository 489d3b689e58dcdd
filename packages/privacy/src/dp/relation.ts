import { MurmurError } from '@murmuration/core';

/**
 * Which two data sets count as neighbours. Every bound of this package is a statement about one of them.
 *
 * - `add-or-remove-one`: one has a record (a client's whole contribution) that the other lacks.
 * - `replace-one`: same size, one record differs. A sum of clipped vectors then moves by up to 2C, not C.
 */
export type Adjacency = 'add-or-remove-one' | 'replace-one';

/**
 * How a step chooses its records.
 *
 * - `poisson`: each record enters independently with probability `rate`. The only scheme whose amplification is
 *   charged, and only for a draw that was executed (`drawPoisson`).
 * - `fixed-size`: `size` of `population`, without replacement. Charged as if every record took part.
 * - `none`: every record takes part.
 */
export type Sampling =
  | { readonly kind: 'poisson'; readonly rate: number }
  | { readonly kind: 'fixed-size'; readonly size: number; readonly population: number }
  | { readonly kind: 'none' };

const ADJACENCIES: readonly Adjacency[] = ['add-or-remove-one', 'replace-one'];

/** For what the compiler did not see: an unknown relation would otherwise count as the weaker one. @throws PRIVACY_BAD_EVENT */
export function checkAdjacency(adjacency: Adjacency): void {
  if (ADJACENCIES.includes(adjacency)) return;
  throw new MurmurError({
    code: 'PRIVACY_BAD_EVENT',
    message: `"${String(adjacency)}" is no neighbouring relation`,
    remedy: `use one of ${ADJACENCIES.join(', ')}`,
  });
}

/** How many times farther a sum moves than by one record's contribution: 2 where one is taken out and one put in. */
export function sensitivityFactor(adjacency: Adjacency): 1 | 2 {
  return adjacency === 'replace-one' ? 2 : 1;
}

/**
 * The rate at which privacy is amplified: the Poisson rate under add-or-remove-one, else 1. Under replace-one no
 * amplification is charged: the usual one-dimensional pair is not known to dominate there (Lebeda et al. 2024).
 */
export function amplificationRate(sampling: Sampling, adjacency: Adjacency): number {
  return sampling.kind === 'poisson' && adjacency === 'add-or-remove-one' ? sampling.rate : 1;
}
