import { equalBytes } from '@murmuration/core';
import { verifyMerkleProof } from '@murmuration/crypto';
import { stateLeaf } from './merkle-map.ts';
import type { StateProof } from './store.ts';

/**
 * Whether `proof` shows its key and value in the state whose root a quorum agreed on. Needs nothing else, so
 * a light client can ask anyone for the proof.
 * @param root 32 bytes, from a certified checkpoint
 */
export function verifyStateProof(proof: StateProof, root: Uint8Array): boolean {
  if (!equalBytes(proof.root, root)) return false;
  return verifyMerkleProof(stateLeaf(proof.key, proof.value), proof.index, proof.size, proof.path, root);
}
