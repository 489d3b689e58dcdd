import { decodeCanonical, MurmurError, type Schema } from '@murmuration/core';

/** Larger than any record of a vote, a batch or a decision. */
const MAX_RECORD_BYTES = 16 * 1024 * 1024;

/** Reads a record that the engine persisted. @throws CONSENSUS_JOURNAL_DAMAGED */
export function readRecord<T>(schema: Schema<T>, key: string, wire: Uint8Array, maxBytes = MAX_RECORD_BYTES): T {
  const decoded = decodeCanonical(schema, wire, { maxBytes });
  if (decoded.ok) return decoded.value;
  throw damagedRecord(key, `it cannot be read (${decoded.reason})`);
}

export function damagedRecord(key: string, why: string): MurmurError {
  return new MurmurError({
    code: 'CONSENSUS_JOURNAL_DAMAGED',
    message: `the consensus record "${key}" is damaged: ${why}`,
    remedy:
      'do not delete it and go on: a replica that forgets its votes can break agreement. Restore the store, or rejoin under a new key',
    facts: { key },
  });
}

/** `family/0000000000000007`: keys sort by height. */
export function heightKey(family: string, height: number): string {
  return `${family}/${String(height).padStart(16, '0')}`;
}
