import {
  accept,
  bytes,
  bytesUpTo,
  decodeCanonical,
  type Entropy,
  encode,
  type Result,
  refuse,
  struct,
  uint,
} from '@murmuration/core';
import { falseStatement } from '../bulletproofs/range.ts';
import { type Clause, type ProofRefusal, proveAll, verifyAll } from '../clause.ts';
import { decodePoint, type ElementRefusal, POINT_BYTES, type Point } from '../group/group.ts';
import { Transcript } from '../transcript/transcript.ts';
import type { CredentialRefusal } from './credential.ts';
import { type HolderKey, nullifierClause, nullifierOf } from './holder.ts';
import type { Addressed, ReplayGuard, ReplayRefusal } from './replay-guard.ts';

/** What a statement comes down to, once its bytes are read. */
export interface Reading {
  /** Commits to the key of who presents. */
  readonly holder: Point;
  /** 32 bytes: one presentation for each. */
  readonly subject: Uint8Array;
  readonly clauses: readonly Clause[];
}

export type StatementRefusal = ElementRefusal | CredentialRefusal | 'bad-statement';

/** A kind of statement about what only the prover can open. */
export interface Predicate<Statement, Secrets> {
  readonly id: string;
  /** All that is public, commitments included: what the transcript starts with. */
  statementBytes(statement: Statement): Uint8Array;
  /** @param secrets for who proves */
  read(statement: Statement, secrets?: Secrets): Result<Reading, StatementRefusal>;
  /** Which clause does not hold; undefined where all do. */
  falseClause(statement: Statement, secrets: Secrets): string | undefined;
}

export type PresentationRefusal = StatementRefusal | ProofRefusal | ReplayRefusal | 'bad-presentation';

const MAX_PROOF_BYTES = 65_536;
const presentationSchema = struct({
  verifier: bytes(32),
  epoch: uint,
  nullifier: bytes(POINT_BYTES),
  proof: bytesUpTo(MAX_PROOF_BYTES),
});

/** Whom a presentation is for, and when. */
export interface Audience {
  /** 32 bytes. */
  readonly verifier: Uint8Array;
  readonly epoch: number;
}

/**
 * Proves a statement to one verifier in one epoch.
 * @returns the presentation: verifier, epoch, nullifier, proof
 * @throws PRIVACY_STATEMENT_FALSE naming the clause that does not hold
 */
export function present<Statement, Secrets>(
  predicate: Predicate<Statement, Secrets>,
  statement: Statement,
  secrets: Secrets,
  key: HolderKey,
  audience: Audience,
  entropy: Entropy,
): Uint8Array {
  const wrong = predicate.falseClause(statement, secrets);
  if (wrong !== undefined) throw falseStatement(`${predicate.id}: ${wrong}`);
  return presentUnchecked(predicate, statement, secrets, key, audience, entropy);
}

/** The same for any secrets: a false statement gives a presentation that is refused. For tests of verifiers. */
export function presentUnchecked<Statement, Secrets>(
  predicate: Predicate<Statement, Secrets>,
  statement: Statement,
  secrets: Secrets,
  key: HolderKey,
  audience: Audience,
  entropy: Entropy,
): Uint8Array {
  const reading = predicate.read(statement, secrets);
  if (!reading.ok) throw falseStatement(`${predicate.id} (${reading.reason})`);
  const { holder, subject, clauses } = reading.value;
  const scope = { predicate: predicate.id, subject, ...audience };
  const point = nullifierOf(key, scope);
  const nullifier = point.toBytes();
  const transcript = openTranscript(predicate.id, predicate.statementBytes(statement), { ...audience, nullifier });
  const all = [nullifierClause(holder, point, scope, key), ...clauses];
  return encode(presentationSchema, { ...audience, nullifier, proof: proveAll(all, transcript, entropy) });
}

/**
 * Checks a presentation: shape, audience, replay, statement, proof; and, where all hold, remembers its nullifier.
 * Never throws for what a peer chose.
 */
export function verifyPresentation<Statement, Secrets>(
  predicate: Predicate<Statement, Secrets>,
  statement: Statement,
  wire: Uint8Array,
  guard: ReplayGuard,
): Result<void, PresentationRefusal> {
  const decoded = decodeCanonical(presentationSchema, wire, { maxBytes: MAX_PROOF_BYTES + 128 });
  if (!decoded.ok) return refuse('bad-presentation', decoded.detail ?? decoded.reason);
  const { verifier, epoch, nullifier, proof } = decoded.value;
  const fresh = guard.check(decoded.value);
  if (!fresh.ok) return fresh;
  const point = decodePoint(nullifier);
  if (typeof point === 'string') return refuse(point, 'nullifier');
  const reading = predicate.read(statement);
  if (!reading.ok) return reading;
  const { holder, subject, clauses } = reading.value;
  const scope = { predicate: predicate.id, subject, verifier, epoch };
  const transcript = openTranscript(predicate.id, predicate.statementBytes(statement), decoded.value);
  const held = verifyAll([nullifierClause(holder, point, scope), ...clauses], transcript, proof);
  if (!held.ok) return held;
  guard.record(decoded.value);
  return accept(undefined);
}

/** Binds suite (by the transcript), predicate, verifier, epoch, statement with its commitments, nullifier. */
function openTranscript(id: string, statement: Uint8Array, { verifier, epoch, nullifier }: Addressed): Transcript {
  const transcript = new Transcript('presentation');
  transcript.absorb('predicate', new TextEncoder().encode(id));
  transcript.absorb('verifier', verifier);
  transcript.absorbNumber('epoch', epoch);
  transcript.absorb('statement', statement);
  transcript.absorb('nullifier', nullifier);
  return transcript;
}
