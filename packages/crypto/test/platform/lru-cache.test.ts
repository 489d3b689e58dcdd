import { expect, test } from 'vitest';
import { lruCache } from '../../src/platform/lru-cache.ts';

test('the cache makes each value once, holds at most max, and forgets the one unused for longest', () => {
  const made: string[] = [];
  const cache = lruCache<string>(2);
  const get = (name: string) =>
    cache(name, () => {
      made.push(name);
      return name.toUpperCase();
    });
  expect(['a', 'b', 'a', 'c', 'a', 'b'].map(get)).toEqual(['A', 'B', 'A', 'C', 'A', 'B']);
  expect(made).toEqual(['a', 'b', 'c', 'b']);
});

test('a value that cannot be made is not remembered', () => {
  const cache = lruCache<number>(2);
  const fail = (): number => {
    throw new Error('no');
  };
  expect(() => cache('a', fail)).toThrow('no');
  expect(cache('a', () => 1)).toBe(1);
});
