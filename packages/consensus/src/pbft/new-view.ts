import { decodeCanonical, encode, equalBytes } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { primaryOf } from '../quorum/replica-set.ts';
import { type SignedStatement, signStatement } from '../quorum/statement.ts';
import { checkNewView } from './check-new-view.ts';
import { offerStable } from './checkpoint.ts';
import { persistView } from './journal.ts';
import { certifiesState, proofHolds, readViewChangeBody } from './justification.ts';
import {
  type Claim,
  encodeMessage,
  type MessageOf,
  type NewViewBody,
  newViewBodySchema,
  type Proof,
} from './messages.ts';
import { advance, decide } from './normal-case.ts';
import { type Plan, planOf, sameClaim } from './plan.ts';
import {
  type HeldNewView,
  type HeldViewChange,
  misplaced,
  payloadOf,
  type State,
  sendBytes,
  slotAt,
  statementAt,
} from './state.ts';
import { isSound } from './view-change.ts';
import { rulesOf, takeProposal } from './votes.ts';
import { accuse, accuseOf, checkSigned } from './witness.ts';

/** The primary of the view being entered announces it once it holds Q sound view-changes. */
export function announceNewView(state: State): void {
  if (!state.changing || primaryOf(state.view, state.n) !== state.self) return;
  const forThisView = (held: HeldViewChange | undefined) => held?.body.view === state.view;
  if (state.viewChanges.filter(forThisView).length < state.q) return;
  const chosen = state.viewChanges
    .flatMap((held, replica) =>
      held !== undefined && forThisView(held) && isSound(state, held) ? [{ held, replica }] : [],
    )
    .sort((a, b) => Number(b.replica === state.self) - Number(a.replica === state.self) || a.replica - b.replica)
    .slice(0, state.q)
    .sort((a, b) => a.replica - b.replica);
  if (chosen.length < state.q) return;
  const body = composeBody(state, chosen);
  if (body === undefined) return;
  const bodyBytes = encode(newViewBodySchema, body);
  const statement = statementAt(state, { phase: 'new-view', view: state.view, height: 0, digest: sha3_256(bodyBytes) });
  const signature = signStatement(state.signer, state.set.chainId, statement);
  const newView = heldNewView({ kind: 'new-view', epoch: state.set.epoch, body: bodyBytes, signature }, body);
  const ahead = chosen.find(({ held }) => held.body.stableHeight === newView.base);
  install(state, newView, ahead?.replica ?? state.self);
  sendBytes(state, 'all', (state.newView as HeldNewView).bytes);
}

type Chosen = readonly { readonly held: HeldViewChange; readonly replica: number }[];

/** @returns undefined where a part that was taken for proved cannot be shown to others */
function composeBody(state: State, chosen: Chosen): NewViewBody | undefined {
  const plan = planOf(chosen.map(({ held }) => held.body));
  const stableCertificate = certificateOf(state, chosen, plan);
  const proofs = plan.winners.flatMap((winner) => proofOf(state, chosen, winner) ?? []);
  if (stableCertificate === undefined || proofs.length < plan.winners.length) return undefined;
  const proposals = plan.winners
    .filter(({ decided }) => !decided)
    .map(({ height, digest }) => {
      const statement = statementAt(state, { phase: 'pre-prepare', view: state.view, height, digest });
      return { height, digest, signature: signStatement(state.signer, state.set.chainId, statement) };
    });
  return {
    view: state.view,
    viewChanges: chosen.map(({ held, replica }) => ({ replica, body: held.bodyBytes, signature: held.signature })),
    stableCertificate,
    proofs,
    proposals,
  };
}

/**
 * The certificate of the base. What a view-change brings for a state that is certified here too was not looked at when
 * it was found sound; who signs a new-view answers for all of it.
 */
function certificateOf(state: State, chosen: Chosen, { base, baseDigest }: Plan): Uint8Array | undefined {
  if (base === state.base) return new Uint8Array(0);
  const own = state.stable.height === base ? [state.stable.certificate] : [];
  const brought = chosen.filter(({ held }) => held.body.stableHeight === base);
  return [...own, ...brought.map(({ held }) => held.stableCertificate)].find((certificate) =>
    certifiesState(rulesOf(state), state.set.epoch, { height: base, digest: baseDigest, certificate }),
  );
}

function proofOf(state: State, chosen: Chosen, winner: Claim): Proof | undefined {
  const own = state.slots.get(winner.height)?.decided;
  if (own != null && sameClaim(winner, { ...winner, ...own, decided: true })) {
    const { height, view, decided, digest } = winner;
    return { height, view, decided, digest, signatures: own.signatures };
  }
  const brought = chosen.flatMap(({ held }) => {
    const at = held.body.claims.findIndex((claim) => claim.height === winner.height && sameClaim(claim, winner));
    return at < 0 ? [] : [held.proofs[at] as Proof];
  });
  return brought.find((proof) => proofHolds(rulesOf(state), proof, winner));
}

