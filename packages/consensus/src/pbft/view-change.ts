import { decodeCanonical, encode, equalBytes } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { signStatement } from '../quorum/statement.ts';
import { isStable } from './checkpoint.ts';
import { persistView } from './journal.ts';
import { proofDigest, proofHolds, readViewChangeBody } from './justification.ts';
import { checkLocks } from './locks.ts';
import {
  type Claim,
  encodeMessage,
  type MessageOf,
  type Proof,
  proofSchema,
  type ViewChangeBody,
  viewChangeBodySchema,
} from './messages.ts';
import { type HeldViewChange, MAX_ANSWERS, type State, sendBytes, statementAt } from './state.ts';
import { rulesOf } from './votes.ts';
import { accuse, accuseOf, checkSigned } from './witness.ts';

/** Leaves the current view for `target`: says what is prepared and decided here, and votes no more below it. */
export function startViewChange(state: State, target: number): void {
  state.view = target;
  state.changing = true;
  state.abandon = false;
  state.failedViews += 1;
  state.newView = null;
  const proofs = ownProofs(state);
  const body: ViewChangeBody = {
    view: target,
    stableHeight: state.stable.height,
    stableDigest: state.stable.digest,
    stableProof: sha3_256(state.stable.certificate),
    claims: proofs.map((proof) => {
      const { height, view, decided, digest } = proof;
      return { height, view, decided, digest, proof: proofDigest(proof) };
    }),
  };
  const bodyBytes = encode(viewChangeBodySchema, body);
  const digest = sha3_256(bodyBytes);
  const statement = statementAt(state, { phase: 'view-change', view: target, height: 0, digest });
  const signature = signStatement(state.signer, state.set.chainId, statement);
  const stableCertificate = state.stable.certificate;
  const epoch = state.set.epoch;
  state.ownViewChange = encodeMessage({
    kind: 'view-change',
    epoch,
    body: bodyBytes,
    signature,
    stableCertificate,
    proofs,
  });
  const replica = state.self;
  state.viewChanges[replica] = { replica, body, bodyBytes, digest, signature, stableCertificate, proofs, sound: true };
  persistView(state);
  sendBytes(state, 'all', state.ownViewChange);
}

/** The certificates held above the stable checkpoint: a commit certificate where there is one. */
function ownProofs(state: State): Proof[] {
  const proofs: Proof[] = [];
  for (const { height, decided, prepared } of state.slots.values()) {
    if (decided !== null) {
      const { view, digest, signatures } = decided;
      proofs.push({ height, view, decided: true, digest, signatures });
    } else if (prepared !== null) {
      proofs.push(prepared);
    }
  }
  return proofs.sort((a, b) => a.height - b.height);
}

/** Another replica leaves its view. One that we are already past is shown how the view we are in came about. */
export function onViewChange(state: State, from: number, message: MessageOf<'view-change'>): string | undefined {
  if (message.epoch !== state.set.epoch) return 'wrong-epoch';
  const read = readViewChangeBody(message.body);
  if (!read.ok) return malformed(state, from, message, read.reason);
  const body = read.value;
  const digest = sha3_256(message.body);
  const held = state.viewChanges[from];
  if (held !== undefined && held.body.view > body.view) return 'stale-view-change';
  if (held !== undefined && equalBytes(held.digest, digest)) return 'duplicate-view-change';
  if (!isBound(body, message)) return 'unbound-proof';
  const place = { phase: 'view-change', view: body.view, height: 0 } as const;
  const signed = { replica: from, ...statementAt(state, { ...place, digest }), signature: message.signature };
  if (!checkSigned(state, signed, from)) return undefined;
  if (held?.body.view === body.view) {
    accuse(state, { ...signed, digest: held.digest, signature: held.signature }, signed);
    return 'conflicting-view-change';
  }
  const { body: bodyBytes, signature, stableCertificate, proofs } = message;
  const taken = { replica: from, body, bodyBytes, digest, signature, stableCertificate, proofs, sound: null };
  state.viewChanges[from] = taken;
  checkLocks(state, taken);
  showView(state, from, body.view);
  return undefined;
}

