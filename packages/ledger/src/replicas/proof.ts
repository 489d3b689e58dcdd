import type { NextEpoch, ProveNext } from '@murmuration/consensus';
import { accept, bytesUpTo, decodeCanonical, encode, type Result, refuse, struct, uint } from '@murmuration/core';
import { decodeStateAnswer, encodeStateAnswer, type StateAnswer, verifyStateAnswer } from '../state/proof.ts';
import { epochKey, epochSchema } from './schema.ts';

/** Above the leaf of 128 replicas with its path. */
const MAX_BYTES = 64 * 1024;
/** Above every encoded epoch proof. */
export const MAX_EPOCH_PROOF_BYTES = MAX_BYTES + 64;

const proofSchema = struct({ epoch: uint, answer: bytesUpTo(MAX_BYTES) });

/** @param answer of the ledger at the last height before `epoch`, to the key `epoch/EPOCH` */
export function encodeEpochProof(epoch: number, answer: StateAnswer): Uint8Array {
  return encode(proofSchema, { epoch, answer: encodeStateAnswer(answer) });
}

/**
 * Reads the next replica set of a chain of this ledger out of a proof under a certified state, for a follower of it.
 * @param chainId 32 bytes
 */
export function proveNextEpoch(chainId: Uint8Array): ProveNext {
  return (stateDigest, wire) => {
    const proof = decodeCanonical(proofSchema, wire, { maxBytes: MAX_EPOCH_PROOF_BYTES });
    if (!proof.ok) return proof;
    const answer = decodeStateAnswer(proof.value.answer, MAX_BYTES);
    if (!answer.ok) return answer;
    const shown = verifyStateAnswer(`epoch/${epochKey(proof.value.epoch)}`, answer.value, stateDigest);
    if (!shown.ok) return shown;
    return shown.value === null ? refuse('no-such-epoch') : readEntry(chainId, shown.value);
  };
}

function readEntry(chainId: Uint8Array, value: Uint8Array): Result<NextEpoch> {
  const entry = decodeCanonical(epochSchema, value);
  if (!entry.ok) return entry;
  const { epoch, baseHeight: lastHeight, replicas } = entry.value;
  return accept({ next: { chainId, epoch, replicas }, lastHeight });
}
