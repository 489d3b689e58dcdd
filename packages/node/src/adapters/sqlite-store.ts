import {
  type Change,
  type Entry,
  MurmurError,
  type ScanOptions,
  type Store,
  type WriteOptions,
} from '@murmuration/core';
import { type Database, openDatabase } from './sqlite-database.ts';

/**
 * A `Store` on SQLite. Writes of one tick are one transaction, and so one sync. On the event loop on purpose: a
 * thread of its own was measured with seven devices on two cores, and cost 16 MB and 20 ms of commit latency a
 * device, since each hop waits for a core.
 * @throws what `openDatabase` throws
 */
export function sqliteStore(path: string, options: SqliteStoreOptions = {}): Store {
  return new SqliteStore(path, openDatabase(path), options);
}

export interface SqliteStoreOptions {
  /** Told how long each transaction took with its sync, in milliseconds. */
  readonly onCommit?: (durationMs: number) => void;
}

interface Writer {
  readonly changes: readonly Change[];
  readonly durable: boolean;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

class SqliteStore implements Store {
  private readonly path: string;
  private readonly database: Database;
  private readonly onCommit: ((durationMs: number) => void) | undefined;
  private queue: Writer[] = [];
  private open = true;

  constructor(path: string, database: Database, options: SqliteStoreOptions) {
    this.path = path;
    this.database = database;
    this.onCommit = options.onCommit;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    if (!this.open) throw closed(this.path);
    for (const { changes } of this.queue.toReversed()) {
      const queued = changes.findLast((change) => change.key === key);
      if (queued !== undefined) return queued.value?.slice();
    }
    return this.database.get(key);
  }

  async scan(prefix: string, options: ScanOptions = {}): Promise<Entry[]> {
    this.settle();
    return this.database.scan(prefix, options);
  }

  async write(changes: readonly Change[], { durable = true }: WriteOptions = {}): Promise<void> {
    if (!this.open) throw closed(this.path);
    const copies = changes.map(({ key, value }) => ({ key, value: value === null ? null : value.slice() }));
    await new Promise<void>((resolve, reject) => {
      this.queue.push({ changes: copies, durable, resolve, reject });
      if (this.queue.length === 1) setImmediate(() => this.flush());
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.open) return;
    this.flush();
    this.open = false;
    this.database.close();
  }

  /** A scan sees what was written before it, also in the same tick. */
  private settle(): void {
    if (!this.open) throw closed(this.path);
    this.flush();
  }

  private flush(): void {
    const writers = this.queue;
    if (writers.length === 0) return;
    this.queue = [];
    try {
      const startMs = performance.now();
      this.database.commit(
        writers.flatMap(({ changes }) => changes),
        writers.some(({ durable }) => durable),
      );
      this.onCommit?.(performance.now() - startMs);
    } catch (error) {
      for (const { reject } of writers) reject(error);
      return;
    }
    for (const { resolve } of writers) resolve();
  }
}

function closed(path: string): MurmurError {
  return new MurmurError({
    code: 'STORE_CLOSED',
    message: `the store ${path} is closed`,
    remedy: 'open it again; close it last, after everything that writes to it',
    facts: { path },
  });
}
