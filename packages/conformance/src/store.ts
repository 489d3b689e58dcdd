import type { Change, Store } from '@murmuration/core';
import { describe, expect, test } from 'vitest';

/** Opens the same place each time it is called, so that what one `Store` wrote the next one reads. */
export type Place = () => Promise<Store>;

/**
 * What every `Store` promises, as tests.
 * @param open a new, empty store
 * @param newPlace a new, empty place that outlives its stores; left out for a store in memory
 */
export function storeConformance(name: string, open: () => Promise<Store>, newPlace?: () => Promise<Place>): void {
  describe(`${name} keeps the contract of Store`, () => {
    readsWhatWasWritten(open);
    scansInOrder(open);
    writesAllOrNothing(open);
    if (newPlace !== undefined) outlivesItsProcess(newPlace);
  });
}

function readsWhatWasWritten(open: () => Promise<Store>): void {
  test('a key that was never written has no value, and an empty store no entries', async () => {
    await using store = await open();
    expect(await store.get('nothing')).toBeUndefined();
    expect(await store.scan('')).toEqual([]);
  });

  test('a value comes back as a plain Uint8Array, byte for byte, from empty to a megabyte', async () => {
    await using store = await open();
    for (const length of [0, 1, 255, 65_537, 1_048_576]) {
      const value = Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 255);
      await store.write([{ key: 'k', value }]);
      const read = await store.get('k');
      expect(read?.constructor).toBe(Uint8Array);
      expect(Buffer.compare(read as Uint8Array, value)).toBe(0);
    }
  });

  test('an empty value is a value; null deletes, also what is not there', async () => {
    await using store = await open();
    await store.write([put('empty', '')]);
    expect(await store.get('empty')).toEqual(new Uint8Array(0));
    await store.write([remove('empty'), remove('never')]);
    expect(await store.get('empty')).toBeUndefined();
    expect(await store.scan('')).toEqual([]);
  });

  test('the store shares no memory with its callers', async () => {
    await using store = await open();
    const value = Uint8Array.of(1, 2, 3);
    const written = store.write([{ key: 'k', value }]);
    await written;
    value.fill(9);
    const read = (await store.get('k')) as Uint8Array;
    read.fill(8);
    for (const entry of await store.scan('k')) entry.value.fill(7);
    expect([...((await store.get('k')) as Uint8Array)]).toEqual([1, 2, 3]);
  });

  test('keys are any text: wildcards, quotes, spaces, case, and letters beyond ASCII stay apart', async () => {
    await using store = await open();
    const keys = ['%', '_', '*', '?', "'", '"', '\\', ' ', 'a', 'A', 'a ', 'ä', 'a\u0308', '日本', '😀', '[a]', 'a--'];
    await store.write(keys.map((key) => put(key, key)));
    for (const key of keys) expect([key, asText(await store.get(key))]).toEqual([key, key]);
    for (const key of ['%', '_', '*', '?', '[a]']) expect(await keysOf(store, key)).toEqual([key]);
    expect(await keysOf(store, 'a')).toEqual(['a', 'a ', 'a--', 'a\u0308']);
  });
}

function scansInOrder(open: () => Promise<Store>): void {
  test('a scan gives the keys with a prefix in the order of their UTF-8 bytes, whatever the order of writing', async () => {
    await using store = await open();
    const keys = ['b', 'a/2', 'a/10', 'a', 'a/', 'ab', 'a/\u{10000}', 'a/\uffee', 'a/ÿ', 'a0', 'B'];
    for (const key of keys) await store.write([put(key, key)]);
    const sorted = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(await keysOf(store, '')).toEqual(sorted);
    expect(await keysOf(store, 'a/')).toEqual(sorted.filter((key) => key.startsWith('a/')));
    expect(await keysOf(store, 'a/', { reverse: true })).toEqual(
      sorted.filter((key) => key.startsWith('a/')).reverse(),
    );
    expect(await keysOf(store, 'c')).toEqual([]);
    expect((await store.scan('a/')).map(({ value }) => asText(value))).toEqual(await keysOf(store, 'a/'));
  });

  test('a scan stops at its limit, 1000 unless told, and goes on after a key in either direction', async () => {
    await using store = await open();
    const keys = Array.from({ length: 1005 }, (_, i) => `n/${String(i).padStart(4, '0')}`);
    await store.write([...keys.map((key) => put(key, 'x')), put('m', 'x'), put('o', 'x')]);
    expect(await keysOf(store, 'n/')).toEqual(keys.slice(0, 1000));
    expect(await keysOf(store, 'n/', { limit: 2 })).toEqual(keys.slice(0, 2));
    expect(await keysOf(store, 'n/', { limit: 2, reverse: true })).toEqual(keys.slice(-2).reverse());
    expect(await keysOf(store, 'n/', { after: 'n/0002', limit: 2 })).toEqual(['n/0003', 'n/0004']);
    expect(await keysOf(store, 'n/', { after: 'n/0002', limit: 9, reverse: true })).toEqual(['n/0001', 'n/0000']);
    // The key to go on after need not exist, nor have the prefix.
    expect(await keysOf(store, 'n/', { after: 'n/0002x', limit: 1 })).toEqual(['n/0003']);
    expect(await keysOf(store, 'n/', { after: 'n/1004' })).toEqual([]);
    expect(await keysOf(store, 'n/', { after: 'm', limit: 1 })).toEqual(['n/0000']);
    expect(await keysOf(store, 'n/', { after: 'o' })).toEqual([]);
    expect(await keysOf(store, 'n/', { limit: 0 })).toEqual([]);
  });

  test('pages of a scan cover every key once', async () => {
    await using store = await open();
    const keys = Array.from({ length: 47 }, (_, i) => `p/${String(i).padStart(2, '0')}`);
    await store.write(keys.map((key) => put(key, 'x')));
    for (const reverse of [false, true]) {
      const seen: string[] = [];
      let page = await keysOf(store, 'p/', { limit: 10, reverse });
      while (page.length > 0 && seen.length <= keys.length) {
        seen.push(...page);
        page = await keysOf(store, 'p/', { limit: 10, reverse, after: page.at(-1) as string });
      }
      expect(seen).toEqual(reverse ? [...keys].reverse() : keys);
    }
  });
}

