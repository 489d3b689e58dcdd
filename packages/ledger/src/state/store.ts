import { accept, assert, decodeCanonical, encode, type Result, refuse, type Schema } from '@murmuration/core';
import { type Leaf, leafOf, MAX_VALUE_BYTES, stateRoot } from './leaf.ts';
import { createMerkleMap, lowerBound } from './merkle-map.ts';
import type { StateAnswer, StateProof } from './proof.ts';

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
  /** The value under `key`, or its absence, with the proof. */
  answer(key: string): StateAnswer;
  /** The hashes beside the leaves first … first + count - 1, which with them give the root. */
  range(first: number, count: number): readonly Uint8Array[];
  /** Every leaf, in key order. */
  entries(): readonly StateEntry[];
  /** Fills empty tables. Refused: `unknown-table`, `not-sorted`, `bad-entry`. */
  load(entries: readonly StateEntry[]): Result<void>;
}

interface Column {
  encoded(key: string): Uint8Array | null;
  load(key: string, value: Uint8Array): Result<void>;
}

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

  const answerOf = (key: string): StateAnswer => {
    flush();
    const { index, present } = tree.find(key);
    const { size } = tree;
    if (present) {
      return { kind: 'present', key, value: leaves.get(key) as Uint8Array, index, size, path: tree.range(index, 1) };
    }
    const first = Math.max(0, index - 1);
    const neighbours: Leaf[] = [];
    for (let at = first; at <= index && at < size; at++) {
      const name = tree.keyAt(at);
      neighbours.push(leafOf(name, leaves.get(name) as Uint8Array));
    }
    return { kind: 'absent', key, index: first, size, neighbours, path: tree.range(first, neighbours.length) };
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
      return stateRoot(tree.size, tree.root());
    },
    prove: (key) => {
      const answer = answerOf(key);
      return answer.kind === 'present' ? answer : undefined;
    },
    answer: answerOf,
    range: (first, count) => {
      flush();
      return tree.range(first, count);
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
      const value = decodeCanonical(schema, bytes, { maxBytes: MAX_VALUE_BYTES });
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