/** A body in the wrong order, which no correct replica signs. */
function malformed(state: State, from: number, { body, signature }: MessageOf<'view-change'>, reason: string): string {
  const shape = decodeCanonical(viewChangeBodySchema, body);
  if (!shape.ok) return reason;
  const place = { phase: 'view-change', view: shape.value.view, height: 0, digest: sha3_256(body) } as const;
  const statement = { replica: from, ...statementAt(state, place), signature };
  if (checkSigned(state, statement, from)) {
    accuseOf(state, { kind: 'bad-justification', statement, body, proof: new Uint8Array(0) });
  }
  return reason;
}

/** Passes the new-view on to a replica that still waits for `view` or a lower one. */
export function showView(state: State, to: number, view: number): void {
  if (state.newView === null || view > state.view) return;
  const peer = state.peers[to] as { answers: number };
  if (peer.answers >= MAX_ANSWERS) return;
  peer.answers += 1;
  sendBytes(state, to, state.newView.bytes);
}

/** Whether everything that a view-change claims is proved. Looked at by the primary that would build on it. */
export function isSound(state: State, held: HeldViewChange): boolean {
  held.sound ??= checkProofs(state, held);
  return held.sound;
}

function checkProofs(state: State, held: HeldViewChange): boolean {
  const { body, stableCertificate: certificate, proofs } = held;
  const { stableHeight: height, stableDigest: digest, claims } = body;
  if (height < state.base) return false;
  if (height > state.base && !isStable(state, { height, digest, certificate })) {
    accuseOfProof(state, held, certificate);
    return false;
  }
  return claims.every((claim, i) => {
    const proof = proofs[i] as Proof;
    if (proves(state, proof, claim)) return true;
    accuseOfProof(state, held, encode(proofSchema, proof));
    return false;
  });
}

/** It answers for its proofs: their digests are in what it signed. */
function accuseOfProof(
  state: State,
  { replica, body, bodyBytes, digest, signature }: HeldViewChange,
  proof: Uint8Array,
) {
  const place = { phase: 'view-change', view: body.view, height: 0, digest } as const;
  const statement = { replica, ...statementAt(state, place), signature };
  accuseOf(state, { kind: 'bad-justification', statement, body: bodyBytes, proof });
}

/** Whether what travels beside a body is what the body names: its certificate, and a proof for each claim. */
function isBound(body: ViewChangeBody, { stableCertificate, proofs }: MessageOf<'view-change'>): boolean {
  if (proofs.length !== body.claims.length) return false;
  if (!equalBytes(sha3_256(stableCertificate), body.stableProof)) return false;
  return body.claims.every(({ proof }, i) => equalBytes(proof, proofDigest(proofs[i] as Proof)));
}

/** Whether `proof` shows `claim`. A height that is decided here too is not looked at again. */
export function proves(state: State, proof: Proof, claim: Claim): boolean {
  const own = state.slots.get(claim.height)?.decided;
  if (claim.decided && own != null && own.view === claim.view && equalBytes(own.digest, claim.digest)) return true;
  return proofHolds(rulesOf(state), proof, claim);
}

/**
 * f + 1 replicas have left for higher views, so a correct one has: joins them at the lowest of the f + 1 highest.
 * @returns that view, or undefined
 */
export function viewToJoin(state: State): number | undefined {
  let higher = 0;
  for (const held of state.viewChanges) if (held !== undefined && held.body.view > state.view) higher += 1;
  if (higher <= state.f) return undefined;
  const views = state.viewChanges.map((held) => held?.body.view ?? 0).sort((a, b) => b - a);
  return views[state.f];
}

/** Whether Q replicas have left for this view or a higher one: from then on its primary is waited for. */
export function quorumLeft(state: State): boolean {
  return state.viewChanges.filter((held) => held !== undefined && held.body.view >= state.view).length >= state.q;
}
