import { equalBytes } from '@murmuration/core';
import { primaryOf } from '../quorum/replica-set.ts';
import { type Signature, type SignedStatement, verifyStatement } from '../quorum/statement.ts';
import type { Place, Rules } from './justification.ts';
import { checkLateCommit } from './locks.ts';
import {
  type HeldVote,
  heldOf,
  keyOf,
  type Round,
  refused,
  roundAt,
  type Slot,
  type State,
  slotAt,
  statementAt,
} from './state.ts';
import { accuse, checkSigned, contest, ensureVerified, expose } from './witness.ts';

type VotePhase = 'prepare' | 'commit';

/**
 * Keeps the first vote of each replica in each phase, unverified: most are never needed. A second one with another
 * digest is verified, and so is a vote for something other than the proposal.
 * @param from who brought it: the signer itself, or a witness
 * @returns whether the vote was new
 */
export function takeVote(state: State, signed: SignedStatement, from: number, verified: boolean): boolean {
  const slot = slotAt(state, signed.height);
  const round = roundAt(state, slot, signed.view);
  const phase = signed.phase as VotePhase;
  const { replica, digest, signature } = signed;
  if (phase === 'prepare' && replica === primaryOf(signed.view, state.n)) {
    refused(state, from, 'prepare-of-primary');
    return false;
  }
  const other = contradicted(state, slot, round, replica, digest);
  if (other !== undefined) return contradiction(state, round, signed, other, from, verified);
  const votes = votesOf(round, phase);
  const known = votes[replica];
  if (known !== undefined && (known.verified || equalBytes(known.signature, signature))) {
    refused(state, from, 'duplicate-vote');
    return false;
  }
  // A signature differs from the unverified one held: whichever holds is kept.
  if (known !== undefined && !(verified || checkSigned(state, signed, from))) return false;
  const vote: HeldVote = { digest, signature, verified: verified || known !== undefined };
  votes[replica] = vote;
  watch(state, slot, round, { ...signed, vote }, from);
  if (phase === 'commit') checkLateCommit(state, slot, round, replica);
  return true;
}

/** @returns what is held of `replica` in this round that names another digest */
function contradicted(state: State, slot: Slot, round: Round, replica: number, digest: Uint8Array) {
  const { proposal, view } = round;
  const own = proposal !== null && replica === primaryOf(view, state.n) ? proposal : undefined;
  for (const held of [own, round.prepares[replica], round.commits[replica]]) {
    if (held === undefined || equalBytes(held.digest, digest)) continue;
    return heldOf(state, slot, round, replica).find((one) => !equalBytes(one.digest, digest));
  }
  return undefined;
}

/** Two digests of one replica in one round: evidence, where both are its own. */
function contradiction(
  state: State,
  round: Round,
  signed: SignedStatement,
  held: SignedStatement & { readonly vote?: HeldVote },
  from: number,
  verified: boolean,
): boolean {
  if (!verified && !checkSigned(state, signed, from)) return false;
  if (ensureVerified(state, round, held)) {
    accuse(state, held, signed);
    return false;
  }
  // What we held was never signed by it.
  return takeVote(state, signed, from, true);
}

/** Passes on what others may have been told differently. */
function watch(
  state: State,
  slot: Slot,
  round: Round,
  signed: SignedStatement & { readonly vote: HeldVote },
  from: number,
): void {
  const { proposal } = round;
  const odd = proposal === null ? differsFromOthers(round, signed) : !equalBytes(proposal.digest, signed.digest);
  if (signed.replica !== from || !(odd || round.contested)) return;
  if (!ensureVerified(state, round, signed)) return;
  expose(state, slot, round, signed);
}

function differsFromOthers(round: Round, signed: SignedStatement): boolean {
  const differs = (vote: HeldVote | undefined) => vote !== undefined && !equalBytes(vote.digest, signed.digest);
  return round.prepares.some(differs) || round.commits.some(differs);
}

