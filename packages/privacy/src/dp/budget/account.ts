import { decode, equalBytes, MurmurError, type Store } from '@murmuration/core';
import { pureEpsilon } from '../accounting/pure.ts';
import { RDP_ORDERS, rdpCurve, rdpToEpsilon } from '../accounting/rdp.ts';
import type { PrivacyEvent } from '../event.ts';
import type { Adjacency } from '../relation.ts';
import { digestOf, type Entry, encodeEntry, entrySchema, headSchema, NO_DIGEST } from './entry.ts';

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
  /** Rényi divergences spent, at RDP_ORDERS. */
  readonly curve: Float64Array;
  /** The sum of pure ε spent, Infinity once something was released that is not pure. */
  readonly pure: number;
  readonly debits: number;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly lastEvents: readonly PrivacyEvent[];
}

export const EMPTY_ACCOUNT: AccountState = {
  terms: undefined,
  sequence: 0,
  digest: NO_DIGEST,
  curve: new Float64Array(RDP_ORDERS.length),
  pure: 0,
  debits: 0,
  firstMs: 0,
  lastMs: 0,
  lastEvents: [],
};

const ALL = 'privacy/budget/';
/** Sorts after every key of an account. */
const LAST_CHARACTER = '\u{10FFFF}';
const PAGE = 500;
const SEQUENCE_DIGITS = 16;

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

export function entryKey(prefix: string, sequence: number): string {
  return `${prefix}entry/${String(sequence).padStart(SEQUENCE_DIGITS, '0')}`;
}

export function headKey(prefix: string): string {
  return `${prefix}head`;
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
    ...spendMore(state, events, adjacency),
    debits: state.debits + 1,
    firstMs: state.debits === 0 ? entry.atMs : state.firstMs,
    lastMs: entry.atMs,
    lastEvents: events,
  };
}

/** What is spent once `events` run `times` more. */
export function spendMore(
  { curve, pure }: Pick<AccountState, 'curve' | 'pure'>,
  events: readonly PrivacyEvent[],
  adjacency: Adjacency,
  times = 1,
): Pick<AccountState, 'curve' | 'pure'> {
  const more = rdpCurve({ adjacency, events });
  return {
    curve: curve.map((spent, i) => spent + times * (more[i] as number)),
    pure: pure + times * pureEpsilon({ adjacency, events }),
  };
}

/** ε spent at δ: by Rényi accounting, or the plain sum where all was pure and that is less. */
export function spentEpsilon({ curve, pure }: Pick<AccountState, 'curve' | 'pure'>, delta: number): number {
  if (pure === 0) return 0;
  return Math.min(pure, rdpToEpsilon(curve, RDP_ORDERS, delta).epsilon);
}

/** Reads on from `state`, holding every entry to the chain. @throws PRIVACY_BUDGET_DAMAGED */
export async function catchUp(store: Store, prefix: string, state: AccountState): Promise<AccountState> {
  let now = state;
  for (;;) {
    const after = now.sequence === 0 ? undefined : entryKey(prefix, now.sequence - 1);
    const page = await store.scan(`${prefix}entry/`, { limit: PAGE, ...(after === undefined ? {} : { after }) });
    for (const { key, value } of page) now = follow(now, prefix, key, value);
    if (page.length < PAGE) break;
  }
  await checkHead(store, prefix, now);
  return now;
}

function follow(state: AccountState, prefix: string, key: string, wire: Uint8Array): AccountState {
  const decoded = decode(entrySchema, wire);
  if (!decoded.ok) throw damaged(prefix, `entry ${state.sequence} is unreadable (${decoded.reason})`);
  const entry = decoded.value;
  const first = state.sequence === 0;
  const inPlace = key === entryKey(prefix, state.sequence) && entry.sequence === state.sequence;
  if (!inPlace || (entry.body.kind === 'open') !== first) throw damaged(prefix, `entry ${state.sequence} is missing`);
  if (!equalBytes(entry.previous, state.digest)) throw damaged(prefix, `entry ${state.sequence} does not follow`);
  return advance(state, entry, wire);
}

async function checkHead(store: Store, prefix: string, state: AccountState): Promise<void> {
  const wire = await store.get(headKey(prefix));
  if (wire === undefined && state.sequence === 0) return;
  const head = wire === undefined ? undefined : decode(headSchema, wire);
  const holds = head?.ok && head.value.sequence === state.sequence && equalBytes(head.value.digest, state.digest);
  if (!holds) throw damaged(prefix, 'the last entries are missing or were changed');
}

/** An entry and the head that names it, to be written together. */
export function appendChanges(prefix: string, state: AccountState, entry: Entry) {
  const wire = encodeEntry(entry);
  const next = advance(state, entry, wire);
  return { next, wire, head: { sequence: next.sequence, digest: next.digest }, key: entryKey(prefix, entry.sequence) };
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

function checkName(what: string, name: string): string {
  if (NAME.test(name)) return name;
  throw new MurmurError({
    code: 'PRIVACY_BAD_NAME',
    message: `the ${what} "${name}" of a budget is no name`,
    remedy: 'use 1 to 128 letters, digits, dots, dashes and underscores, the first a letter or digit',
    facts: { what },
  });
}

function damaged(prefix: string, what: string): MurmurError {
  return new MurmurError({
    code: 'PRIVACY_BUDGET_DAMAGED',
    message: `the budget under ${prefix} is damaged: ${what}`,
    remedy: 'restore the store; until then nothing more of this data set is released',
    facts: { prefix },
  });
}
