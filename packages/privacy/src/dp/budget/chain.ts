import { decode, equalBytes, MurmurError, type Store, toHex } from '@murmuration/core';
import { type AccountState, accountName, advance } from './account.ts';
import { digestOf, type Entry, encodeEntry, entrySchema, headSchema } from './entry.ts';

const PAGE = 500;
const SEQUENCE_DIGITS = 16;
/** Of an entry's digest, in its key. */
const NAMED_BYTES = 8;

/**
 * Reads on from `state`, holding its last entry and every later one to the chain.
 * @throws PRIVACY_BUDGET_DAMAGED
 */
export async function catchUp(store: Store, prefix: string, state: AccountState): Promise<AccountState> {
  let now = state;
  let after = state.sequence === 0 ? undefined : entryStem(prefix, state.sequence - 1);
  let isLast = state.sequence > 0;
  for (;;) {
    const page = await store.scan(`${prefix}entry/`, { limit: PAGE, ...(after === undefined ? {} : { after }) });
    for (const { key, value } of page) {
      if (isLast) checkLast(now, prefix, key, value);
      else now = follow(now, prefix, key, value);
      isLast = false;
    }
    if (page.length < PAGE) break;
    after = page.at(-1)?.key;
  }
  await checkHead(store, prefix, now);
  return now;
}

/** All entries of an account, in order. */
export async function* entryPages(store: Store, prefix: string): AsyncGenerator<{ readonly value: Uint8Array }> {
  for (let after: string | undefined; ; ) {
    const page = await store.scan(`${prefix}entry/`, { limit: PAGE, ...(after === undefined ? {} : { after }) });
    yield* page;
    if (page.length < PAGE) return;
    after = page.at(-1)?.key;
  }
}

/** Whether the store still holds what it ended with when it was last read. */
function checkLast({ sequence, digest }: AccountState, prefix: string, key: string, wire: Uint8Array): void {
  if (key === entryKey(prefix, sequence - 1, digest) && equalBytes(digestOf(wire), digest)) return;
  throw damaged(prefix, `entry ${sequence - 1} was changed, or a second process spends from this store`);
}

function follow(state: AccountState, prefix: string, key: string, wire: Uint8Array): AccountState {
  const decoded = decode(entrySchema, wire);
  if (!decoded.ok) throw damaged(prefix, `entry ${state.sequence} is unreadable (${decoded.reason})`);
  const entry = decoded.value;
  if (entry.sequence === state.sequence - 1) {
    throw damaged(prefix, `entry ${entry.sequence} is there twice: two processes spent from this store`);
  }
  const first = state.sequence === 0;
  const inPlace = key === entryKey(prefix, state.sequence, digestOf(wire)) && entry.sequence === state.sequence;
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

/** An entry and the head that names it, to be written together. @throws PRIVACY_BAD_EVENT where it could not be read back */
export function appendChanges(prefix: string, state: AccountState, entry: Entry) {
  const wire = encodeEntry(entry);
  const read = decode(entrySchema, wire);
  if (!read.ok) throw unreadable(read.reason);
  const next = advance(state, read.value, wire);
  const key = entryKey(prefix, entry.sequence, next.digest);
  return { next, wire, head: { sequence: next.sequence, digest: next.digest }, key };
}

/** The entry at a place of the chain: its digest, undefined where there is none. Call after `catchUp`. */
export async function digestAt(store: Store, prefix: string, sequence: number): Promise<Uint8Array | undefined> {
  const stem = entryStem(prefix, sequence);
  const [entry] = await store.scan(`${stem}-`, { limit: 1 });
  return entry === undefined ? undefined : digestOf(entry.value);
}

function unreadable(reason: string): MurmurError {
  return new MurmurError({
    code: 'PRIVACY_BAD_EVENT',
    message: `the debit could not be read back (${reason})`,
    remedy: 'give plain data of the documented types; nothing was debited or released',
  });
}

/** Sorts before the key of every entry of that sequence number, and after those before. */
function entryStem(prefix: string, sequence: number): string {
  return `${prefix}entry/${String(sequence).padStart(SEQUENCE_DIGITS, '0')}`;
}

/** Names the entry's content too: two writers at one place leave two entries, and neither erases the other's. */
function entryKey(prefix: string, sequence: number, digest: Uint8Array): string {
  return `${entryStem(prefix, sequence)}-${toHex(digest.subarray(0, NAMED_BYTES))}`;
}

export function headKey(prefix: string): string {
  return `${prefix}head`;
}

function damaged(prefix: string, what: string): MurmurError {
  return new MurmurError({
    code: 'PRIVACY_BUDGET_DAMAGED',
    message: `the budget of ${accountName(prefix)} is damaged: ${what}`,
    remedy: 'restore the store; until then nothing more of this data set is released',
    facts: { prefix },
  });
}
