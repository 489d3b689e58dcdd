import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { type Change, type Entry, equalBytes, MurmurError, plainBytes, type Store, utf8 } from '@murmuration/core';

/** "MURM": marks the file as ours, so that another program's database is never written to. */
const APPLICATION_ID = 0x4d55524d;
/** Layout of the tables. A newer one is refused, never guessed at. */
const LAYOUT_VERSION = 1;
const SQLITE_HEADER = utf8('SQLite format 3\0');
/** Sorts after every key that starts with a prefix. */
const LAST_CHARACTER = '\u{10FFFF}';
const SQLITE_BUSY = 5;
const SQLITE_CORRUPT = 11;
const SQLITE_NOT_A_DATABASE = 26;

/**
 * A `Store` on SQLite: WAL, synchronous FULL, one transaction and so one sync for all writes of a tick.
 * Each entry carries a CRC-32, since SQLite itself does not notice a rotten byte inside a value.
 * @throws STORE_WRONG_FILE where the file is another program's or a newer version's; STORE_DAMAGED where it
 * fails SQLite's check; STORE_IN_USE where another process has it open
 */
export function sqliteStore(path: string): Store {
  if (existsSync(path) && statSync(path).size > 0) refuseForeignHeader(path);
  const database = translate(path, () => open(path));
  return new SqliteStore(path, database);
}