/** A proposal has come after votes that name another digest. */
export function watchProposal(state: State, slot: Slot, round: Round): void {
  for (let replica = 0; replica < state.n; replica++) {
    for (const held of heldOf(state, slot, round, replica)) {
      if (held.vote === undefined || replica === state.self) continue;
      if (equalBytes(held.digest, (round.proposal as { digest: Uint8Array }).digest)) continue;
      if (ensureVerified(state, round, held)) expose(state, slot, round, held);
    }
  }
}

/** Whether this is the proposal of its round already. */
export function isKnownProposal(
  state: State,
  { view, height, digest }: Omit<SignedStatement, 'replica' | 'signature'>,
): boolean {
  const proposal = state.slots.get(height)?.rounds.get(view)?.proposal;
  return proposal != null && equalBytes(proposal.digest, digest);
}

/** The statement of a pre-prepare, with or without its payload. @returns whether it is this round's proposal */
export function takeProposal(state: State, signed: SignedStatement, from: number, verified: boolean): boolean {
  const slot = slotAt(state, signed.height);
  const round = roundAt(state, slot, signed.view);
  const { proposal } = round;
  if (proposal !== null && equalBytes(proposal.digest, signed.digest)) return true;
  if (!verified && !checkSigned(state, signed, from)) return false;
  for (const held of heldOf(state, slot, round, signed.replica)) {
    if (equalBytes(held.digest, signed.digest) || !ensureVerified(state, round, held)) continue;
    accuse(state, held, signed);
    if (proposal === null) continue;
    contest(state, slot, round, signed);
    return false;
  }
  round.proposal = { digest: signed.digest, signature: signed.signature };
  watchProposal(state, slot, round);
  return true;
}

/**
 * @param need signatures wanted
 * @param skip a replica whose vote does not count here
 * @returns `need` verified signatures on `digest`, ascending, or undefined while there are too few. Verifies no
 *   more than it needs.
 */
export function gather(
  state: State,
  slot: Slot,
  round: Round,
  phase: VotePhase,
  digest: Uint8Array,
  need: number,
): Signature[] | undefined {
  const votes = votesOf(round, phase);
  let count = 0;
  for (const vote of votes) if (vote !== undefined) count += 1;
  if (count < need) return undefined;
  const matching = votes.flatMap((vote, replica) =>
    vote !== undefined && equalBytes(vote.digest, digest) ? [{ replica, vote }] : [],
  );
  if (matching.length < need) return undefined;
  const found: Signature[] = [];
  const statement = statementAt(state, { phase, view: round.view, height: slot.height, digest });
  for (const wanted of [true, false]) {
    for (const { replica, vote } of matching) {
      if (found.length === need || vote.verified !== wanted) continue;
      if (!wanted && !ensureVerified(state, round, { replica, ...statement, signature: vote.signature, vote }))
        continue;
      found.push({ replica, signature: vote.signature });
    }
  }
  return found.length < need ? undefined : found.sort((a, b) => a.replica - b.replica);
}

/** Verifies a signature of a certificate, unless the very same one has been verified as a vote. */
export function certified(state: State, place: Place, { replica, signature }: Signature): boolean {
  const round = state.slots.get(place.height)?.rounds.get(place.view);
  if (round !== undefined && knownIn(round, place.phase, replica, place.digest, signature)) return true;
  return verifyStatement(state.verify, state.set.chainId, statementAt(state, place), signature, keyOf(state, replica));
}

/** What justifications are checked by here. */
export function rulesOf(state: State): Rules {
  const { n, q } = state;
  return { n, q, certified: (place, signature) => certified(state, place, signature) };
}

function knownIn(
  round: Round,
  phase: Place['phase'],
  replica: number,
  digest: Uint8Array,
  signature: Uint8Array,
): boolean {
  const vote = phase === 'prepare' || phase === 'commit' ? votesOf(round, phase)[replica] : undefined;
  const held = phase === 'pre-prepare' ? round.proposal : vote?.verified === true ? vote : undefined;
  return held != null && equalBytes(held.digest, digest) && equalBytes(held.signature, signature);
}

function votesOf(round: Round, phase: VotePhase): (HeldVote | undefined)[] {
  return phase === 'prepare' ? round.prepares : round.commits;
}