function writesAllOrNothing(open: () => Promise<Store>): void {
  test('changes of one write apply in order: the last one of a key stands', async () => {
    await using store = await open();
    await store.write([put('a', '1'), put('a', '2'), put('b', '1'), remove('b'), remove('c'), put('c', '3')]);
    expect(await keysOf(store, '')).toEqual(['a', 'c']);
    expect([asText(await store.get('a')), asText(await store.get('c'))]).toEqual(['2', '3']);
  });

  test('writes of one tick apply in the order of their calls, and a later await sees them all', async () => {
    await using store = await open();
    const writes = Array.from({ length: 50 }, (_, i) => store.write([put('k', String(i)), put(`k/${i}`, String(i))]));
    await Promise.all(writes);
    expect(asText(await store.get('k'))).toBe('49');
    expect((await store.scan('k/')).length).toBe(50);
  });

  test('a write that need not be durable is read like any other, in the order of the calls', async () => {
    await using store = await open();
    const calls = [
      store.write([put('k', 'one')]),
      store.write([put('k', 'two')], { durable: false }),
      store.write([put('other', 'x')], { durable: false }),
    ];
    await Promise.all(calls);
    expect(asText(await store.get('k'))).toBe('two');
    expect((await store.scan('')).map(({ key }) => key)).toEqual(['k', 'other']);
  });

  test('a resolved write is visible to every read after it', async () => {
    await using store = await open();
    for (let i = 0; i < 20; i++) {
      await store.write([put('k', String(i))]);
      expect(asText(await store.get('k'))).toBe(String(i));
      expect((await store.scan('k')).map(({ value }) => asText(value))).toEqual([String(i)]);
    }
  });

  test('an empty write does nothing, and succeeds', async () => {
    await using store = await open();
    await store.write([]);
    expect(await store.scan('')).toEqual([]);
  });

  test('no reader sees half of a write', async () => {
    await using store = await open();
    const keys = ['x/a', 'x/b', 'x/c'];
    await store.write(keys.map((key) => put(key, '0')));
    const views: Promise<readonly { key: string; value: Uint8Array }[]>[] = [];
    const writes: Promise<void>[] = [];
    for (let i = 1; i <= 30; i++) {
      writes.push(store.write(keys.map((key) => put(key, String(i)))));
      views.push(store.scan('x/'));
      await Promise.resolve();
    }
    await Promise.all(writes);
    for (const view of await Promise.all(views)) {
      expect(new Set(view.map(({ value }) => asText(value))).size).toBe(1);
    }
  });

  test('two stores share nothing', async () => {
    await using first = await open();
    await using second = await open();
    await first.write([put('k', '1')]);
    expect(await second.get('k')).toBeUndefined();
  });
}

function outlivesItsProcess(newPlace: () => Promise<Place>): void {
  test('what was written is there when the place is opened again, and what was deleted is not', async () => {
    const place = await newPlace();
    {
      await using store = await place();
      await store.write([put('kept', 'yes'), put('gone', 'no'), put('empty', '')]);
      await store.write([remove('gone')]);
    }
    {
      await using store = await place();
      expect(await keysOf(store, '')).toEqual(['empty', 'kept']);
      expect(asText(await store.get('kept'))).toBe('yes');
      await store.write([put('kept', 'still')]);
    }
    await using store = await place();
    expect(asText(await store.get('kept'))).toBe('still');
  });

  test('closing waits for the writes under way', async () => {
    const place = await newPlace();
    const store = await place();
    const writes = Array.from({ length: 20 }, (_, i) => store.write([put(`k/${i}`, 'x')]));
    await store[Symbol.asyncDispose]();
    await Promise.all(writes);
    await using again = await place();
    expect((await again.scan('k/')).length).toBe(20);
  });
}

function put(key: string, value: string): Change {
  return { key, value: new TextEncoder().encode(value) };
}

function remove(key: string): Change {
  return { key, value: null };
}

function asText(value: Uint8Array | undefined): string | undefined {
  return value === undefined ? undefined : new TextDecoder().decode(value);
}

async function keysOf(store: Store, prefix: string, options?: Parameters<Store['scan']>[1]): Promise<string[]> {
  return (await store.scan(prefix, options)).map(({ key }) => key);
}
