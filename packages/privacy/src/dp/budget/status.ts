import { type AccountState, type BudgetTerms, spendMore, spentEpsilon } from './account.ts';

export interface BudgetStatus {
  readonly terms: BudgetTerms;
  /** At the terms' δ. */
  readonly spentEpsilon: number;
  readonly leftEpsilon: number;
  readonly debits: number;
  /** Of the last entry: whoever holds it notices a store that was set back. */
  readonly digest: Uint8Array;
  readonly lastMs: number | null;
  /** How many more releases like the last one fit; null before the first. */
  readonly releasesLeft: number | null;
  /** When they are gone at the mean pace so far; null where there is no pace yet, or no end below 2^31 releases. */
  readonly exhaustedAtMs: number | null;
}

const MAX_RELEASES = 2 ** 31;

export function statusOf(state: AccountState, terms: BudgetTerms): BudgetStatus {
  const spent = spentEpsilon(state, terms.delta);
  const releasesLeft = state.debits === 0 ? null : repetitions(state, terms);
  return {
    terms,
    spentEpsilon: spent,
    leftEpsilon: Math.max(0, terms.epsilon - spent),
    debits: state.debits,
    digest: state.digest,
    lastMs: state.debits === 0 ? null : state.lastMs,
    releasesLeft,
    exhaustedAtMs: exhaustion(state, releasesLeft),
  };
}

/** The largest k such that k more releases like the last stay within the cap: ε grows with k, so by bisection. */
function repetitions(state: AccountState, terms: BudgetTerms): number {
  const fits = (times: number) =>
    spentEpsilon(spendMore(state, state.lastEvents, terms.adjacency, times), terms.delta) <= terms.epsilon;
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

function exhaustion(state: AccountState, releasesLeft: number | null): number | null {
  if (releasesLeft === null || releasesLeft >= MAX_RELEASES || state.debits < 2) return null;
  const paceMs = (state.lastMs - state.firstMs) / (state.debits - 1);
  return paceMs > 0 ? Math.round(state.lastMs + releasesLeft * paceMs) : null;
}
