import { equalBytes } from '@murmuration/core';
import { accusedOf, createEvidence, evidenceId, verifyEvidenceBy } from '../evidence/evidence.ts';
import { type Evidence, encodeEvidence } from '../evidence/schema.ts';
import { refused } from '../loop/shell.ts';
import { type SignedStatement, verifySigned } from '../quorum/statement.ts';
import { persistEvidence } from './journal.ts';
import { claimDigest, decodeQbftMessage } from './messages.ts';
import { type HeldVote, proposerOf, type Round, type State, send, statementAt } from './state.ts';

/** Evidence made against one replica by one process. One suffices; the rest is for the record. */
const MAX_ACCUSATIONS = 4;

export type Held = SignedStatement & { readonly vote?: HeldVote };

/** Everything signed that is held of `replica` in one round. */
export function heldOf(state: State, round: Round, replica: number): Held[] {
  const held: Held[] = [];
  const { proposal } = round;
  if (proposal !== null && replica === proposerOf(state, round.height, round.round)) {
    held.push({ replica, ...statementAt(state, round, 'pre-prepare', proposal.digest), signature: proposal.signature });
  }
  for (const phase of ['prepare', 'commit'] as const) {
    const vote = (phase === 'prepare' ? round.prepares : round.commits)[replica];
    if (vote === undefined) continue;
    held.push({ replica, ...statementAt(state, round, phase, vote.digest), signature: vote.signature, vote });
  }
  return held;
}

/** Verifies a held vote where that has not been done; drops it where it is bad. */
export function ensureVerified(state: State, round: Round, held: Held): boolean {
  const { vote } = held;
  if (vote === undefined || vote.verified) return true;
  vote.verified = verifySigned(state.verify, state.set, held);
  if (vote.verified) return true;
  refused(state, 'bad-signature', held.replica);
  const votes = held.phase === 'prepare' ? round.prepares : round.commits;
  if (votes[held.replica] === vote) delete votes[held.replica];
  return false;
}

/** Two statements of one replica that exclude each other, both verified: evidence, kept and told. */
export function accuse(state: State, a: SignedStatement, b: SignedStatement): void {
  const evidence = createEvidence(bare(a), bare(b));
  if (evidence === undefined) return;
  if (a.replica === state.self) fallSilent(state, isOwn(state, a) ? b : a);
  if (!tell(state, a.replica, evidence)) return;
  const here = a.height === state.height && a.view === state.round;
  if (here && a.phase === 'pre-prepare' && b.phase === 'pre-prepare') state.abandon = true;
}

/** A lie that more than two statements show: told where it verifies as it will for others. */
export function accuseOf(state: State, evidence: Evidence): void {
  const { replica } = accusedOf(evidence);
  const { set, verify, q } = state;
  const wire = encodeEvidence(evidence);
  const by = { chainId: set.chainId, keyOfAccused: set.replicas[replica]?.key as Uint8Array, verify };
  if (verifyEvidenceBy(wire, { ...by, replicaSet: set, quorum: q }).ok) tell(state, replica, wire);
}

/** Kept for the next start, and told; a few of each replica. */
function tell(state: State, accused: number, evidence: Uint8Array): boolean {
  const peer = state.peers[accused];
  if (accused === state.self || peer === undefined || peer.accusations >= MAX_ACCUSATIONS) return false;
  peer.accusations += 1;
  persistEvidence(state, evidenceId(evidence), evidence);
  state.effects.push({ kind: 'evidence', evidence });
  return true;
}

/**
 * Whether this process may have signed it, as far as its journal reaches. All that it signs is in its last record or at
 * an earlier place: what is beyond, or says otherwise, is of another process or of a later copy of the disk.
 */
export function isOwn({ said }: State, { phase, height, view, digest }: SignedStatement): boolean {
  if (said === null || height > said.height) return false;
  if (height < said.height || view < said.round) return true;
  if (view > said.round) return false;
  const { vote, roundChange } = said;
  if (phase === 'round-change') {
    const message = decodeQbftMessage(roundChange);
    return message.ok && message.value.kind === 'round-change' && equalBytes(claimDigest(message.value), digest);
  }
  return vote !== null && equalBytes(vote.digest, digest) && (phase !== 'commit' || vote.commit !== null);
}

/** The own key has signed what this process did not: a second one runs, or this one started from an old disk. */
export function fallSilent(state: State, { phase, view, height, digest }: SignedStatement): void {
  refused(state, 'own-key-elsewhere', state.self);
  const { recall, said } = state;
  if (recall.voice === 'silenced' || !state.stopIfDuplicated) return;
  recall.voice = 'silenced';
  const vote = said?.height === height && said.round === view ? said.vote : null;
  const conflicting = vote !== null && phase !== 'round-change' && !equalBytes(vote.digest, digest);
  state.effects.push({ kind: 'duplicated', phase, view, height, conflicting });
}

/**
 * A statement of this round whose digest is not the one known here: it is passed on together with what is, so that a
 * replica that was told something else has both (Byzantine split delivery).
 */
export function expose(state: State, round: Round, odd: SignedStatement): void {
  const reference = referenceOf(state, round, odd);
  send(state, 'all', { kind: 'witness', statements: [odd, ...(reference === undefined ? [] : [reference])].map(bare) });
}

/**
 * The proposer lied here: everything signed in this round goes to everybody, once, and later votes follow singly.
 * @param second its other proposal, verified
 */
export function contest(state: State, round: Round, second: SignedStatement): void {
  if (round.contested) return;
  round.contested = true;
  const statements = [bare(second)];
  for (let replica = 0; replica < state.n; replica++) {
    for (const held of heldOf(state, round, replica)) {
      if (ensureVerified(state, round, held)) statements.push(bare(held));
    }
  }
  send(state, 'all', { kind: 'witness', statements });
}

/** What this replica takes for right in a round: the proposal, else the first verified vote that says otherwise. */
function referenceOf(state: State, round: Round, odd: SignedStatement): SignedStatement | undefined {
  if (round.proposal !== null) return heldOf(state, round, proposerOf(state, round.height, round.round))[0];
  for (let replica = 0; replica < state.n; replica++) {
    if (replica === odd.replica) continue;
    for (const held of heldOf(state, round, replica)) {
      if (!equalBytes(held.digest, odd.digest) && ensureVerified(state, round, held)) return held;
    }
  }
  return undefined;
}

function bare(signed: SignedStatement): SignedStatement {
  const { replica, epoch, phase, view, height, digest, signature } = signed;
  return { replica, epoch, phase, view, height, digest, signature };
}
