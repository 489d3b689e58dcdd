import { decodeCanonical, encode, type Infer, MurmurError, struct, uint } from '@murmuration/core';
import type { EngineRecord } from '../engine.ts';

/** The last epoch whose records are gone: nothing is voted on in it again, nor in any before. */
const CLOSED_KEY = 'closed';
const closedSchema = struct({ epoch: uint, lastHeight: uint });
export type Closed = Infer<typeof closedSchema>;

/** Evidence of closed epochs that is kept, to be told again at each start. The ledger has it long before it is out. */
const MAX_EVIDENCE = 64;

export function recordKey(epoch: number, key: string): string {
  return `epoch/${String(epoch).padStart(12, '0')}/${key}`;
}

/** What a device that ran before has kept. */
export interface EpochJournal {
  /** By epoch, then by the engine's key. */
  readonly epochs: ReadonlyMap<number, ReadonlyMap<string, Uint8Array>>;
  readonly closed: Closed | null;
}

/** @throws CONSENSUS_JOURNAL_DAMAGED */
export function readJournal(records: readonly EngineRecord[]): EpochJournal {
  const epochs = new Map<number, Map<string, Uint8Array>>();
  let closed: EpochJournal['closed'] = null;
  for (const { key, value } of records) {
    if (key === CLOSED_KEY) {
      closed = readClosed(value);
      continue;
    }
    const [family, epoch, ...rest] = key.split('/');
    if (family !== 'epoch' || rest.length === 0 || !Number.isSafeInteger(Number(epoch))) throw damaged(key);
    const own = epochs.get(Number(epoch)) ?? new Map<string, Uint8Array>();
    own.set(rest.join('/'), value);
    epochs.set(Number(epoch), own);
  }
  return { epochs, closed };
}

export function closedRecord(closed: Closed): EngineRecord {
  return { key: CLOSED_KEY, value: encode(closedSchema, closed) };
}

function readClosed(value: Uint8Array) {
  const decoded = decodeCanonical(closedSchema, value);
  if (!decoded.ok) throw damaged(CLOSED_KEY);
  return decoded.value;
}

/** Whether an engine's record is evidence, which outlives its epoch. */
export function isEvidence(key: string): boolean {
  return key.startsWith('evidence/');
}

/** @param keys of all evidence of closed epochs, oldest first. @returns those to forget */
export function surplusEvidence(keys: readonly string[]): readonly string[] {
  return keys.slice(0, Math.max(0, keys.length - MAX_EVIDENCE));
}

function damaged(key: string): MurmurError {
  return new MurmurError({
    code: 'CONSENSUS_JOURNAL_DAMAGED',
    message: `the record "${key}" of the epochs cannot be read`,
    remedy: 'do not delete it and go on: a replica that forgets its votes can break agreement. Restore the store',
    facts: { key },
  });
}
