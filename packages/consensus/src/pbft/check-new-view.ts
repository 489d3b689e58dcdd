import { accept, equalBytes, type Result, refuse } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { primaryOf } from '../quorum/replica-set.ts';
import { verifySigned } from '../quorum/statement.ts';
import { isStable } from './checkpoint.ts';
import type { NewViewBody, Proof, ViewChangeBody } from './messages.ts';
import { type Plan, planOf } from './plan.ts';
import { type State, statementAt } from './state.ts';
import { proves, readViewChangeBody } from './view-change.ts';
import { accuse } from './witness.ts';

/** Recomputes the whole announcement from the signed view-changes in it. */
export function checkNewView(state: State, body: NewViewBody): Result<void> {
  const bodies = checkViewChanges(state, body);
  if (!bodies.ok) return bodies;
  const plan = planOf(bodies.value);
  const stable = { height: plan.base, digest: plan.baseDigest, certificate: body.stableCertificate };
  if (plan.base < state.base) return refuse('below-epoch');
  if (plan.base > state.base && !isStable(state, stable)) return refuse('unproved-checkpoint');
  if (plan.winners.length !== body.proofs.length) return refuse('unproved-claim');
  for (const [i, winner] of plan.winners.entries()) {
    const own = state.slots.get(winner.height)?.decided;
    if (winner.decided && own != null && equalBytes(own.digest, winner.digest)) continue;
    if (!proves(state, body.proofs[i] as Proof, winner)) return refuse('unproved-claim', `height ${winner.height}`);
  }
  return checkProposals(state, body, plan);
}

function checkViewChanges(state: State, body: NewViewBody): Result<ViewChangeBody[]> {
  if (body.viewChanges.length !== state.q) return refuse('no-quorum-of-view-changes');
  const bodies: ViewChangeBody[] = [];
  let previous = -1;
  for (const { replica, body: bytes, signature } of body.viewChanges) {
    if (replica <= previous || replica >= state.n) return refuse('unordered-signers');
    previous = replica;
    const read = readViewChangeBody(bytes);
    if (!read.ok) return read;
    if (read.value.view !== body.view) return refuse('view-change-of-other-view');
    if (!checkSignedViewChange(state, replica, body.view, sha3_256(bytes), signature)) return refuse('bad-signature');
    bodies.push(read.value);
  }
  return accept(bodies);
}

/** Verifies a view-change inside a new-view, and compares it with the one that replica sent us. */
function checkSignedViewChange(
  state: State,
  replica: number,
  view: number,
  digest: Uint8Array,
  signature: Uint8Array,
): boolean {
  const held = state.viewChanges[replica];
  const sent = held?.body.view === view ? held : undefined;
  if (sent !== undefined && equalBytes(sent.digest, digest) && equalBytes(sent.signature, signature)) return true;
  const place = { phase: 'view-change', view, height: 0 } as const;
  const signed = { replica, ...statementAt(state, { ...place, digest }), signature };
  if (!verifySigned(state.verify, state.set, signed)) return false;
  if (sent !== undefined) accuse(state, { ...signed, digest: sent.digest, signature: sent.signature }, signed);
  return true;
}

function checkProposals(state: State, body: NewViewBody, plan: Plan): Result<void> {
  const wanted = plan.winners.filter(({ decided }) => !decided);
  if (wanted.length !== body.proposals.length) return refuse('wrong-proposals');
  const replica = primaryOf(body.view, state.n);
  for (const [i, { height, digest }] of wanted.entries()) {
    const proposal = body.proposals[i] as NewViewBody['proposals'][number];
    if (proposal.height !== height || !equalBytes(proposal.digest, digest)) return refuse('wrong-proposals');
    const statement = statementAt(state, { phase: 'pre-prepare', view: body.view, height, digest });
    const signed = { replica, ...statement, signature: proposal.signature };
    if (!verifySigned(state.verify, state.set, signed)) return refuse('bad-signature');
  }
  return accept(undefined);
}
