import { type Clock, checkInteger, checkNumber, encode, equalBytes, MurmurError, type Store } from '@murmuration/core';
import { checkAdjacency } from '../relation.ts';
import {
  type AccountState,
  accountName,
  accountPrefix,
  type BudgetAccount,
  type BudgetTerms,
  EMPTY_ACCOUNT,
  listAccounts,
} from './account.ts';
import { appendChanges, catchUp, digestAt, headKey } from './chain.ts';
import { type Charge, checkCharge } from './charge.ts';
import { type Entry, headSchema } from './entry.ts';
import { type Debit, lastDebits } from './history.ts';
import { inTurn } from './lock.ts';
import { costOf, isWithin, leftEpsilon, spendMore, spentEpsilon } from './spent.ts';
import { type BudgetStatus, statusOf } from './status.ts';

/** Debits that are listed at once. */
const MAX_HISTORY = 10_000;

/** That a debit is durable. */
export interface Receipt {
  readonly sequence: number;
  /** Of the entry: what to keep where this store is not, see `contains`. */
  readonly digest: Uint8Array;
  readonly spentEpsilon: number;
  readonly leftEpsilon: number;
}

export interface BudgetLedger {
  /**
   * Opens an account, once. The same terms again are no error.
   * @throws PRIVACY_BUDGET_EXISTS, PRIVACY_BAD_NAME, OPTION_OUT_OF_RANGE, PRIVACY_BUDGET_DAMAGED
   */
  open(account: BudgetAccount, terms: BudgetTerms): Promise<void>;
  /**
   * Debits the account and, only once that is durable, calls `run`, which may touch the data. What was debited stays
   * spent if `run` fails or the process dies: nobody can know what got out.
   *
   * @throws PRIVACY_BUDGET_EXHAUSTED, PRIVACY_BUDGET_UNKNOWN, PRIVACY_BUDGET_DAMAGED, PRIVACY_SAMPLING_NOT_EXECUTED,
   *   PRIVACY_BAD_EVENT, each before `run` is called; and what `run` throws
   */
  release<T>(account: BudgetAccount, charge: Charge, run: (receipt: Receipt) => T | Promise<T>): Promise<T>;
  /** Every account of the store, by owner and data set. */
  accounts(): Promise<readonly BudgetAccount[]>;
  /** Spent, left, and when it will be gone at the present pace. @throws PRIVACY_BUDGET_UNKNOWN, PRIVACY_BUDGET_DAMAGED */
  status(account: BudgetAccount): Promise<BudgetStatus>;
  /**
   * The last debits with their purposes, oldest first: what the budget went into.
   * @param limit 1 to 10,000
   * @throws PRIVACY_BUDGET_UNKNOWN, PRIVACY_BUDGET_DAMAGED, OPTION_OUT_OF_RANGE
   */
  history(account: BudgetAccount, limit: number): Promise<readonly Debit[]>;
  /**
   * Whether the chain holds an entry that was kept elsewhere: a receipt, or `{ sequence: debits, digest }` of a status.
   * False means that the store was set back to before it, or is another one: what was released since is not in it.
   * @param entry its number, and its digest or the first 16 bytes of that or more
   * @throws PRIVACY_BUDGET_DAMAGED, OPTION_OUT_OF_RANGE
   */
  contains(account: BudgetAccount, entry: Pick<Receipt, 'sequence' | 'digest'>): Promise<boolean>;
}

export interface BudgetDeps {
  /** Its `write` must be durable when it resolves. One process at a time may spend from it. */
  readonly store: Store;
  readonly clock: Pick<Clock, 'nowMs'>;
}

/**
 * The privacy budget of data sets: an append-only chain of debits for each owner and data set. Every account's tasks
 * run one after another, so concurrent spends never exceed the cap.
 */
