import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import {
  type Change,
  type Entry,
  equalBytes,
  MurmurError,
  plainBytes,
  type ScanOptions,
  utf8,
} from '@murmuration/core';

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

/** One SQLite file, used by one thread, synchronously. */
export interface Database {
  get(key: string): Uint8Array | undefined;
  scan(prefix: string, options: ScanOptions): Entry[];
  /** One transaction; where `durable`, it and all before it are on the disk when this returns. */
  commit(changes: readonly Change[], durable: boolean): void;
  close(): void;
}

/**
 * Opens or makes a store file: WAL, synchronous FULL. Each entry carries a CRC-32, since SQLite itself does not
 * notice a rotten byte inside a value.
 * @throws STORE_WRONG_FILE where the file is another program's or a newer version's; STORE_DAMAGED where it
 * fails SQLite's check; STORE_IN_USE where another process has it open; STORE_FAILED
 */
export function openDatabase(path: string): Database {
  if (existsSync(path) && statSync(path).size > 0) refuseForeignHeader(path);
  return databaseOf(
    path,
    translate(path, () => open(path)),
  );
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

function databaseOf(path: string, database: DatabaseSync): Database {
  const put = database.prepare(
    'INSERT INTO entries (key, value, crc) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value, crc = excluded.crc',
  );
  const remove = database.prepare('DELETE FROM entries WHERE key = ?');
  const one = database.prepare('SELECT value, crc FROM entries WHERE key = ?');
  const ascending = database.prepare(
    'SELECT key, value, crc FROM entries WHERE key >= ? AND key < ? AND key > ? ORDER BY key LIMIT ?',
  );
  const descending = database.prepare(
    'SELECT key, value, crc FROM entries WHERE key >= ? AND key < ? AND key < ? ORDER BY key DESC LIMIT ?',
  );

  let syncs = true;
  /** In WAL mode FULL syncs the log at each commit, NORMAL only when the log is folded into the file. */
  function setDurable(durable: boolean): void {
    if (durable === syncs) return;
    database.exec(`PRAGMA synchronous = ${durable ? 'FULL' : 'NORMAL'}`);
    syncs = durable;
  }

  function apply(changes: readonly Change[]): void {
    database.exec('BEGIN IMMEDIATE');
    try {
      for (const { key, value } of changes) {
        if (value === null) remove.run(key);
        else put.run(key, value, checksum(key, value));
      }
      database.exec('COMMIT');
    } catch (error) {
      // A full disk has rolled back by itself: the reason to tell is its own.
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  }

  return {
    get(key) {
      const row = translate(path, () => one.get(key));
      return row === undefined ? undefined : checked(path, key, row);
    },
    scan(prefix, { after, limit = 1000, reverse = false }) {
      const end = prefix + LAST_CHARACTER;
      const rows = translate(path, () =>
        reverse ? descending.all(prefix, end, after ?? end, limit) : ascending.all(prefix, end, after ?? '', limit),
      );
      return rows.map((row) => ({ key: String(row.key), value: checked(path, String(row.key), row) }));
    },
    commit: (changes, durable) =>
      translate(path, () => {
        setDurable(durable);
        apply(changes);
      }),
    close: () => database.close(),
  };
}

function checked(path: string, key: string, row: Record<string, unknown>): Uint8Array {
  const value = plainBytes(row.value as Uint8Array);
  if (checksum(key, value) !== row.crc) throw damaged(path, `the value of ${key} fails its checksum`);
  return value;
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
      'keep the file; a device that does not vote starts again with an empty store and catches up, a replica needs a home with a new key, since it must not forget its votes',
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
