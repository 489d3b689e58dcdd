import { equalBytes, toHex } from '@murmuration/core';
import { describe, expect, test } from 'vitest';
import { merkleProof, merkleRoot, sha3_256, verifyMerkleProof } from '../../src/index.ts';

const MAX_SIZE = 70;

function leavesOf(size: number): Uint8Array[] {
  return Array.from({ length: size }, (_, i) => new TextEncoder().encode(`leaf ${i} of ${size}`));
}

describe.each(Array.from({ length: MAX_SIZE }, (_, i) => i + 1))('a tree of %i leaves', (size) => {
  const leaves = leavesOf(size);
  const root = merkleRoot(leaves);

  test('proves every leaf in at most ⌈log2 n⌉ hashes', () => {
    for (const [index, leaf] of leaves.entries()) {
      const proof = merkleProof(leaves, index);
      expect(proof.length).toBeLessThanOrEqual(Math.ceil(Math.log2(size)));
      expect(verifyMerkleProof(leaf, index, size, proof, root)).toBe(true);
    }
  });

  test('proves no leaf at another index, nor another leaf, nor with a proof cut or grown', () => {
    for (const [index, leaf] of leaves.entries()) {
      const proof = merkleProof(leaves, index);
      const other = (index + 1) % size;
      if (other !== index) {
        expect(verifyMerkleProof(leaf, other, size, proof, root)).toBe(false);
        expect(verifyMerkleProof(leaves[other] as Uint8Array, index, size, proof, root)).toBe(false);
        expect(verifyMerkleProof(leaf, index, size, merkleProof(leaves, other), root)).toBe(false);
        expect(verifyMerkleProof(leaf, index, size, proof.slice(1), root)).toBe(false);
        expect(verifyMerkleProof(leaf, index, size, proof.slice(0, -1), root)).toBe(false);
      }
      expect(verifyMerkleProof(leaf, index, size, [...proof, root], root)).toBe(false);
      expect(verifyMerkleProof(leaf, index, size, [root, ...proof], root)).toBe(false);
      expect(verifyMerkleProof(leaf, size, size, proof, root)).toBe(false);
    }
  });
});

test('a tree follows the shape of RFC 6962 §2.1 with SHA3-256', () => {
  const leaves = leavesOf(5);
  const [a, b, c, d, e] = leaves.map((leaf) => sha3_256(Uint8Array.of(0), leaf)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  const node = (left: Uint8Array, right: Uint8Array) => sha3_256(Uint8Array.of(1), left, right);
  expect(toHex(merkleRoot(leaves))).toBe(toHex(node(node(node(a, b), node(c, d)), e)));
  expect(toHex(merkleRoot(leaves.slice(0, 1)))).toBe(toHex(a));
  expect(toHex(merkleRoot([]))).toBe(toHex(sha3_256()));
});

test('every flip of one byte in leaf, proof or root is refused', () => {
  for (const size of [2, 7]) {
    const leaves = leavesOf(size);
    const root = merkleRoot(leaves);
    for (const [index, leaf] of leaves.entries()) {
      const proof = merkleProof(leaves, index);
      const parts = [leaf, root, ...proof];
      for (const [part, bytes] of parts.entries()) {
        for (let at = 0; at < bytes.length; at++) {
          const changed = parts.map((one) => one.slice());
          const target = changed[part] as Uint8Array;
          target[at] = (target[at] as number) ^ (1 + ((at * 37) % 255));
          const [flippedLeaf, flippedRoot, ...flippedProof] = changed as [Uint8Array, Uint8Array, ...Uint8Array[]];
          expect(verifyMerkleProof(flippedLeaf, index, size, flippedProof, flippedRoot)).toBe(false);
        }
      }
    }
  }
});

test('an inner node passes for no leaf', () => {
  const leaves = leavesOf(4);
  const [a, b] = leaves.map((leaf) => sha3_256(Uint8Array.of(0), leaf)) as [Uint8Array, Uint8Array];
  const forged = new Uint8Array([...a, ...b]);
  const proof = merkleProof(leaves, 0).slice(1);
  expect(verifyMerkleProof(forged, 0, 2, proof, merkleRoot(leaves))).toBe(false);
});

test('numbers and hashes that no prover would send are refused', () => {
  const leaves = leavesOf(3);
  const root = merkleRoot(leaves);
  const leaf = leaves[0] as Uint8Array;
  const proof = merkleProof(leaves, 0);
  for (const index of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    expect(verifyMerkleProof(leaf, index, 3, proof, root)).toBe(false);
    expect(verifyMerkleProof(leaf, 0, index, proof, root)).toBe(false);
  }
  const short = proof.map((hash) => hash.slice(1));
  expect(verifyMerkleProof(leaf, 0, 3, short, root)).toBe(false);
  expect(
    verifyMerkleProof(
      leaf,
      0,
      2 ** 52,
      Array.from({ length: 5000 }, () => root),
      root,
    ),
  ).toBe(false);
});

test('a proof is asked for a leaf that exists', () => {
  expect(() => merkleProof(leavesOf(3), 3)).toThrow(/index of the proven leaf is 3/);
  expect(() => merkleProof([], 0)).toThrow(expect.objectContaining({ code: 'OPTION_OUT_OF_RANGE' }));
});

test('proofs and roots share no memory with the leaves', () => {
  const leaves = leavesOf(1);
  const before = merkleRoot(leaves);
  (leaves[0] as Uint8Array).fill(0);
  expect(equalBytes(before, merkleRoot(leaves))).toBe(false);
});
