import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { storeConformance } from '@murmuration/conformance';
import { isMurmurError, utf8 } from '@murmuration/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sqliteStore } from '../../src/adapters/sqlite-store.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'murmur-store-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function codeOf(action: () => Promise<unknown>): Promise<string> {
  try {
    await action();
  } catch (error) {
    if (isMurmurError(error)) return error.code;
    throw error;
  }
  return 'none';
}

storeConformance(
  'a store on SQLite',
  async () => sqliteStore(join(mkdtempSync(join(folder, 'new-')), 'store.sqlite')),
  async () => {
    const path = join(mkdtempSync(join(folder, 'place-')), 'store.sqlite');
    return async () => sqliteStore(path);
  },
);

describe('a store on SQLite', () => {
  test('keeps what was written when it is opened again', async () => {
    const path = join(folder, 'store.sqlite');
    {
      await using store = sqliteStore(path);
      await store.write([{ key: 'key/007', value: new Uint8Array(3000) }]);
    }
    await using store = sqliteStore(path);
    expect((await store.scan('key/')).length).toBe(1);
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

  test('a file that cannot be a store is refused with its code', async () => {
    const path = join(folder, 'store.sqlite');
    writeFileSync(path, 'something else entirely, and long enough to have a header');
    expect(await codeOf(async () => sqliteStore(path))).toBe('STORE_WRONG_FILE');
  });

  test('after it is closed every call is refused with a code', async () => {
    const store = sqliteStore(join(folder, 'store.sqlite'));
    await store[Symbol.asyncDispose]();
    expect(await codeOf(() => store.get('a'))).toBe('STORE_CLOSED');
    expect(await codeOf(() => store.write([]))).toBe('STORE_CLOSED');
  });

  test('two processes never write one file', async () => {
    const path = join(folder, 'store.sqlite');
    await using store = sqliteStore(path);
    await store.write([{ key: 'a', value: utf8('1') }]);
    expect(await codeOf(async () => sqliteStore(path))).toBe('STORE_IN_USE');
  });
});

async function time(action: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await action();
  return performance.now() - start;
}
