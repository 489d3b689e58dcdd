import {
  bytes,
  bytesUpTo,
  decodeCanonical,
  encode,
  type Infer,
  type Result,
  refuse,
  struct,
  union,
} from '@murmuration/core';
import { VRF_PROOF_BYTES } from '@murmuration/crypto';
import { MAX_REPLICAS } from '../quorum/replica-set.ts';
import { digestSchema, type SignedStatement, signedStatementSchema } from '../quorum/statement.ts';

/**
 * Evidence fits a request, with the certificates that a ledger puts around it. What is larger convicts nobody: a
 * new-view of more than about ten replicas with a full log window.
 */
export const MAX_EVIDENCE_BYTES = 96 * 1024;
const MAX_PROOF_BYTES = 256 + MAX_REPLICAS * 72;

/** A vote of ProBFT: its signature covers the proof of its sample too. */
const sampledVoteSchema = struct({ vote: signedStatementSchema, proof: bytes(VRF_PROOF_BYTES) });

/** Each proof that a replica lied. The numbers are the format. */
const evidenceSchema = union({
  /** Two digests under one key where a correct replica names one. The smaller encoding comes first. */
  1: ['conflict', struct({ first: signedStatementSchema, second: signedStatementSchema })],
  /** The same, of votes of ProBFT. */
  2: ['sampled-conflict', struct({ first: sampledVoteSchema, second: sampledVoteSchema })],
  /** A commit, and a view-change or round-change for later whose body knows nothing of what was prepared then. */
  3: [
    'forgotten-lock',
    struct({ commit: signedStatementSchema, change: signedStatementSchema, body: bytesUpTo(MAX_EVIDENCE_BYTES) }),
  ],
  /** A signed view-change or new-view whose body is wrong by itself, or by a proof that it names by digest. */
  4: [
    'bad-justification',
    struct({
      statement: signedStatementSchema,
      body: bytesUpTo(MAX_EVIDENCE_BYTES),
      /** The part of a view-change that its body names by digest; empty for what the body shows alone. */
      proof: bytesUpTo(MAX_PROOF_BYTES),
    }),
  ],
  /** A signed state, and the other one that a quorum certifies for that height. */
  5: [
    'state-mismatch',
    struct({ checkpoint: signedStatementSchema, certified: digestSchema, certificate: bytesUpTo(MAX_PROOF_BYTES) }),
  ],
  /** A signed vote of ProBFT whose proof is none. */
  6: ['bad-sample', sampledVoteSchema],
});

export type Evidence = Infer<typeof evidenceSchema>;
export type EvidenceOf<Kind extends Evidence['kind']> = Extract<Evidence, { kind: Kind }>;

export function encodeEvidence(evidence: Evidence): Uint8Array {
  return encode(evidenceSchema, evidence);
}

/** @returns the shape alone: see `readEvidence` */
export function decodeEvidence(wire: Uint8Array): Result<Evidence> {
  if (wire.length > MAX_EVIDENCE_BYTES) return refuse('too-large', `${wire.length} bytes`);
  return decodeCanonical(evidenceSchema, wire, { maxBytes: MAX_EVIDENCE_BYTES });
}

/** The statements whose signatures make it a proof, each of the accused. */
export function statementsOf(evidence: Evidence): readonly SignedStatement[] {
  switch (evidence.kind) {
    case 'conflict':
      return [evidence.first, evidence.second];
    case 'sampled-conflict':
      return [evidence.first.vote, evidence.second.vote];
    case 'forgotten-lock':
      return [evidence.commit, evidence.change];
    case 'bad-justification':
      return [evidence.statement];
    case 'state-mismatch':
      return [evidence.checkpoint];
    case 'bad-sample':
      return [evidence.vote];
  }
}
