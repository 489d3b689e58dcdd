import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { MurmurError } from '@murmuration/core';

/**
 * Holds a home for one process. The lock is the operating system's on `<home>/lock` (through SQLite), so it
 * goes with the process, `kill -9` included; `<home>/lock.pid` only tells people who holds it.
 * @throws HOME_IN_USE
 */
export function lockHome(home: string): Disposable {
  const database = new DatabaseSync(join(home, 'lock'));
  try {
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (cause) {
    database.close();
    throw inUse(home, cause);
  }
  writeFileSync(join(home, 'lock.pid'), `${process.pid}\n`);
  return { [Symbol.dispose]: () => database.close() };
}

function inUse(home: string, cause: unknown): MurmurError {
  const holder = readHolder(home);
  return new MurmurError({
    code: 'HOME_IN_USE',
    message: `the home ${home} is in use${holder === undefined ? '' : ` by process ${holder}`}`,
    remedy: 'stop that process, or name another home: two processes with one key would contradict each other',
    facts: { home, ...(holder === undefined ? {} : { pid: holder }) },
    cause,
  });
}

function readHolder(home: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(join(home, 'lock.pid'), 'utf8'), 10);
    return Number.isSafeInteger(pid) ? pid : undefined;
  } catch {
    return undefined;
  }
}
