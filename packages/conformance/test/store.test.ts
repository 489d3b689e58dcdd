import { type Change, memoryStore, type Store } from '@murmuration/core';
import { expect, test } from 'vitest';
import { storeConformance } from '../src/index.ts';

storeConformance('memoryStore', async () => memoryStore());

/** memoryStore behind a place that survives disposal: shows that the suite's durable part runs. */
storeConformance(
  'a store over a shared map',
  async () => sharedStore(memoryStore()),
  async () => {
    const entries = memoryStore();
    return async () => sharedStore(entries);
  },
);

function sharedStore(inner: Store): Store {
  return {
    get: (key) => inner.get(key),
    scan: (prefix, options) => inner.scan(prefix, options),
    write: (changes: readonly Change[]) => inner.write(changes),
    [Symbol.asyncDispose]: async () => {},
  };
}

test('the order of UTF-8 differs from the order of UTF-16 units in the keys that the suite uses', () => {
  const keys = ['a/\u{10000}', 'a/\uffee'];
  expect([...keys].sort()).toEqual(keys);
  expect([...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))).toEqual([keys[1], keys[0]]);
});
