import { checkInteger, checkNumber, MurmurError, unreachable } from '@murmuration/core';
import { type Adjacency, checkAdjacency } from './relation.ts';

/** The queries that this package releases with noise. */
export type Query =
  /** How many records satisfy a predicate. */
  | { readonly kind: 'count' }
  /** How many records lie in each of disjoint cells. */
  | { readonly kind: 'histogram' }
  /** Sum of numbers clamped to [low, high]. */
  | { readonly kind: 'bounded-sum'; readonly low: number; readonly high: number }
  /** Mean of numbers clamped to [low, high] over a public number of records. */
  | { readonly kind: 'bounded-mean'; readonly low: number; readonly high: number; readonly size: number }
  /** Sum of vectors clipped to L2 norm C. */
  | { readonly kind: 'clipped-sum'; readonly clippingNorm: number; readonly dimension: number }
  /** Sum of integer vectors of squared L2 norm at most `maxSquaredNorm` (see `createQuantiser`). */
  | { readonly kind: 'quantised-sum'; readonly maxSquaredNorm: number; readonly dimension: number };

/** How far a query's answers on neighbours can lie apart. */
export interface Sensitivity {
  readonly l1: number;
  readonly l2: number;
  /** Why, in one sentence. */
  readonly because: string;
}

/**
 * The least upper bound on how far the query moves between neighbours, in the unit of the data.
 * @throws OPTION_OUT_OF_RANGE, PRIVACY_BAD_EVENT, PRIVACY_NO_SENSITIVITY where the relation itself reveals the query
 */
export function sensitivityOf(query: Query, adjacency: Adjacency): Sensitivity {
  checkAdjacency(adjacency);
  const replaces = adjacency === 'replace-one';
  switch (query.kind) {
    case 'count':
      return { l1: 1, l2: 1, because: 'one record changes a count by at most one, added, removed or replaced' };
    case 'histogram':
      return replaces
        ? { l1: 2, l2: Math.SQRT2, because: 'a replaced record leaves one cell and enters another' }
        : { l1: 1, l2: 1, because: 'a record lies in one cell' };
    case 'bounded-sum':
      return scalar(boundedSum(query.low, query.high, replaces), 'a clamped value moves the sum by its own range');
    case 'bounded-mean': {
      if (!replaces) throw unknownSize();
      checkInteger('size', query.size, 1);
      return scalar(boundedSum(query.low, query.high, true) / query.size, 'the number of records is public and stays');
    }
    case 'clipped-sum':
      checkNumber('clipping norm', query.clippingNorm, 0, 1e30);
      return vector(query.clippingNorm, query.dimension, replaces, Number.POSITIVE_INFINITY);
    case 'quantised-sum':
      checkInteger('squared norm', query.maxSquaredNorm, 0);
      // Integers are at most their squares, so a vector's L1 norm is at most its squared L2 norm.
      return vector(Math.sqrt(query.maxSquaredNorm), query.dimension, replaces, query.maxSquaredNorm);
    default:
      return unreachable(query);
  }
}

function boundedSum(low: number, high: number, replaces: boolean): number {
  checkNumber('low', low, -1e30, 1e30);
  checkNumber('high', high, low, 1e30);
  return replaces ? high - low : Math.max(Math.abs(low), Math.abs(high));
}

function scalar(value: number, because: string): Sensitivity {
  return { l1: value, l2: value, because };
}

function vector(l2: number, dimension: number, replaces: boolean, maxL1: number): Sensitivity {
  checkInteger('dimension', dimension, 1);
  const factor = replaces ? 2 : 1;
  const because = replaces
    ? 'one vector goes and another comes, each of at most the norm'
    : 'one vector of at most the norm comes or goes';
  return { l1: factor * Math.min(maxL1, Math.sqrt(dimension) * l2), l2: factor * l2, because };
}

function unknownSize(): MurmurError {
  return new MurmurError({
    code: 'PRIVACY_NO_SENSITIVITY',
    message: 'a mean over a public number of records has no sensitivity under add-or-remove-one',
    remedy: 'release a noisy sum and a noisy count, or plan under replace-one',
  });
}
