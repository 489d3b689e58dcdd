import { accept, assert, concatBytes, type Entropy, type Result, refuse } from '@murmuration/core';
import type { ElementRefusal } from './group/group.ts';
import type { Equation, Pending } from './transcript/equations.ts';
import { allHold } from './transcript/equations.ts';
import type { Transcript } from './transcript/transcript.ts';

export type ProofRefusal = ElementRefusal | 'false-proof';

/**
 * One thing that a proof says, over public points. It puts its statement into the transcript before anything else, so
 * that no challenge comes before it. Made with the openings it can prove; made without, only check.
 */
export interface Clause {
  /** For people and for tests. */
  readonly name: string;
  /** Exact length of its proof. */
  readonly proofBytes: number;
  /** Gives a proof that is refused where the openings do not satisfy the statement; the caller checks before. */
  prove(transcript: Transcript, entropy: Entropy): Uint8Array;
  /** Reads a proof and says which equations remain. Absorbs every byte of it. */
  read(transcript: Transcript, proof: Uint8Array): Result<readonly Equation[], ProofRefusal>;
}

/** The conjunction: each clause after the other on one transcript. */
export function proveAll(clauses: readonly Clause[], transcript: Transcript, entropy: Entropy): Uint8Array {
  const proofs: Uint8Array[] = [];
  for (const clause of clauses) {
    transcript.absorb('clause', new TextEncoder().encode(clause.name));
    const proof = clause.prove(transcript, entropy);
    assert(proof.length === clause.proofBytes, `${clause.name} has ${clause.proofBytes} bytes`);
    proofs.push(proof);
  }
  return concatBytes(...proofs);
}

export function readAll(
  clauses: readonly Clause[],
  transcript: Transcript,
  proof: Uint8Array,
): Result<Pending, ProofRefusal> {
  const wanted = clauses.reduce((sum, { proofBytes }) => sum + proofBytes, 0);
  if (proof.length !== wanted) return refuse('wrong-length', `${proof.length} bytes, not ${wanted}`);
  const equations: Equation[] = [];
  let at = 0;
  for (const clause of clauses) {
    transcript.absorb('clause', new TextEncoder().encode(clause.name));
    const read = clause.read(transcript, proof.subarray(at, at + clause.proofBytes));
    if (!read.ok) return read;
    equations.push(...read.value);
    at += clause.proofBytes;
  }
  return accept({ equations, digest: transcript.bytes(32) });
}

/** Reads and checks. */
export function verifyAll(
  clauses: readonly Clause[],
  transcript: Transcript,
  proof: Uint8Array,
): Result<void, ProofRefusal> {
  const read = readAll(clauses, transcript, proof);
  if (!read.ok) return read;
  return allHold([read.value]) ? accept(undefined) : refuse('false-proof');
}