/** A primary announces its view; or somebody who knows it passes the announcement on. */
export function onNewView(state: State, from: number, message: MessageOf<'new-view'>): string | undefined {
  if (message.epoch !== state.set.epoch) return 'wrong-epoch';
  const decoded = decodeCanonical(newViewBodySchema, message.body);
  if (!decoded.ok) return decoded.reason;
  const body = decoded.value;
  if (body.view < state.view) return 'stale-view';
  const digest = sha3_256(message.body);
  const { newView } = state;
  const known = newView?.body.view === body.view ? newView : null;
  if (known !== null && equalBytes(known.digest, digest)) return 'duplicate-new-view';
  const replica = primaryOf(body.view, state.n);
  const place = { phase: 'new-view', view: body.view, height: 0 } as const;
  const signed: SignedStatement = {
    replica,
    ...statementAt(state, { ...place, digest }),
    signature: message.signature,
  };
  if (!checkSigned(state, signed, from)) return undefined;
  if (known !== null) {
    accuse(state, { ...signed, digest: known.digest, signature: known.signature }, signed);
    return 'conflicting-new-view';
  }
  const checked = checkNewView(state, body);
  if (!checked.ok) {
    (state.peers[from] as { strikes: number }).strikes += state.q;
    accuseOf(state, { kind: 'bad-justification', statement: signed, body: message.body, proof: new Uint8Array(0) });
    return checked.reason;
  }
  install(state, heldNewView(message, body), from);
  return undefined;
}

/** @param message checked, or the own journal's */
export function heldNewView(message: MessageOf<'new-view'>, body: NewViewBody): HeldNewView {
  const bodies = body.viewChanges.flatMap(({ body: bytes }) => {
    const read = readViewChangeBody(bytes);
    return read.ok ? [read.value] : [];
  });
  const plan = planOf(bodies);
  const digest = sha3_256(message.body);
  const forced = new Map(plan.winners.map(({ height, digest: bound }) => [height, bound]));
  const top = plan.winners.at(-1)?.height ?? plan.base;
  const { signature } = message;
  const { base, baseDigest } = plan;
  return { body, bytes: encodeMessage(message), digest, signature, forced, base, baseDigest, top };
}

/** Enters the view that a checked new-view announces. */
function install(state: State, newView: HeldNewView, from: number): void {
  const { body, base } = newView;
  if (body.view > state.view) state.failedViews = Math.max(1, state.failedViews);
  state.view = body.view;
  state.changing = false;
  state.abandon = false;
  state.newView = newView;
  persistView(state);
  if (base > state.base)
    offerStable(state, { height: base, digest: newView.baseDigest, certificate: body.stableCertificate }, from);
  bindHeights(state, newView);
  requeueForView(state);
}

/** The window has moved: heights that the new-view binds and that lay above it find their slots. */
export function rebind(state: State): void {
  if (state.newView !== null && state.boundAbove !== state.stable.height) bindHeights(state, state.newView);
}

/** Puts what a new-view proves and proposes into the slots, and votes on what can be voted on. */
export function bindHeights(state: State, { body }: HeldNewView): void {
  state.boundAbove = state.stable.height;
  for (const proof of body.proofs) {
    const { height, view, decided, digest, signatures } = proof;
    if (!decided || misplaced(state, state.view, height) !== undefined) continue;
    const slot = slotAt(state, height);
    // Where the height was decided already when the new-view came, nobody has looked at its proof yet: a crash may
    // have swallowed that decision since.
    const proved = slot.decided === null && proofHolds(rulesOf(state), proof, proof);
    if (proved) decide(state, slot, view, digest, signatures);
  }
  const replica = primaryOf(body.view, state.n);
  for (const { height, digest, signature } of body.proposals) {
    if (misplaced(state, body.view, height) !== undefined) continue;
    const statement = statementAt(state, { phase: 'pre-prepare', view: body.view, height, digest });
    takeProposal(state, { replica, ...statement, signature }, replica, true);
  }
  for (const slot of state.slots.values()) {
    const round = slot.rounds.get(body.view);
    if (round !== undefined) advance(state, slot, round);
  }
}

/** Requests that the view's proposals do not carry wait again. */
function requeueForView(state: State): void {
  const proposed: (readonly Uint8Array[])[] = [];
  for (const slot of state.slots.values()) {
    const proposal = slot.rounds.get(state.view)?.proposal;
    const payload = proposal == null ? undefined : payloadOf(slot, proposal.digest);
    if (payload !== undefined) proposed.push(payload.batch.requests);
  }
  state.pool.requeue(proposed);
}
