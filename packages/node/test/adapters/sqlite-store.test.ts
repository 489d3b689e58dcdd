import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isMurmurError, seededRandom, utf8 } from '@murmuration/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sqliteStore } from '../../src/adapters/sqlite-store.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'murmur-store-'));
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

async function filled(path: string): Promise<void> {
  await using store = sqliteStore(path);
  const random = seededRandom(7);
  for (let i = 0; i < 50; i++) {
    const value = Uint8Array.from({ length: 3000 }, () => random.below(256));
    await store.write([{ key: `key/${String(i).padStart(3, '0')}`, value }]);
  }
}

describe('a store on SQLite', () => {
  test('keeps what was written when it is opened again', async () => {
    const path = join(folder, 'store.sqlite');
    await filled(path);
    await using store = sqliteStore(path);
    expect((await store.scan('key/')).length).toBe(50);
    expect((await store.get('key/007'))?.length).toBe(3000);
  });

  test('a read in the tick of a write sees it', async () => {
    await using store = sqliteStore(join(folder, 'store.sqlite'));
    const written = store.write([{ key: 'a', value: utf8('1') }]);
    expect(await store.get('a')).toEqual(utf8('1'));
    await written;
  });

  test('writes of one tick are one transaction: 200 of them take far less than 200 syncs', async () => {
    await using store = sqliteStore(join(folder, 'store.sqlite'));
    const one = await time(() => store.write([{ key: 'warm', value: utf8('1') }]));
    const many = await time(() =>
      Promise.all(Array.from({ length: 200 }, (_, i) => store.write([{ key: `k${i}`, value: utf8('x') }]))),
    );
    expect(many).toBeLessThan(Math.max(50, one * 100));
    expect((await store.scan('k')).length).toBe(200);
  });

  test('refuses a file that is no database', () => {
    const path = join(folder, 'store.sqlite');
    writeFileSync(path, 'something else entirely, and long enough to have a header');
    expect(codeOf(() => sqliteStore(path))).toBe('STORE_WRONG_FILE');
    expect(readFileSync(path, 'utf8')).toMatch(/^something else/);
  });

  test("refuses another program's database and leaves it as it was", () => {
    const path = join(folder, 'store.sqlite');
    const other = new DatabaseSync(path);
    other.exec('CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)');
    other.close();
    expect(codeOf(() => sqliteStore(path))).toBe('STORE_WRONG_FILE');
    const again = new DatabaseSync(path);
    expect(again.prepare('SELECT count(*) AS n FROM theirs').get()).toEqual({ n: 1 });
    again.close();
  });

  test('refuses the layout of a newer version', async () => {
    const path = join(folder, 'store.sqlite');
    await filled(path);
    const database = new DatabaseSync(path);
    database.exec('PRAGMA user_version = 99');
    database.close();
    expect(codeOf(() => sqliteStore(path))).toBe('STORE_WRONG_FILE');
  });

  test('refuses a file that was cut short, and loses nothing of it', async () => {
    const path = join(folder, 'store.sqlite');
    await filled(path);
    truncateSync(path, Math.floor(statSync(path).size / 2));
    const before = readFileSync(path);
    expect(codeOf(() => sqliteStore(path))).toBe('STORE_DAMAGED');
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test('never hands out a value in which any one byte has rotted', async () => {
    const path = join(folder, 'store.sqlite');
    await filled(path);
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
      noticed += await readsAsWritten(path, rotten);
    }
    expect(noticed).toBeGreaterThan(20);
  });

  test('two processes never write one file', async () => {
    const path = join(folder, 'store.sqlite');
    await using store = sqliteStore(path);
    await store.write([{ key: 'a', value: utf8('1') }]);
    expect(codeOf(() => sqliteStore(path))).toBe('STORE_IN_USE');
  });
});

/** Every value read from `rotten` is the one in `path`, or the read fails as damaged. @returns 1 where it failed */
async function readsAsWritten(path: string, rotten: string): Promise<number> {
  await using good = sqliteStore(path);
  try {
    await using store = sqliteStore(rotten);
    for (const { key, value } of await store.scan('key/')) expect(value).toEqual(await good.get(key));
    return 0;
  } catch (error) {
    if (isMurmurError(error, 'STORE_DAMAGED') || isMurmurError(error, 'STORE_WRONG_FILE')) return 1;
    throw error;
  }
}

async function time(action: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await action();
  return performance.now() - start;
}
