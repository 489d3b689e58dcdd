import { toHex, utf8 } from '@murmuration/core';
import { merkleRoot, verifyMerkleProof } from '@murmuration/crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createMerkleMap, type MerkleMap, stateLeaf } from '../../src/state/merkle-map.ts';

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

test('every key has a proof that verifies, and no other leaf does under it', () => {
  fc.assert(
    fc.property(fc.array(changes, { maxLength: 6 }), (blocks) => {
      const { map, leaves } = follow(blocks);
      for (const { key, leaf } of leaves) {
        const proof = map.prove(key);
        if (proof === undefined) throw new Error(`no proof of ${key}`);
        expect(verifyMerkleProof(leaf, proof.index, map.size, proof.path, map.root())).toBe(true);
        const other = stateLeaf(key, utf8('another'));
        expect(verifyMerkleProof(other, proof.index, map.size, proof.path, map.root())).toBe(false);
      }
      expect(map.prove('zz')).toBeUndefined();
    }),
    { numRuns: 100 },
  );
});
