import { accept, compareBytes, encode, equalBytes, type Result, refuse, toHex } from '@murmuration/core';
import { ed25519Verify, sha3_256 } from '@murmuration/crypto';
import type { ReplicaSet } from '../quorum/replica-set.ts';
import { type Phase, type SignedStatement, signedStatementSchema, type Verify } from '../quorum/statement.ts';
import { fitsSet, type Judge, judge } from './judge.ts';
import { decodeEvidence, type Evidence, type EvidenceOf, encodeEvidence, statementsOf } from './schema.ts';

export type EvidenceClass =
  | 'conflicting-proposals'
  | 'conflicting-votes'
  | 'conflicting-checkpoints'
  | 'conflicting-view-changes'
  | 'conflicting-new-views'
  | 'conflicting-round-changes'
  /** A commit, and a later view-change or round-change that denies what it rests on. */
  | 'vote-against-lock'
  /** A view-change or new-view that is wrong by itself. */
  | 'invalid-justification'
  /** A signed state other than the one that a quorum certifies. */
  | 'state-mismatch'
  /** A vote of ProBFT whose proof of its sample is none. */
  | 'vrf-misuse';

export interface EvidenceFacts {
  readonly class: EvidenceClass;
  readonly accusedIndex: number;
  readonly epoch: number;
  readonly view: number;
  readonly height: number;
  /** One sentence for people. */
  readonly summary: string;
}

export interface VerifyEvidenceOptions {
  /**
   * The replicas of the evidence's epoch. Needed where others' signatures show the lie: an invalid justification, a
   * state mismatch. Their chain id must be the given one, and the accused stand at its number, which is not signed.
   */
  readonly replicaSet?: ReplicaSet;
  /** The accused's key of the verifiable random function, for `vrf-misuse`. */
  readonly vrfKeyOfAccused?: Uint8Array;
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
  return encodeEvidence({ kind: 'conflict', first, second });
}

type SampledVote = EvidenceOf<'sampled-conflict'>['first'];

/** The same, of two votes of ProBFT with the proofs that their signatures cover. */
export function createSampledEvidence(a: SampledVote, b: SampledVote): Uint8Array | undefined {
  if (a.vote.replica !== b.vote.replica || conflictOf(a.vote, b.vote) === undefined) return undefined;
  const [first, second] = inOrder(a.vote, b.vote) ? [a, b] : [b, a];
  return encodeEvidence({ kind: 'sampled-conflict', first, second });
}

/** Reads evidence and checks its form, not yet a signature. `accusedOf` says whom it is about. */
export function readEvidence(wire: Uint8Array): Result<Evidence> {
  const decoded = decodeEvidence(wire);
  if (!decoded.ok) return decoded;
  const [first, second] = statementsOf(decoded.value) as [SignedStatement, SignedStatement | undefined];
  if (second === undefined) return decoded;
  if (first.replica !== second.replica) return refuse('two-signers');
  if (first.epoch !== second.epoch) return refuse('no-conflict');
  if (decoded.value.kind === 'forgotten-lock') return decoded;
  if (conflictOf(first, second) === undefined) return refuse('no-conflict');
  return inOrder(first, second) ? decoded : refuse('not-canonical');
}

/** The replica that evidence is about: its number in the evidence's epoch. */
export function accusedOf(evidence: Evidence): { readonly replica: number; readonly epoch: number } {
  const { replica, epoch } = statementsOf(evidence)[0] as SignedStatement;
  return { replica, epoch };
}

/**
 * Checks evidence offline, at any time.
 * @param keyOfAccused Ed25519 public key of replica `accusedIndex` in the evidence's epoch
 * @param chainId of the protocol: `protocolChain` of the chain where that is not PBFT
 * @returns refused with `needs-replica-set` or `needs-vrf-key` where an option is missing
 */
export function verifyEvidence(
  wire: Uint8Array,
  keyOfAccused: Uint8Array,
  chainId: Uint8Array,
  options: VerifyEvidenceOptions = {},
): Result<EvidenceFacts> {
  return verifyEvidenceBy(wire, { keyOfAccused, chainId, ...options, verify: ed25519Verify as Verify });
}

/** The same by other signatures or another quorum, for engines that run with such. Not exported by the package. */
export function verifyEvidenceBy(wire: Uint8Array, by: Judge): Result<EvidenceFacts> {
  const read = readEvidence(wire);
  if (!read.ok) return read;
  const evidence = read.value;
  const [first, second] = statementsOf(evidence) as [SignedStatement, SignedStatement | undefined];
  if (!fitsSet(first, by)) return refuse('wrong-replica-set');
  const offence = judge(evidence, by);
  if (!offence.ok) return offence;
  const { replica: accusedIndex, epoch } = first;
  if (offence.value !== null) return accept({ accusedIndex, epoch, ...offence.value });
  const { view, height } = first;
  const kind = conflictOf(first, second as SignedStatement) as EvidenceClass;
  const summary = summarise(first, second as SignedStatement);
  return accept({ class: kind, accusedIndex, epoch, view, height, summary });
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
