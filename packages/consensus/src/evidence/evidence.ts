import {
  accept,
  compareBytes,
  decodeCanonical,
  encode,
  equalBytes,
  type Infer,
  type Result,
  refuse,
  struct,
  toHex,
} from '@murmuration/core';
import { ed25519Verify, sha3_256 } from '@murmuration/crypto';
import { type Phase, type SignedStatement, signedStatementSchema, verifyStatement } from '../quorum/statement.ts';

/**
 * Two statements that one replica signed and no correct replica signs together. Self-contained: with the key of
 * the accused and the chain id anyone can check it, at any time.
 */
const evidenceSchema = struct({ first: signedStatementSchema, second: signedStatementSchema });

export type Evidence = Infer<typeof evidenceSchema>;

export type EvidenceClass =
  | 'conflicting-proposals'
  | 'conflicting-votes'
  | 'conflicting-checkpoints'
  | 'conflicting-view-changes'
  | 'conflicting-new-views'
  | 'conflicting-round-changes';

export interface EvidenceFacts {
  readonly class: EvidenceClass;
  readonly accusedIndex: number;
  readonly epoch: number;
  readonly view: number;
  readonly height: number;
  /** One sentence for people. */
  readonly summary: string;
}

const CLASS_OF_PHASE = {
  checkpoint: 'conflicting-checkpoints',
  'view-change': 'conflicting-view-changes',
  'new-view': 'conflicting-new-views',
  'round-change': 'conflicting-round-changes',
} as const;

/** @returns the evidence in its one encoding, whichever statement came first; undefined where they do not conflict */
export function createEvidence(a: SignedStatement, b: SignedStatement): Uint8Array | undefined {
  if (a.replica !== b.replica || conflictOf(a, b) === undefined) return undefined;
  const [first, second] = inOrder(a, b) ? [a, b] : [b, a];
  return encode(evidenceSchema, { first, second });
}

export function readEvidence(wire: Uint8Array): Result<Evidence> {
  const decoded = decodeCanonical(evidenceSchema, wire, { maxBytes: 1024 });
  if (!decoded.ok) return decoded;
  const { first, second } = decoded.value;
  if (first.replica !== second.replica) return refuse('two-signers');
  if (conflictOf(first, second) === undefined) return refuse('no-conflict');
  return inOrder(first, second) ? decoded : refuse('not-canonical');
}

/**
 * Checks evidence offline.
 * @param keyOfAccused Ed25519 public key of replica `accusedIndex` in the evidence's epoch
 */
export function verifyEvidence(wire: Uint8Array, keyOfAccused: Uint8Array, chainId: Uint8Array): Result<EvidenceFacts> {
  const read = readEvidence(wire);
  if (!read.ok) return read;
  const { first, second } = read.value;
  for (const statement of [first, second]) {
    if (!verifyStatement(ed25519Verify, chainId, statement, statement.signature, keyOfAccused)) {
      return refuse('bad-signature', `the ${statement.phase} is not signed by this key for this chain`);
    }
  }
  const kind = conflictOf(first, second) as EvidenceClass;
  const { replica: accusedIndex, epoch, view, height } = first;
  return accept({ class: kind, accusedIndex, epoch, view, height, summary: summarise(first, second) });
}

/** Hexadecimal of the first 16 bytes of the SHA3-256 of the evidence. */
export function evidenceId(wire: Uint8Array): string {
  return toHex(sha3_256(wire).subarray(0, 16));
}

/** @returns the class of the conflict, or undefined where a correct replica may sign both */
export function conflictOf(
  a: Omit<SignedStatement, 'signature' | 'replica'>,
  b: Omit<SignedStatement, 'signature' | 'replica'>,
): EvidenceClass | undefined {
  if (a.epoch !== b.epoch || a.view !== b.view || a.height !== b.height || equalBytes(a.digest, b.digest))
    return undefined;
  if (ordering(a.phase) && ordering(b.phase)) {
    return a.phase === 'pre-prepare' && b.phase === 'pre-prepare' ? 'conflicting-proposals' : 'conflicting-votes';
  }
  return a.phase === b.phase ? CLASS_OF_PHASE[a.phase as keyof typeof CLASS_OF_PHASE] : undefined;
}

/** A correct replica names one digest for each (view, height), in all of these phases together. */
function ordering(phase: Phase): boolean {
  return phase === 'pre-prepare' || phase === 'prepare' || phase === 'commit';
}

function inOrder(a: SignedStatement, b: SignedStatement): boolean {
  return compareBytes(encode(signedStatementSchema, a), encode(signedStatementSchema, b)) < 0;
}

function summarise(first: SignedStatement, second: SignedStatement): string {
  const short = (digest: Uint8Array) => toHex(digest.subarray(0, 4));
  const at = `view ${first.view}, height ${first.height}`;
  return `replica ${first.replica} signed ${first.phase} ${short(first.digest)} and ${second.phase} ${short(second.digest)} at ${at}`;
}
