import { equalBytes } from '@murmuration/core';
import type { Signature, SignedStatement } from '../quorum/statement.ts';
import { checkLateCommit } from './locks.ts';
import {
  checkSigned,
  type HeldVote,
  misplaced,
  proposerOf,
  type Round,
  roundAt,
  type State,
  statementAt,
} from './state.ts';
import { accuse, contest, ensureVerified, expose, fallSilent, type Held, heldOf, isOwn } from './witness.ts';

type VotePhase = 'prepare' | 'commit';

/**
 * Keeps the first vote of each replica in each phase, unverified: most are never needed. A second one with another
 * digest is verified, and so is a vote for something other than the proposal.
 * @param from who brought it: the signer itself, or a witness
 * @returns why it is not kept, if so
 */
export function takeVote(state: State, signed: SignedStatement, from: number, verified: boolean): string | undefined {
  const { replica, digest, signature, height, view } = signed;
  const round = roundAt(state, height, view);
  const votes = votesOf(round, signed.phase as VotePhase);
  let known = verified;
  const other = heldOf(state, round, replica).find((held) => !equalBytes(held.digest, digest));
  if (other !== undefined) {
    if (!known && !checkSigned(state, signed, from)) return 'bad-signature';
    known = true;
    if (ensureVerified(state, round, other)) {
      accuse(state, other, signed);
      return 'conflicting-vote';
    }
  }
  const held = votes[replica];
  if (held !== undefined && (held.verified || equalBytes(held.signature, signature))) return undefined;
  // A signature differs from the unverified one held: whichever holds is kept.
  if (held !== undefined && !known && !checkSigned(state, signed, from)) return 'bad-signature';
  const vote: HeldVote = { digest, signature, verified: known || held !== undefined };
  votes[replica] = vote;
  if (signed.phase === 'commit') checkLateCommit(state, replica, height);
  if (replica === from) watch(state, round, { ...signed, vote });
  return undefined;
}

/** Passes on what others may have been told differently. */
function watch(state: State, round: Round, signed: Held): void {
  const odd = round.proposal === null ? differs(round, signed) : !equalBytes(round.proposal.digest, signed.digest);
  if ((odd || round.contested) && ensureVerified(state, round, signed)) expose(state, round, signed);
}

function differs(round: Round, { digest }: SignedStatement): boolean {
  const other = (vote: HeldVote | undefined) => vote !== undefined && !equalBytes(vote.digest, digest);
  return round.prepares.some(other) || round.commits.some(other);
}

/** What a proposer signed, its signature checked. @returns why it is not the proposal of its round, if so */
export function takeProposal(state: State, signed: SignedStatement): string | undefined {
  const round = roundAt(state, signed.height, signed.view);
  if (round.proposal !== null && equalBytes(round.proposal.digest, signed.digest)) return undefined;
  for (const held of heldOf(state, round, signed.replica)) {
    if (equalBytes(held.digest, signed.digest) || !ensureVerified(state, round, held)) continue;
    accuse(state, held, signed);
    if (round.proposal === null) continue;
    contest(state, round, signed);
    return 'conflicting-proposal';
  }
  round.proposal = { digest: signed.digest, signature: signed.signature };
  // Votes that came before it and name another digest.
  for (let replica = 0; replica < state.n; replica++) {
    for (const held of heldOf(state, round, replica)) {
      if (held.vote === undefined || replica === state.self || equalBytes(held.digest, signed.digest)) continue;
      if (ensureVerified(state, round, held)) expose(state, round, held);
    }
  }
  return undefined;
}

/** A statement of another, passed on because somebody was told something else. */
export function takeStatement(state: State, from: number, signed: SignedStatement): string | undefined {
  const { epoch, replica, phase, height, view } = signed;
  if (epoch !== state.set.epoch) return 'wrong-epoch';
  if (replica >= state.n) return 'unknown-signer';
  if (phase !== 'pre-prepare' && phase !== 'prepare' && phase !== 'commit') return 'no-witness';
  if (phase === 'pre-prepare' && replica !== proposerOf(state, height, view)) return 'not-proposer';
  const reason = misplaced(state, height, view);
  if (reason !== undefined) return reason;
  if (!checkSigned(state, signed, from)) return 'bad-signature';
  if (replica === state.self) {
    if (!isOwn(state, signed)) fallSilent(state, signed);
    return undefined;
  }
  return phase === 'pre-prepare' ? takeProposal(state, signed) : takeVote(state, signed, from, true);
}

/**
 * @returns Q verified signatures on `digest`, ascending, or undefined while there are too few. Verifies no more than
 *   it needs.
 */
export function gather(state: State, round: Round, phase: VotePhase, digest: Uint8Array): Signature[] | undefined {
  const matching = votesOf(round, phase).flatMap((vote, replica) =>
    vote !== undefined && equalBytes(vote.digest, digest) ? [{ replica, vote }] : [],
  );
  if (matching.length < state.q) return undefined;
  const statement = statementAt(state, round, phase, digest);
  const found: Signature[] = [];
  for (const wanted of [true, false]) {
    for (const { replica, vote } of matching) {
      if (found.length === state.q || vote.verified !== wanted) continue;
      const { signature } = vote;
      if (ensureVerified(state, round, { replica, ...statement, signature, vote })) found.push({ replica, signature });
    }
  }
  return found.length < state.q ? undefined : found.sort((a, b) => a.replica - b.replica);
}

function votesOf(round: Round, phase: VotePhase): (HeldVote | undefined)[] {
  return phase === 'prepare' ? round.prepares : round.commits;
}