export function createBudgetLedger({ store, clock }: BudgetDeps): BudgetLedger {
  const known = new Map<string, AccountState>();

  async function read(prefix: string): Promise<AccountState> {
    const state = await catchUp(store, prefix, known.get(prefix) ?? EMPTY_ACCOUNT);
    known.set(prefix, state);
    return state;
  }

  async function append(prefix: string, state: AccountState, body: Entry['body']): Promise<AccountState> {
    const entry = { sequence: state.sequence, previous: state.digest, atMs: readClock(clock), body };
    const { next, key, wire, head } = appendChanges(prefix, state, entry);
    await store.write([
      { key, value: wire },
      { key: headKey(prefix), value: encode(headSchema, head) },
    ]);
    known.set(prefix, next);
    return next;
  }

  async function debit(prefix: string, charge: Charge): Promise<Receipt> {
    const state = await read(prefix);
    const terms = termsOf(state, prefix);
    const { epsilon, delta } = terms;
    const after = spendMore(state.spent, costOf(charge.events, terms.adjacency));
    if (!isWithin(after, epsilon, delta)) {
      throw exhausted(prefix, terms, spentEpsilon(state.spent, delta), spentEpsilon(after, delta));
    }
    const next = await append(prefix, state, { kind: 'debit', purpose: charge.purpose, events: charge.events });
    return {
      sequence: state.sequence,
      digest: next.digest,
      spentEpsilon: spentEpsilon(after, delta),
      leftEpsilon: leftEpsilon(after, epsilon, delta),
    };
  }

  return {
    open: async (account, terms) => {
      const prefix = accountPrefix(account);
      checkNumber('epsilon', terms.epsilon, 0, 1e6);
      checkNumber('delta', terms.delta, 1e-20, 1 - 1e-12);
      checkAdjacency(terms.adjacency);
      await inTurn(store, prefix, async () => {
        const state = await read(prefix);
        if (state.terms === undefined) await append(prefix, state, openingOf(terms));
        else if (!sameTerms(state.terms, terms)) throw exists(prefix, state.terms);
      });
    },
    release: async (account, charge, run) => {
      const prefix = accountPrefix(account);
      const copy = checkCharge(charge);
      return run(await inTurn(store, prefix, () => debit(prefix, copy)));
    },
    accounts: () => listAccounts(store),
    status: async (account) => {
      const prefix = accountPrefix(account);
      const state = await inTurn(store, prefix, () => read(prefix));
      return statusOf(state, termsOf(state, prefix), readClock(clock));
    },
    history: async (account, limit) => {
      const prefix = accountPrefix(account);
      checkInteger('debits to list', limit, 1, MAX_HISTORY);
      return inTurn(store, prefix, async () => {
        const state = await read(prefix);
        return lastDebits(store, prefix, state, termsOf(state, prefix), limit);
      });
    },
    contains: async (account, { sequence, digest }) => {
      const prefix = accountPrefix(account);
      checkInteger('sequence', sequence, 0);
      checkInteger('bytes of a digest', digest.length, 16, 32);
      return inTurn(store, prefix, async () => {
        await read(prefix);
        const found = await digestAt(store, prefix, sequence);
        return found !== undefined && equalBytes(found.subarray(0, digest.length), digest);
      });
    },
  };
}

/** Only what is reported hangs on the clock: one that runs backwards or is broken neither blocks nor frees a spend. */
function readClock(clock: BudgetDeps['clock']): number {
  const nowMs = Math.floor(clock.nowMs());
  return Number.isSafeInteger(nowMs) && nowMs > 0 ? nowMs : 0;
}

function openingOf({ epsilon, delta, adjacency }: BudgetTerms): Entry['body'] {
  return { kind: 'open', epsilon, delta, adjacency };
}

function termsOf(state: AccountState, prefix: string): BudgetTerms {
  if (state.terms !== undefined) return state.terms;
  throw new MurmurError({
    code: 'PRIVACY_BUDGET_UNKNOWN',
    message: `no budget was opened for ${accountName(prefix)}`,
    remedy: "open the account with the owner's terms first; without a budget nothing is released",
    facts: { prefix },
  });
}

function sameTerms(a: BudgetTerms, b: BudgetTerms): boolean {
  return a.epsilon === b.epsilon && a.delta === b.delta && a.adjacency === b.adjacency;
}

function exists(prefix: string, terms: BudgetTerms): MurmurError {
  return new MurmurError({
    code: 'PRIVACY_BUDGET_EXISTS',
    message: `the budget of ${accountName(prefix)} is open with epsilon ${terms.epsilon} at delta ${terms.delta}, ${terms.adjacency}`,
    remedy: 'use it as it is; other terms are another data set',
    facts: { prefix, epsilon: terms.epsilon, delta: terms.delta },
  });
}

function exhausted(prefix: string, terms: BudgetTerms, spent: number, after: number): MurmurError {
  return new MurmurError({
    code: 'PRIVACY_BUDGET_EXHAUSTED',
    message: `this release would bring ${accountName(prefix)} from epsilon ${spent.toPrecision(6)} to ${after.toPrecision(6)}, above its cap ${terms.epsilon}`,
    remedy: 'release less, or with more noise; the data was not touched and nothing was debited',
    facts: { prefix, spent, after, cap: terms.epsilon, delta: terms.delta },
  });
}
