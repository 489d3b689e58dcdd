import {
  bytes,
  bytesUpTo,
  type Change,
  decode,
  encode,
  type Infer,
  integer,
  MurmurError,
  type Store,
  struct,
  uint,
} from '@murmuration/core';
import { assembleLedger, type Genesis, type Ledger, type LedgerOptions } from '@murmuration/ledger';
import { own } from './block-store.ts';

const HEAD_KEY = 'snapshot/head';
const INCOMING_KEY = 'snapshot/incoming';
/** 64 KiB each: 256 MiB, what a state takes at most. */
const MAX_CHUNKS = 4096;

/** Which state a snapshot gives: a quorum signed this root at this height. */
export const snapshotNameSchema = struct({
  height: uint,
  stateRoot: bytes(32),
  /** Of the checkpoint. */
  certificate: bytesUpTo(64 * 1024),
});
export type SnapshotName = Infer<typeof snapshotNameSchema>;

const headSchema = struct({ name: snapshotNameSchema, chunks: integer(1, MAX_CHUNKS) });
/** The newest snapshot that is whole; its chunks stand under keys of their own. */
export type SnapshotHead = Infer<typeof headSchema>;

export interface StoredSnapshot {
  readonly name: SnapshotName;
  readonly chunks: readonly Uint8Array[];
}

export async function readHead(store: Store): Promise<SnapshotHead | undefined> {
  const value = await store.get(HEAD_KEY);
  return value === undefined ? undefined : own(decode(headSchema, value), HEAD_KEY);
}

export function readChunk(store: Store, height: number, chunk: number): Promise<Uint8Array | undefined> {
  return store.get(chunkKey(height, chunk));
}

/** Writes the chunks, makes the snapshot the newest one, and drops the one before it. */
export async function snapshotChanges(store: Store, { name, chunks }: StoredSnapshot): Promise<readonly Change[]> {
  const puts = chunks.map((value, i) => ({ key: chunkKey(name.height, i), value }));
  return [...puts, ...(await promotion(store, name, chunks.length))];
}

/** The same for chunks that stand in the store already, as a transfer leaves them. */
export async function promotion(store: Store, name: SnapshotName, chunks: number): Promise<readonly Change[]> {
  const old = await readHead(store);
  const drop = old === undefined || old.name.height === name.height ? [] : dropChunks(old.name.height, old.chunks);
  return [{ key: HEAD_KEY, value: encode(headSchema, { name, chunks }) }, ...drop];
}

/** The transfer that was under way when the process ended. */
export async function readIncoming(store: Store): Promise<SnapshotName | undefined> {
  const value = await store.get(INCOMING_KEY);
  return value === undefined ? undefined : own(decode(snapshotNameSchema, value), INCOMING_KEY);
}

export function incomingChange(name: SnapshotName | null): Change {
  return { key: INCOMING_KEY, value: name === null ? null : encode(snapshotNameSchema, name) };
}

export function chunkChange(height: number, chunk: number, value: Uint8Array): Change {
  return { key: chunkKey(height, chunk), value };
}

export function dropChunks(height: number, count: number): readonly Change[] {
  return Array.from({ length: count }, (_, i) => ({ key: chunkKey(height, i), value: null }));
}

/** The ledger of the newest snapshot; undefined where there is none. @throws CHAIN_DAMAGED, naming the chunk */
export async function restoreSnapshot(
  store: Store,
  genesis: Genesis,
  options: LedgerOptions,
): Promise<Ledger | undefined> {
  const head = await readHead(store);
  if (head === undefined) return undefined;
  const { height, stateRoot } = head.name;
  const assembly = assembleLedger(genesis, stateRoot, options);
  for (let i = 0; i < head.chunks; i++) {
    const chunk = await readChunk(store, height, i);
    if (chunk === undefined) throw damaged(height, `chunk ${i} of ${head.chunks} is missing`);
    const taken = assembly.take(chunk, 'the own store');
    if (!taken.ok) throw damaged(height, `${taken.detail}: ${taken.reason}`);
  }
  const ledger = assembly.ledger();
  if (!ledger.ok) throw damaged(height, ledger.reason);
  return ledger.value;
}

function chunkKey(height: number, chunk: number): string {
  return `snapshot/${String(height).padStart(12, '0')}/${String(chunk).padStart(6, '0')}`;
}

function damaged(height: number, why: string): MurmurError {
  return new MurmurError({
    code: 'CHAIN_DAMAGED',
    message: `the snapshot at height ${height} does not give the state that was certified: ${why}`,
    remedy: 'a device that does not vote starts again with an empty store; for a replica see VOTES_DAMAGED',
    facts: { height },
  });
}
