import { accept, equalBytes, type Result, refuse } from '@murmuration/core';
import { type Signature, verifySigned } from '../quorum/statement.ts';
import { isStable } from './checkpoint.ts';
import { checkProposals, type Place, proofHolds, type Rules, readViewChanges } from './justification.ts';
import { checkLocks } from './locks.ts';
import type { NewViewBody, Proof } from './messages.ts';
import { checkOwn } from './own-key.ts';
import { planOf } from './plan.ts';
import { type State, statementAt } from './state.ts';
import { rulesOf } from './votes.ts';
import { accuse } from './witness.ts';

/** Recomputes the whole announcement from the signed view-changes in it. */
export function checkNewView(state: State, body: NewViewBody): Result<void> {
  const rules = rulesOf(state);
  const bodies = readViewChanges({ ...rules, certified: comparing(state, rules) }, body);
  if (!bodies.ok) return bodies;
  compareLocks(state, body, bodies.value);
  const plan = planOf(bodies.value);
  const stable = { height: plan.base, digest: plan.baseDigest, certificate: body.stableCertificate };
  if (plan.base < state.base) return refuse('below-epoch');
  if (plan.base > state.base && !isStable(state, stable)) return refuse('unproved-checkpoint');
  if (plan.winners.length !== body.proofs.length) return refuse('unproved-claim');
  for (const [i, winner] of plan.winners.entries()) {
    const own = state.slots.get(winner.height)?.decided;
    if (winner.decided && own != null && equalBytes(own.digest, winner.digest)) continue;
    if (!proofHolds(rules, body.proofs[i] as Proof, winner)) return refuse('unproved-claim', `height ${winner.height}`);
  }
  const proposals = checkProposals(rules, body, plan);
  return proposals.ok ? accept(undefined) : proposals;
}

/** Verifies the view-changes inside a new-view, and compares each with the one that its replica sent us. */
function comparing(state: State, { certified }: Rules): Rules['certified'] {
  return (place: Place, signature: Signature) => {
    if (place.phase !== 'view-change') return certified(place, signature);
    const { replica } = signature;
    const held = state.viewChanges[replica];
    const sent = held?.body.view === place.view ? held : undefined;
    const same = sent !== undefined && equalBytes(sent.digest, place.digest);
    if (same && equalBytes(sent.signature, signature.signature)) return true;
    const signed = { replica, ...statementAt(state, place), signature: signature.signature };
    if (!verifySigned(state.verify, state.set, signed)) return false;
    if (replica === state.self) checkOwn(state, signed, replica);
    if (sent !== undefined) accuse(state, { ...signed, digest: sent.digest, signature: sent.signature }, signed);
    return true;
  };
}

/** What the view-changes inside say of heights at which their replicas have signed a commit. */
function compareLocks(
  state: State,
  { viewChanges }: NewViewBody,
  bodies: readonly Parameters<typeof planOf>[0][number][],
) {
  for (const [i, body] of bodies.entries()) {
    const { replica, body: bodyBytes, signature } = viewChanges[i] as (typeof viewChanges)[number];
    checkLocks(state, { replica, body, bodyBytes, signature });
  }
}
