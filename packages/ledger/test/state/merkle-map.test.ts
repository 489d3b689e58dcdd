import { toHex, utf8 } from '@murmuration/core';
import { merkleRoot } from '@murmuration/crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hashLeaf, stateLeaf } from '../../src/state/leaf.ts';
import { createMerkleMap, type MerkleMap } from '../../src/state/merkle-map.ts';
import { rangeRoot } from '../../src/state/range.ts';

/** Puts, or deletes where null; few keys, so that deletions and overwrites hit. */
const changes = fc.array(fc.tuple(fc.stringMatching(/^[a-d]{1,3}$/), fc.option(fc.nat(9))), { maxLength: 30 });

function follow(blocks: readonly (readonly (readonly [string, number | null])[])[]): {
  map: MerkleMap;
  leaves: { key: string; leaf: Uint8Array }[];
} {
  const map = createMerkleMap();
  const model = new Map<string, Uint8Array>();
  for (const block of blocks) {
    const update = new Map(block.map(([key, value]) => [key, value === null ? null : utf8(String(value))]));
    map.update(update);
    for (const [key, value] of update) {
      if (value === null) model.delete(key);
      else model.set(key, value);
    }
  }
  const keys = [...model.keys()].sort();
  return { map, leaves: keys.map((key) => ({ key, leaf: stateLeaf(key, model.get(key) as Uint8Array) })) };
}

test('after any updates the root is the RFC 6962 root over the sorted leaves', () => {
  fc.assert(
    fc.property(fc.array(changes, { maxLength: 12 }), (blocks) => {
      const { map, leaves } = follow(blocks);
      expect(map.size).toBe(leaves.length);
      expect(toHex(map.root())).toBe(toHex(merkleRoot(leaves.map(({ leaf }) => leaf))));
    }),
    { numRuns: 300 },
  );
});

test('every range of leaves gives the root with the hashes beside it, and no other range does', () => {
  fc.assert(
    fc.property(fc.array(changes, { maxLength: 6 }), (blocks) => {
      const { map, leaves } = follow(blocks);
      const hashes = leaves.map(({ leaf }) => hashLeaf(leaf));
      const root = toHex(map.root());
      for (let first = 0; first < hashes.length; first++) {
        for (let end = first + 1; end <= hashes.length; end++) {
          const range = hashes.slice(first, end);
          const beside = map.range(first, range.length);
          expect(rootOf(first, range, map.size, beside)).toBe(root);
          const other = [...range.slice(1), hashLeaf(utf8('another'))];
          expect(rootOf(first, other, map.size, beside)).not.toBe(root);
          expect(rootOf(first + 1, range, map.size, beside)).not.toBe(root);
          expect(rootOf(first, range, map.size, [...beside, other[0] as Uint8Array])).toBe('none');
        }
      }
    }),
    { numRuns: 40 },
  );
});

function rootOf(first: number, leaves: readonly Uint8Array[], size: number, beside: readonly Uint8Array[]): string {
  const root = rangeRoot(first, leaves, size, beside);
  return root === undefined ? 'none' : toHex(root);
}

test('a key is found where it stands, or where it would', () => {
  const map = createMerkleMap();
  map.update(new Map(['b', 'd'].map((key) => [key, utf8(key)])));
  expect(['a', 'b', 'c', 'd', 'e'].map((key) => map.find(key))).toEqual([
    { index: 0, present: false },
    { index: 0, present: true },
    { index: 1, present: false },
    { index: 1, present: true },
    { index: 2, present: false },
  ]);
});
