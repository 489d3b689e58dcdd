import { decode, type Store } from '@murmuration/core';
import type { PrivacyEvent } from '../event.ts';
import { type AccountState, advance, type BudgetTerms, EMPTY_ACCOUNT } from './account.ts';
import { entryPages } from './chain.ts';
import { entrySchema } from './entry.ts';
import { spentEpsilon } from './spent.ts';

/** One release as it was charged. */
export interface Debit {
  /** From 1. */
  readonly sequence: number;
  /** In the clock's milliseconds. */
  readonly atMs: number;
  /** What for, in the words of whoever released. */
  readonly purpose: string;
  readonly events: readonly PrivacyEvent[];
  /** ε spent once it was debited, at the terms' δ. */
  readonly spentEpsilon: number;
}

/** The last `limit` debits, oldest first. Call in turn, after `catchUp` held every entry to the chain. */
export async function lastDebits(
  store: Store,
  prefix: string,
  { debits }: AccountState,
  { delta }: BudgetTerms,
  limit: number,
): Promise<readonly Debit[]> {
  const found: Debit[] = [];
  let state = EMPTY_ACCOUNT;
  for await (const { value } of entryPages(store, prefix)) {
    const entry = decode(entrySchema, value);
    if (!entry.ok) return found;
    state = advance(state, entry.value, value);
    const { body, sequence, atMs } = entry.value;
    if (body.kind === 'open' || sequence <= debits - limit) continue;
    const { purpose, events } = body;
    found.push({ sequence, atMs, purpose, events, spentEpsilon: spentEpsilon(state.spent, delta) });
  }
  return found;
}