function open(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  try {
    prepare(path, database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function prepare(path: string, database: DatabaseSync): void {
  database.exec('PRAGMA locking_mode = EXCLUSIVE');
  const fresh = number(database, 'PRAGMA schema_version') === 0;
  if (!fresh) {
    refuseForeignContent(path, database);
    const [verdict] = Object.values(database.prepare('PRAGMA quick_check(1)').get() ?? {});
    if (verdict !== 'ok') throw damaged(path, String(verdict));
  }
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -2000');
  if (!fresh) return;
  database.exec(`
    BEGIN IMMEDIATE;
    CREATE TABLE entries (key TEXT NOT NULL UNIQUE, value BLOB NOT NULL, crc INTEGER NOT NULL);
    PRAGMA application_id = ${APPLICATION_ID};
    PRAGMA user_version = ${LAYOUT_VERSION};
    COMMIT`);
}

function refuseForeignHeader(path: string): void {
  const header = new Uint8Array(SQLITE_HEADER.length);
  const file = openSync(path, 'r');
  try {
    readSync(file, header, 0, header.length, 0);
  } finally {
    closeSync(file);
  }
  if (!equalBytes(header, SQLITE_HEADER)) throw wrongFile(path, 'it is not an SQLite database');
}

function refuseForeignContent(path: string, database: DatabaseSync): void {
  if (number(database, 'PRAGMA application_id') !== APPLICATION_ID) {
    throw wrongFile(path, "it is another program's database");
  }
  const version = number(database, 'PRAGMA user_version');
  if (version !== LAYOUT_VERSION)
    throw wrongFile(path, `its layout is ${version}, this version reads ${LAYOUT_VERSION}`);
}

function number(database: DatabaseSync, pragma: string): number {
  const [value] = Object.values(database.prepare(pragma).get() ?? {});
  return Number(value);
}

class SqliteStore implements Store {
  private readonly path: string;
  private readonly database: DatabaseSync;
  private readonly statements;
  private queue: { changes: readonly Change[]; resolve: () => void; reject: (error: unknown) => void }[] = [];
  private open = true;

  constructor(path: string, database: DatabaseSync) {
    this.path = path;
    this.database = database;
    this.statements = {
      get: database.prepare('SELECT value, crc FROM entries WHERE key = ?'),
      put: database.prepare(
        'INSERT INTO entries (key, value, crc) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value, crc = excluded.crc',
      ),
      delete: database.prepare('DELETE FROM entries WHERE key = ?'),
      ascending: database.prepare(
        'SELECT key, value, crc FROM entries WHERE key >= ? AND key < ? AND key > ? ORDER BY key LIMIT ?',
      ),
      descending: database.prepare(
        'SELECT key, value, crc FROM entries WHERE key >= ? AND key < ? AND key < ? ORDER BY key DESC LIMIT ?',
      ),
    };
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const row = this.read(() => this.statements.get.get(key));
    return row === undefined ? undefined : this.checked(key, row);
  }

  async scan(prefix: string, options: { limit?: number; after?: string; reverse?: boolean } = {}): Promise<Entry[]> {
    const { limit = 1000, reverse = false } = options;
    const end = prefix + LAST_CHARACTER;
    const rows = this.read(() =>
      reverse
        ? this.statements.descending.all(prefix, end, options.after ?? end, limit)
        : this.statements.ascending.all(prefix, end, options.after ?? '', limit),
    );
    return rows.map((row) => ({ key: String(row.key), value: this.checked(String(row.key), row) }));
  }

  write(changes: readonly Change[]): Promise<void> {
    if (!this.open) return Promise.reject(closed(this.path));
    return new Promise((resolve, reject) => {
      this.queue.push({ changes, resolve, reject });
      if (this.queue.length === 1) setImmediate(() => this.flush());
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.open) return;
    this.flush();
    this.open = false;
    this.database.close();
  }

  private flush(): void {
    const writers = this.queue;
    if (writers.length === 0) return;
    this.queue = [];
    try {
      translate(this.path, () => this.commit(writers.flatMap((writer) => writer.changes)));
    } catch (error) {
      for (const { reject } of writers) reject(error);
      return;
    }
    for (const { resolve } of writers) resolve();
  }

  private commit(changes: readonly Change[]): void {
    this.database.exec('BEGIN IMMEDIATE');
    try {
      for (const { key, value } of changes) {
        if (value === null) this.statements.delete.run(key);
        else this.statements.put.run(key, value, checksum(key, value));
      }
      this.database.exec('COMMIT');
    } catch (error) {
      this.database.exec('ROLLBACK');
      throw error;
    }
  }

  private read<T>(query: () => T): T {
    if (!this.open) throw closed(this.path);
    // A reader sees what was written before it in the same tick.
    this.flush();
    return translate(this.path, query);
  }

  private checked(key: string, row: Record<string, unknown>): Uint8Array {
    const value = plainBytes(row.value as Uint8Array);
    if (checksum(key, value) !== row.crc) throw damaged(this.path, `the value of ${key} fails its checksum`);
    return value;
  }
}

/** Of key and value: a rotten key would otherwise file a good value under a wrong name. */
function checksum(key: string, value: Uint8Array): number {
  return crc32(value, crc32(key));
}

function translate<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const code = (error as { errcode?: number }).errcode;
    if (code === undefined) throw error;
    const primary = code & 0xff;
    if (primary === SQLITE_BUSY) throw inUse(path, error);
    if (primary === SQLITE_CORRUPT || primary === SQLITE_NOT_A_DATABASE) throw damaged(path, (error as Error).message);
    throw failed(path, error as Error);
  }
}

function wrongFile(path: string, why: string): MurmurError {
  return new MurmurError({
    code: 'STORE_WRONG_FILE',
    message: `${path} is not a store of this version: ${why}`,
    remedy: 'name the right file, or move this one away so that a new store can be created',
    facts: { path },
  });
}

function damaged(path: string, why: string): MurmurError {
  return new MurmurError({
    code: 'STORE_DAMAGED',
    message: `the store ${path} is damaged: ${why}`,
    remedy:
      'move the file away and start again: the device catches up from the other replicas; keep the file if it may hold votes',
    facts: { path },
  });
}

function inUse(path: string, cause: unknown): MurmurError {
  return new MurmurError({
    code: 'STORE_IN_USE',
    message: `another process has the store ${path} open`,
    remedy: 'stop that process, or give this one a home of its own',
    facts: { path },
    cause,
  });
}

function failed(path: string, cause: Error): MurmurError {
  return new MurmurError({
    code: 'STORE_FAILED',
    message: `the store ${path} could not be read or written: ${cause.message}`,
    remedy: 'check that the disk has room and the folder may be written',
    facts: { path },
    cause,
  });
}

function closed(path: string): MurmurError {
  return new MurmurError({ code: 'STORE_CLOSED', message: `the store ${path} is closed`, facts: { path } });
}
