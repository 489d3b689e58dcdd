import { accept, decodeCanonical, encode, equalBytes, type Result, refuse } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { checkSigners } from '../quorum/certificate.ts';
import { primaryOf } from '../quorum/replica-set.ts';
import { signStatement } from '../quorum/statement.ts';
import { isStable } from './checkpoint.ts';
import { persistView } from './journal.ts';
import {
  type Claim,
  encodeMessage,
  type MessageOf,
  type Proof,
  type ViewChangeBody,
  viewChangeBodySchema,
} from './messages.ts';
import { type HeldViewChange, MAX_ANSWERS, type State, sendBytes, statementAt } from './state.ts';
import { certified } from './votes.ts';
import { accuse, checkSigned } from './witness.ts';

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
    claims: proofs.map(({ height, view, decided, digest }) => ({ height, view, decided, digest })),
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
  state.viewChanges[state.self] = { body, bodyBytes, digest, signature, stableCertificate, proofs, sound: true };
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
  if (!read.ok) return read.reason;
  const body = read.value;
  const digest = sha3_256(message.body);
  const held = state.viewChanges[from];
  if (held !== undefined && held.body.view > body.view) return 'stale-view-change';
  if (held !== undefined && equalBytes(held.digest, digest)) {
    showView(state, from, body.view);
    return undefined;
  }
  const place = { phase: 'view-change', view: body.view, height: 0 } as const;
  const signed = { replica: from, ...statementAt(state, { ...place, digest }), signature: message.signature };
  if (!checkSigned(state, signed, from)) return undefined;
  if (held?.body.view === body.view) {
    const known = { ...signed, digest: held.digest, signature: held.signature };
    accuse(state, known, signed);
    return undefined;
  }
  const { signature, stableCertificate, proofs } = message;
  state.viewChanges[from] = {
    body,
    bodyBytes: message.body,
    digest,
    signature,
    stableCertificate,
    proofs,
    sound: null,
  };
  showView(state, from, body.view);
  return undefined;
}

/** Passes the new-view on to a replica that still waits for `view` or a lower one. */
export function showView(state: State, to: number, view: number): void {
  if (state.newView === null || view > state.view) return;
  const peer = state.peers[to] as { answers: number };
  if (peer.answers >= MAX_ANSWERS) return;
  peer.answers += 1;
  sendBytes(state, to, state.newView.bytes);
}

/** @returns the body of a view-change, its shape and order checked */
export function readViewChangeBody(bytes: Uint8Array): Result<ViewChangeBody> {
  const decoded = decodeCanonical(viewChangeBodySchema, bytes);
  if (!decoded.ok) return decoded;
  const { view, stableHeight, claims } = decoded.value;
  let previous = stableHeight;
  for (const claim of claims) {
    if (claim.height <= previous) return refuse('unordered-claims');
    if (claim.view >= view) return refuse('claim-of-future-view');
    previous = claim.height;
  }
  return accept(decoded.value);
}

/** Whether everything that a view-change claims is proved. Looked at by the primary that would build on it. */
export function isSound(state: State, held: HeldViewChange): boolean {
  held.sound ??= checkProofs(state, held);
  return held.sound;
}

function checkProofs(state: State, { body, stableCertificate, proofs }: HeldViewChange): boolean {
  const { stableHeight: height, stableDigest: digest, claims } = body;
  if (height < state.base) return false;
  if (height > state.base && !isStable(state, { height, digest, certificate: stableCertificate })) return false;
  if (proofs.length !== claims.length) return false;
  return claims.every((claim, i) => proves(state, proofs[i] as Proof, claim));
}

/** Whether `proof` shows `claim`: Q commits, or the pre-prepare and Q - 1 prepares, of one view. */
export function proves(state: State, proof: Proof, claim: Claim): boolean {
  const { height, view, decided, digest } = claim;
  if (proof.height !== height || proof.view !== view || proof.decided !== decided) return false;
  if (!equalBytes(proof.digest, digest)) return false;
  const own = state.slots.get(height)?.decided;
  if (decided && own != null && own.view === view && equalBytes(own.digest, digest)) return true;
  const primary = primaryOf(view, state.n);
  if (!decided && !proof.signatures.some(({ replica }) => replica === primary)) return false;
  return checkSigners(proof.signatures, state.n, state.q, (signature) => {
    const phase = decided ? 'commit' : signature.replica === primary ? 'pre-prepare' : 'prepare';
    return certified(state, { phase, view, height, digest }, signature);
  }).ok;
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
