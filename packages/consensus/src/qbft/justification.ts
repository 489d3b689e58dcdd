import { equalBytes } from '@murmuration/core';
import { checkSigners } from '../quorum/certificate.ts';
import { type Signature, verifySigned, verifyStatement } from '../quorum/statement.ts';
import { checkLocks } from './locks.ts';
import { type Claim, claimDigest, type QbftMessageOf, type QuotedRoundChange } from './messages.ts';
import { type HeldRoundChange, type State, statementAt } from './state.ts';
import { accuse } from './witness.ts';

/** @returns why no correct replica claims this on entering `round`, if so */
export function wrongClaim(
  state: State,
  round: number,
  claim: Claim & { readonly prepares: readonly Signature[] },
): string | undefined {
  const { preparedRound, preparedDigest, prepares } = claim;
  if (preparedRound >= round) return 'malformed-round-change';
  if (preparedRound > 0) return provesPrepared(state, claim, prepares) ? undefined : 'unproved-round-change';
  return prepares.length === 0 && isZero(preparedDigest) ? undefined : 'malformed-round-change';
}

export function isZero(digest: Uint8Array): boolean {
  return digest.every((byte) => byte === 0);
}

/** Whether Q replicas signed prepare for what is claimed to be prepared. */
export function provesPrepared(state: State, claim: Claim, prepares: readonly Signature[]): boolean {
  const { set, n, q, verify, height } = state;
  const { preparedRound: round, preparedDigest: digest } = claim;
  const known = state.log.get(height)?.get(round);
  const statement = statementAt(state, { height, round }, 'prepare', digest);
  return checkSigners(prepares, n, q, ({ replica, signature }) => {
    const held = known?.prepares[replica];
    const same = held?.verified === true && equalBytes(held.digest, digest) && equalBytes(held.signature, signature);
    const key = set.replicas[replica]?.key as Uint8Array;
    return same || verifyStatement(verify, set.chainId, statement, signature, key);
  }).ok;
}

/** Whether `replica` signed this round-change. */
export function signedRoundChange(state: State, round: number, quoted: QuotedRoundChange): boolean {
  const { replica, signature } = quoted;
  const held = state.roundChanges[replica];
  if (held !== undefined && held.round === round) {
    if (equalBytes(held.signature, signature) && sameClaim(held, quoted)) return true;
  }
  const statement = statementAt(state, { height: state.height, round }, 'round-change', claimDigest(quoted));
  if (!verifySigned(state.verify, state.set, { replica, ...statement, signature })) return false;
  watchRoundChange(state, round, quoted);
  checkLocks(state, round, quoted);
  return true;
}

/** A verified round-change that contradicts the one held of its sender: evidence. */
export function watchRoundChange(state: State, round: number, quoted: QuotedRoundChange): void {
  const held = state.roundChanges[quoted.replica];
  if (held === undefined || held.round !== round || sameClaim(held, quoted)) return;
  const [first, second] = [held, quoted].map((one) => ({
    replica: quoted.replica,
    ...statementAt(state, { height: state.height, round }, 'round-change', claimDigest(one)),
    signature: one.signature,
  }));
  if (first !== undefined && second !== undefined) accuse(state, first, second);
}

function sameClaim(a: Claim, b: Claim): boolean {
  return a.preparedRound === b.preparedRound && equalBytes(a.preparedDigest, b.preparedDigest);
}

/** The highest (pr, pv) among round-changes; round 0 where none of them has prepared. */
export function highestPrepared<T extends Claim>(claims: readonly T[]): T | undefined {
  let highest: T | undefined;
  for (const claim of claims) if (claim.preparedRound > (highest?.preparedRound ?? 0)) highest = claim;
  return highest;
}

/**
 * Whether a proposal may be made in its round: the first needs no reason; a later one Q round-changes into it, and
 * where any of those has prepared, Q prepares of the highest and its value.
 * @returns why not, if so; or whether it is `bound` to a prepared value
 */
export function justify(
  state: State,
  { round, roundChanges, prepares }: QbftMessageOf<'proposal'>,
  digest: Uint8Array,
): { readonly bound: boolean } | string {
  if (round === 1) {
    return roundChanges.length === 0 && prepares.length === 0 ? { bound: false } : 'unjustified-proposal';
  }
  if (roundChanges.some(({ preparedRound }) => preparedRound >= round)) return 'unjustified-proposal';
  const byReplica = new Map(roundChanges.map((quoted) => [quoted.replica, quoted]));
  const signed = checkSigners(roundChanges, state.n, state.q, ({ replica }) =>
    signedRoundChange(state, round, byReplica.get(replica) as QuotedRoundChange),
  );
  if (!signed.ok) return 'unjustified-proposal';
  const highest = highestPrepared(roundChanges);
  if (highest === undefined) return prepares.length === 0 ? { bound: false } : 'unjustified-proposal';
  // Only one value can have Q prepares in a round, whichever of several claims names it.
  const claim: Claim = { preparedRound: highest.preparedRound, preparedDigest: digest };
  const named = roundChanges.some(
    (one) => one.preparedRound === claim.preparedRound && equalBytes(one.preparedDigest, digest),
  );
  if (!named) return 'unbound-proposal';
  return provesPrepared(state, claim, prepares) ? { bound: true } : 'unjustified-proposal';
}

/** Sound round-changes into the current round, by replica ascending; the proofs of those not checked yet are. */
export function soundRoundChanges(state: State): readonly (HeldRoundChange & { readonly replica: number })[] {
  return state.roundChanges.flatMap((held, replica) => {
    if (held === undefined || held.round !== state.round) return [];
    held.sound ??= wrongClaim(state, held.round, held) === undefined;
    return held.sound ? [{ ...held, replica }] : [];
  });
}
