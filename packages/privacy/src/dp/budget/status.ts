import type { AccountState, BudgetTerms } from './account.ts';
import { costOf, isWithin, leftEpsilon, spendMore, spentEpsilon } from './spent.ts';

export interface BudgetStatus {
  readonly terms: BudgetTerms;
  /** At the terms' δ. */
  readonly spentEpsilon: number;
  readonly leftEpsilon: number;
  readonly debits: number;
  /** Of the last entry, number `debits`: whoever keeps both notices a store that was set back (`contains`). */
  readonly digest: Uint8Array;
  readonly lastMs: number | null;
  /** How many more releases like the last one fit, 2^31 at most; null before the first. */
  readonly releasesLeft: number | null;
  /**
   * When the last of them runs, at the mean pace so far, never before now; the last debit's time where none is left.
   * Null where there is no pace yet, or no end below 2^31 releases. In the clock's milliseconds; a projection only.
   */
  readonly exhaustedAtMs: number | null;
}

const MAX_RELEASES = 2 ** 31;

export function statusOf(state: AccountState, terms: BudgetTerms, nowMs: number): BudgetStatus {
  const { spent, debits, digest, lastMs } = state;
  const releasesLeft = debits === 0 ? null : repetitions(state, terms);
  return {
    terms,
    spentEpsilon: spentEpsilon(spent, terms.delta),
    leftEpsilon: leftEpsilon(spent, terms.epsilon, terms.delta),
    debits,
    digest,
    lastMs: debits === 0 ? null : lastMs,
    releasesLeft,
    exhaustedAtMs: exhaustion(state, releasesLeft, nowMs),
  };
}

/** The largest k such that k more releases like the last stay within the cap: ε grows with k, so by bisection. */
function repetitions({ spent, lastEvents }: AccountState, { epsilon, delta, adjacency }: BudgetTerms): number {
  const cost = costOf(lastEvents, adjacency);
  const fits = (times: number) => isWithin(spendMore(spent, cost, times), epsilon, delta);
  let high = 1;
  while (high < MAX_RELEASES && fits(high)) high *= 2;
  if (high >= MAX_RELEASES) return MAX_RELEASES;
  let low = Math.floor(high / 2);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle;
  }
  return low;
}

function exhaustion(
  { debits, firstMs, lastMs }: AccountState,
  releasesLeft: number | null,
  nowMs: number,
): number | null {
  if (releasesLeft === 0) return lastMs;
  if (releasesLeft === null || releasesLeft >= MAX_RELEASES || debits < 2) return null;
  const paceMs = (lastMs - firstMs) / (debits - 1);
  if (!(paceMs > 0)) return null;
  // The next one may be late already; the others follow it at the pace.
  return Math.round(Math.max(nowMs, lastMs + paceMs) + (releasesLeft - 1) * paceMs);
}
