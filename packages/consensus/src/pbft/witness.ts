import { equalBytes } from '@murmuration/core';
import { accusedOf, createEvidence, evidenceId, verifyEvidenceBy } from '../evidence/evidence.ts';
import { type Evidence, encodeEvidence } from '../evidence/schema.ts';
import { primaryOf } from '../quorum/replica-set.ts';
import { type SignedStatement, verifySigned } from '../quorum/statement.ts';
import type { HeldVote } from './state.ts';
import { heldOf, keyOf, type Round, refused, type Slot, type State, send, statementAt } from './state.ts';

/** Evidence made against one replica by one process. One suffices; the rest is for the record. */
const MAX_ACCUSATIONS = 4;

/** @returns whether the signature holds; a bad one is counted against `from`, who brought it */
export function checkSigned(state: State, signed: SignedStatement, from: number): boolean {
  if (verifySigned(state.verify, state.set, signed)) return true;
  const peer = state.peers[from];
  if (peer !== undefined) peer.strikes += 1;
  refused(state, from, 'bad-signature');
  return false;
}

/** Two statements of one replica that exclude each other, both verified: evidence, kept and told. */
export function accuse(state: State, a: SignedStatement, b: SignedStatement): void {
  const evidence = createEvidence(a, b);
  if (evidence === undefined) return;
  if (!tell(state, a.replica, evidence)) return;
  const lyingPrimary = a.phase === 'pre-prepare' && b.phase === 'pre-prepare' && a.view === state.view;
  if (lyingPrimary && a.height > state.committed) state.abandon = true;
}

/** A lie that more than two statements show: emitted where it verifies as it will for others. */
export function accuseOf(state: State, evidence: Evidence): void {
  const { replica } = accusedOf(evidence);
  const wire = encodeEvidence(evidence);
  const by = { chainId: state.set.chainId, keyOfAccused: keyOf(state, replica), verify: state.verify };
  const verdict = verifyEvidenceBy(wire, { ...by, replicaSet: state.set, quorum: state.q });
  if (verdict.ok) tell(state, replica, wire);
}

/** Kept for the next start, and told; a few of each replica. */
function tell(state: State, accused: number, evidence: Uint8Array): boolean {
  const peer = state.peers[accused];
  if (accused === state.self || peer === undefined || peer.accusations >= MAX_ACCUSATIONS) return false;
  peer.accusations += 1;
  state.effects.push({ kind: 'persist', key: `evidence/${evidenceId(evidence)}`, value: evidence });
  state.effects.push({ kind: 'evidence', evidence });
  return true;
}

/**
 * A statement of this round whose digest is not the one we know: it is passed on together with what we hold, so
 * that another replica that was told something else has both (Byzantine split delivery).
 */
export function expose(state: State, slot: Slot, round: Round, odd: SignedStatement): void {
  const reference = referenceOf(state, slot, round, odd);
  send(state, 'all', {
    kind: 'witness',
    statements: reference === undefined ? [bare(odd)] : [bare(odd), bare(reference)],
  });
}

/**
 * The primary lied here: everything signed in this round goes to everybody, once, and later votes follow singly.
 * @param second its other proposal, verified
 */
export function contest(state: State, slot: Slot, round: Round, second: SignedStatement): void {
  if (round.contested) return;
  round.contested = true;
  const statements = [bare(second)];
  for (let replica = 0; replica < state.n; replica++) {
    for (const held of heldOf(state, slot, round, replica)) {
      if (ensureVerified(state, round, held)) statements.push(bare(held));
    }
  }
  send(state, 'all', { kind: 'witness', statements });
}

/** Verifies a held vote where that has not been done; drops it where it is bad. */
export function ensureVerified(
  state: State,
  round: Round,
  held: SignedStatement & { readonly vote?: HeldVote },
): boolean {
  const { vote } = held;
  if (vote === undefined || vote.verified) return true;
  vote.verified = verifySigned(state.verify, state.set, held);
  if (vote.verified) return true;
  refused(state, held.replica, 'bad-signature');
  const votes = held.phase === 'prepare' ? round.prepares : round.commits;
  if (votes[held.replica] === vote) delete votes[held.replica];
  return false;
}

/** What this replica takes for right in a round: the proposal, else the first verified vote of another replica. */
function referenceOf(state: State, slot: Slot, round: Round, odd: SignedStatement): SignedStatement | undefined {
  const { proposal } = round;
  if (proposal !== null) {
    const place = { phase: 'pre-prepare', view: round.view, height: slot.height, digest: proposal.digest } as const;
    const replica = primaryOf(round.view, state.n);
    return { replica, ...statementAt(state, place), signature: proposal.signature };
  }
  for (let replica = 0; replica < state.n; replica++) {
    if (replica === odd.replica) continue;
    for (const held of heldOf(state, slot, round, replica)) {
      if (!equalBytes(held.digest, odd.digest) && ensureVerified(state, round, held)) return held;
    }
  }
  return undefined;
}

function bare(signed: SignedStatement): SignedStatement {
  const { replica, epoch, phase, view, height, digest, signature } = signed;
  return { replica, epoch, phase, view, height, digest, signature };
}
