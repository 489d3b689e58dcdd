import { accept, assert, decodeCanonical, encode, type Result, refuse, type Schema } from '@murmuration/core';
import { createMerkleMap, lowerBound } from './merkle-map.ts';

/** One kind of entry. Values are immutable: a change is a `set` of a new one. Iteration is in key order. */
export interface Table<T> {
  get(key: string): T | undefined;
  set(key: string, value: T): void;
  delete(key: string): void;
  readonly size: number;
  keys(): readonly string[];
  values(): readonly T[];
}

/** One leaf of the state: `table/key`, and the canonical encoding of its value. */
export interface StateEntry {
  readonly key: string;
  readonly value: Uint8Array;
}

/**
 * All that the state machine knows, as tables over one Merkle map. Nothing that decides a later step lives
 * anywhere else, so equal roots mean equal behaviour.
 */
export interface StateStore {
  table<T>(name: string, schema: Schema<T>): Table<T>;
  root(): Uint8Array;
  prove(key: string): StateProof | undefined;
  /** Every leaf, in key order. */
  entries(): readonly StateEntry[];
  /** Fills empty tables. Refused: `unknown-table`, `not-sorted`, `bad-entry`. */
  load(entries: readonly StateEntry[]): Result<void>;
}

/** What `verifyStateProof` checks: `value` is the encoding under `key` in the state with root `root`. */
export interface StateProof extends StateEntry {
  readonly index: number;
  readonly size: number;
  readonly path: readonly Uint8Array[];
  readonly root: Uint8Array;
}

interface Column {
  encoded(key: string): Uint8Array | null;
  load(key: string, value: Uint8Array): Result<void>;
}

/** Above every leaf of the state, below what a snapshot may hold. */
const MAX_ENTRY_BYTES = 16 * 1024 * 1024;

export function createStateStore(): StateStore {
  const columns = new Map<string, Column>();
  const tree = createMerkleMap();
  const leaves = new Map<string, Uint8Array>();
  const dirty = new Set<string>();

  const flush = () => {
    if (dirty.size === 0) return;
    const changes = new Map<string, Uint8Array | null>();
    for (const path of dirty) {
      const [name, key] = splitPath(path);
      const value = (columns.get(name) as Column).encoded(key);
      if (value === null) leaves.delete(path);
      else leaves.set(path, value);
      changes.set(path, value);
    }
    tree.update(changes);
    dirty.clear();
  };

  return {
    table: <T>(name: string, schema: Schema<T>) => {
      assert(!columns.has(name), `table ${name} exists once`);
      const { table, column } = createTable(schema, (key) => dirty.add(`${name}/${key}`));
      columns.set(name, column);
      return table;
    },
    root: () => {
      flush();
      return tree.root();
    },
    prove: (key) => {
      flush();
      const proof = tree.prove(key);
      const value = leaves.get(key);
      if (proof === undefined || value === undefined) return undefined;
      return { key, value, index: proof.index, size: tree.size, path: proof.path, root: tree.root() };
    },
    entries: () => {
      flush();
      return [...leaves.keys()].sort().map((key) => ({ key, value: leaves.get(key) as Uint8Array }));
    },
    load: (entries) => {
      for (const [i, { key, value }] of entries.entries()) {
        if (i > 0 && !((entries[i - 1] as StateEntry).key < key)) return refuse('not-sorted', key);
        const [name, rest] = splitPath(key);
        const column = columns.get(name);
        if (column === undefined) return refuse('unknown-table', name);
        const loaded = column.load(rest, value);
        if (!loaded.ok) return loaded;
      }
      return accept(undefined);
    },
  };
}

function createTable<T>(schema: Schema<T>, touched: (key: string) => void): { table: Table<T>; column: Column } {
  const values = new Map<string, T>();
  const sorted: string[] = [];

  const set = (key: string, value: T) => {
    if (!values.has(key)) sorted.splice(lowerBound(sorted, key), 0, key);
    values.set(key, value);
    touched(key);
  };
  const table: Table<T> = {
    get: (key) => values.get(key),
    set,
    delete: (key) => {
      if (!values.delete(key)) return;
      sorted.splice(lowerBound(sorted, key), 1);
      touched(key);
    },
    get size() {
      return sorted.length;
    },
    keys: () => [...sorted],
    values: () => sorted.map((key) => values.get(key) as T),
  };
  const column: Column = {
    encoded: (key) => {
      const value = values.get(key);
      return value === undefined ? null : encode(schema, value);
    },
    load: (key, bytes) => {
      const value = decodeCanonical(schema, bytes, { maxBytes: MAX_ENTRY_BYTES });
      if (!value.ok) return refuse('bad-entry', `${key}: ${value.reason}`);
      set(key, value.value);
      return accept(undefined);
    },
  };
  return { table, column };
}

/** `table/rest`, where rest may hold further slashes. */
function splitPath(path: string): readonly [string, string] {
  const slash = path.indexOf('/');
  return [path.slice(0, slash), path.slice(slash + 1)];
}
