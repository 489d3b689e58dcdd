import { MurmurError } from '@murmuration/core';
import type { Table } from '../state/store.ts';
import type { FeeState } from './policy.ts';

export const MAX_FEE_ENTRIES = 65_536;
export const MAX_FEE_KEY_CHARS = 128;
export const MAX_FEE_VALUE_BYTES = 4_096;

/** The window through which a policy sees its table and nothing else. */
export function feeStateOf(table: Table<Uint8Array>): FeeState {
  return {
    get: (key) => table.get(key)?.slice(),
    set: (key, value) => {
      if (key.length < 1 || key.length > MAX_FEE_KEY_CHARS) throw beyond(`a key of ${key.length} characters`);
      if (value.length > MAX_FEE_VALUE_BYTES) throw beyond(`a value of ${value.length} bytes under ${key}`);
      if (table.size >= MAX_FEE_ENTRIES && table.get(key) === undefined)
        throw beyond(`more than ${table.size} entries`);
      table.set(key, value.slice());
    },
    delete: (key) => table.delete(key),
    keys: () => table.keys(),
  };
}

function beyond(what: string): MurmurError {
  return new MurmurError({
    code: 'LEDGER_FEE_STATE',
    message: `the fee policy would keep ${what}`,
    remedy: `keep at most ${MAX_FEE_ENTRIES} entries, keys of 1 to ${MAX_FEE_KEY_CHARS} characters and values of at most ${MAX_FEE_VALUE_BYTES} bytes; have the policy refuse the command instead`,
  });
}
