import { bytesUpTo, encode, optional, type Schema, struct, uint } from '@murmuration/core';
import type { EngineRecord } from '../engine.ts';
import { heightKey, readRecord } from '../loop/records.ts';
import { replicaSchema } from '../quorum/statement.ts';
import { type Base, type Entry, entrySchema, RaftLog } from './log.ts';
import { type Members, membersSchema } from './members.ts';
import type { State } from './state.ts';

const MAX_RECORD_BYTES = 2 ** 30 + 4096;

/** Raft's hard state: durable before any message that depends on it. */
const hardSchema = struct({ term: uint, vote: optional(replicaSchema), commit: uint });
const baseSchema = struct({ index: uint, term: uint, members: membersSchema, snapshot: bytesUpTo(2 ** 30) });

const HARD_KEY = 'hard';
const BASE_KEY = 'snapshot';
const ENTRY_FAMILY = 'log';

export function persistHard(state: State): void {
  const { term, vote, commit } = state;
  state.effects.push({ kind: 'persist', key: HARD_KEY, value: encode(hardSchema, { term, vote, commit }) });
}

export function persistEntry(state: State, index: number, entry: Entry): void {
  state.effects.push({ kind: 'persist', key: entryKey(index), value: encode(entrySchema, entry) });
}

export function eraseEntries(state: State, from: number, to: number): void {
  for (let index = from; index <= to; index++) {
    state.effects.push({ kind: 'persist', key: entryKey(index), value: null });
  }
}

export function persistBase(state: State, base: Base): void {
  state.effects.push({ kind: 'persist', key: BASE_KEY, value: encode(baseSchema, base) });
}

function entryKey(index: number): string {
  return heightKey(ENTRY_FAMILY, index);
}

export interface Restored {
  readonly log: RaftLog;
  readonly term: number;
  readonly vote: number | null;
  readonly commit: number;
}

/**
 * The state that the records hold. Entries above a gap were being truncated or replaced when the power went: they
 * were never acknowledged, and are left out.
 * @throws CONSENSUS_JOURNAL_DAMAGED
 */
export function restore(records: readonly EngineRecord[], members: Members): Restored {
  const byKey = new Map(records.map(({ key, value }) => [key, value]));
  const hardBytes = byKey.get(HARD_KEY);
  const baseBytes = byKey.get(BASE_KEY);
  const hard = hardBytes === undefined ? { term: 0, vote: null, commit: 0 } : read(hardSchema, HARD_KEY, hardBytes);
  const birth = { index: 0, term: 0, members, snapshot: new Uint8Array(0) };
  const base: Base = baseBytes === undefined ? birth : read(baseSchema, BASE_KEY, baseBytes);
  const log = new RaftLog(base);
  for (let index = base.index + 1; ; index++) {
    const wire = byKey.get(entryKey(index));
    if (wire === undefined) break;
    log.append(read(entrySchema, entryKey(index), wire));
  }
  return { log, term: hard.term, vote: hard.vote, commit: Math.max(hard.commit, base.index) };
}

function read<T>(schema: Schema<T>, key: string, wire: Uint8Array): T {
  return readRecord(schema, key, wire, MAX_RECORD_BYTES);
}
