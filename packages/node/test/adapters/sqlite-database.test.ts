import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isMurmurError, seededRandom } from '@murmuration/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDatabase } from '../../src/adapters/sqlite-database.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'murmur-database-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (isMurmurError(error)) return error.code;
    throw error;
  }
  return 'none';
}

function filled(path: string): void {
  const database = openDatabase(path);
  const random = seededRandom(7);
  const value = () => Uint8Array.from({ length: 3000 }, () => random.below(256));
  database.commit(
    Array.from({ length: 50 }, (_, i) => ({ key: `key/${String(i).padStart(3, '0')}`, value: value() })),
    true,
  );
  database.close();
}

describe('a store file', () => {
  test('refuses a file that is no database', () => {
    const path = join(folder, 'store.sqlite');
    writeFileSync(path, 'something else entirely, and long enough to have a header');
    expect(codeOf(() => openDatabase(path))).toBe('STORE_WRONG_FILE');
    expect(readFileSync(path, 'utf8')).toMatch(/^something else/);
  });

  test("refuses another program's database and leaves it as it was", () => {
    const path = join(folder, 'store.sqlite');
    const other = new DatabaseSync(path);
    other.exec('CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)');
    other.close();
    expect(codeOf(() => openDatabase(path))).toBe('STORE_WRONG_FILE');
    const again = new DatabaseSync(path);
    expect(again.prepare('SELECT count(*) AS n FROM theirs').get()).toEqual({ n: 1 });
    again.close();
  });

  test('refuses the layout of a newer version', () => {
    const path = join(folder, 'store.sqlite');
    filled(path);
    const database = new DatabaseSync(path);
    database.exec('PRAGMA user_version = 99');
    database.close();
    expect(codeOf(() => openDatabase(path))).toBe('STORE_WRONG_FILE');
  });

  test('refuses a file that was cut short, and loses nothing of it', () => {
    const path = join(folder, 'store.sqlite');
    filled(path);
    truncateSync(path, Math.floor(statSync(path).size / 2));
    const before = readFileSync(path);
    expect(codeOf(() => openDatabase(path))).toBe('STORE_DAMAGED');
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test('never hands out a value in which any one byte has rotted', () => {
    const path = join(folder, 'store.sqlite');
    filled(path);
    const whole = readFileSync(path);
    const random = seededRandom(3);
    let noticed = 0;
    for (let round = 0; round < 40; round++) {
      const rotten = join(folder, `rotten-${round}.sqlite`);
      copyFileSync(path, rotten);
      const bytes = Uint8Array.from(whole);
      const at = 100 + random.below(whole.length - 100);
      bytes[at] = (bytes[at] as number) ^ 0x40;
      writeFileSync(rotten, bytes);
      noticed += readsAsWritten(path, rotten);
    }
    expect(noticed).toBeGreaterThan(20);
  });
});

/** Every value read from `rotten` is the one in `path`, or the read fails as damaged. @returns 1 where it failed */
function readsAsWritten(path: string, rotten: string): number {
  const good = openDatabase(path);
  try {
    const database = openDatabase(rotten);
    for (const { key, value } of database.scan('key/', {})) expect(value).toEqual(good.get(key));
    database.close();
    return 0;
  } catch (error) {
    if (isMurmurError(error, 'STORE_DAMAGED') || isMurmurError(error, 'STORE_WRONG_FILE')) return 1;
    throw error;
  } finally {
    good.close();
  }
}
