import { MurmurError, type Store } from '@murmuration/core';
import type { PrivacyEvent } from '../event.ts';
import type { Adjacency } from '../relation.ts';
import { digestOf, type Entry, NO_DIGEST } from './entry.ts';
import { costOf, NOTHING, type Spent, spendMore } from './spent.ts';

/** Whose budget: the owner's, for one data set. */
export interface BudgetAccount {
  readonly owner: string;
  readonly dataset: string;
}

/** What may be spent, and under which relation: fixed when the account is opened. */
export interface BudgetTerms {
  readonly epsilon: number;
  readonly delta: number;
  readonly adjacency: Adjacency;
}

/** What an account's entries amount to. */
export interface AccountState {
  readonly terms: BudgetTerms | undefined;
  /** Of the next entry. */
  readonly sequence: number;
  readonly digest: Uint8Array;
  readonly spent: Spent;
  readonly debits: number;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly lastEvents: readonly PrivacyEvent[];
}

export const EMPTY_ACCOUNT: AccountState = {
  terms: undefined,
  sequence: 0,
  digest: NO_DIGEST,
  spent: NOTHING,
  debits: 0,
  firstMs: 0,
  lastMs: 0,
  lastEvents: [],
};

const ALL = 'privacy/budget/';
/** Sorts after every key of an account. */
const LAST_CHARACTER = '\u{10FFFF}';

/** The account as people write it, of its prefix. */
export function accountName(prefix: string): string {
  return prefix.slice(ALL.length, -1);
}

export function accountPrefix({ owner, dataset }: BudgetAccount): string {
  return `${ALL}${checkName('owner', owner)}/${checkName('data set', dataset)}/`;
}

/** Steps from account to account, whatever the number of their entries. */
export async function listAccounts(store: Store): Promise<readonly BudgetAccount[]> {
  const accounts: BudgetAccount[] = [];
  for (let after: string | undefined; ; ) {
    const [entry] = await store.scan(ALL, { limit: 1, ...(after === undefined ? {} : { after }) });
    if (entry === undefined) return accounts;
    const [owner = '', dataset = ''] = entry.key.slice(ALL.length).split('/');
    accounts.push({ owner, dataset });
    after = `${ALL}${owner}/${dataset}/${LAST_CHARACTER}`;
  }
}

/** @returns the state after an entry whose bytes are `wire` */
export function advance(state: AccountState, entry: Entry, wire: Uint8Array): AccountState {
  const next = { ...state, sequence: state.sequence + 1, digest: digestOf(wire) };
  if (entry.body.kind === 'open') {
    const { epsilon, delta, adjacency } = entry.body;
    return { ...next, terms: { epsilon, delta, adjacency } };
  }
  const { adjacency } = state.terms as BudgetTerms;
  const { events } = entry.body;
  return {
    ...next,
    spent: spendMore(state.spent, costOf(events, adjacency)),
    debits: state.debits + 1,
    firstMs: state.debits === 0 ? entry.atMs : state.firstMs,
    lastMs: entry.atMs,
    lastEvents: events,
  };
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

function checkName(what: string, name: string): string {
  if (typeof name === 'string' && NAME.test(name)) return name;
  throw new MurmurError({
    code: 'PRIVACY_BAD_NAME',
    message: `the ${what} "${name}" of a budget is no name`,
    remedy: 'use 1 to 128 letters, digits, dots, dashes and underscores, the first a letter or digit',
    facts: { what },
  });
}
