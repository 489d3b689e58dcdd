import { encode, struct, toHex, uint } from '@murmuration/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { verifyStateProof } from '../../src/index.ts';
import { createStateStore, type StateEntry } from '../../src/state/store.ts';

const schema = struct({ n: uint });

function stores() {
  const store = createStateStore();
  return { store, one: store.table('one', schema), two: store.table('two', schema) };
}

const operations = fc.array(
  fc.record({ table: fc.constantFrom('one', 'two'), key: fc.stringMatching(/^[a-e]$/), n: fc.option(fc.nat(5)) }),
  { maxLength: 40 },
);

test('what was loaded from the entries has the same root, whatever happened before', () => {
  fc.assert(
    fc.property(operations, (list) => {
      const { store, one, two } = stores();
      for (const { table, key, n } of list) {
        const target = table === 'one' ? one : two;
        if (n === null) target.delete(key);
        else target.set(key, { n });
        if (n === 3) store.root();
      }
      const copy = stores();
      expect(copy.store.load(store.entries()).ok).toBe(true);
      expect(toHex(copy.store.root())).toBe(toHex(store.root()));
      expect(copy.one.values()).toEqual(one.values());
      expect(copy.two.keys()).toEqual(two.keys());
    }),
  );
});

describe('entries that are no state', () => {
  const value = encode(schema, { n: 1 });
  const cases: [string, readonly StateEntry[]][] = [
    ['unknown-table', [{ key: 'three/a', value }]],
    ['unknown-table', [{ key: 'noslash', value }]],
    [
      'not-sorted',
      [
        { key: 'one/b', value },
        { key: 'one/a', value },
      ],
    ],
    [
      'not-sorted',
      [
        { key: 'one/a', value },
        { key: 'one/a', value },
      ],
    ],
    ['bad-entry', [{ key: 'one/a', value: encode(struct({ n: uint, m: uint }), { n: 1, m: 1 }) }]],
  ];
  test.each(cases)('are refused as %s', (reason, entries) => {
    expect(stores().store.load(entries)).toMatchObject({ ok: false, reason });
  });
});

test('a proof holds for its key, its value and its root alone', () => {
  const { store, one } = stores();
  for (const key of 'abcdefg') one.set(key, { n: key.charCodeAt(0) });
  const proof = store.prove('one/c');
  if (proof === undefined) throw new Error('no proof');
  expect(verifyStateProof(proof, store.root())).toBe(true);
  expect(verifyStateProof({ ...proof, key: 'one/d' }, store.root())).toBe(false);
  expect(verifyStateProof({ ...proof, value: encode(schema, { n: 0 }) }, store.root())).toBe(false);
  expect(verifyStateProof({ ...proof, index: 3 }, store.root())).toBe(false);
  one.set('c', { n: 0 });
  expect(verifyStateProof(proof, store.root())).toBe(false);
  expect(store.prove('one/z')).toBeUndefined();
});
