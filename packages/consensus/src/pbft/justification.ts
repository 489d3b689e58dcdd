import { accept, decodeCanonical, encode, equalBytes, type Result, refuse } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { checkSigners, decodeCertificate } from '../quorum/certificate.ts';
import { primaryOf } from '../quorum/replica-set.ts';
import type { Phase, Signature } from '../quorum/statement.ts';
import {
  type Claim,
  type NewViewBody,
  type Proof,
  proofSchema,
  type ViewChangeBody,
  viewChangeBodySchema,
} from './messages.ts';
import { type Plan, planOf } from './plan.ts';

/** A statement without its epoch, which the rules know. */
export interface Place {
  readonly phase: Phase;
  readonly view: number;
  readonly height: number;
  readonly digest: Uint8Array;
}

/** What justifications are checked by: the keys of one epoch, in an engine with what it has verified already. */
export interface Rules {
  readonly n: number;
  readonly q: number;
  /** Whether this replica signed that. */
  readonly certified: (place: Place, signature: Signature) => boolean;
}

/** @returns the body of a view-change, its shape and order checked */
export function readViewChangeBody(bytes: Uint8Array): Result<ViewChangeBody> {
  const decoded = decodeCanonical(viewChangeBodySchema, bytes);
  if (!decoded.ok) return decoded;
  const { view, stableHeight, claims } = decoded.value;
  let previous = stableHeight;
  for (const claim of claims) {
    if (claim.height <= previous) return refuse('unordered-claims');
    // A decision of a later view may have come from others: its Q commits prove it, whatever view is left.
    if (!claim.decided && claim.view >= view) return refuse('claim-of-future-view');
    previous = claim.height;
  }
  return accept(decoded.value);
}

/** What a claim names its proof by. */
export function proofDigest(proof: Proof): Uint8Array {
  return sha3_256(encode(proofSchema, proof));
}

/** Whether `proof` shows `claim`: Q commits, or the pre-prepare and Q - 1 prepares, of one view. */
export function proofHolds(rules: Rules, proof: Proof, claim: Omit<Claim, 'proof'>): boolean {
  const { height, view, decided, digest } = claim;
  if (proof.height !== height || proof.view !== view || proof.decided !== decided) return false;
  if (!equalBytes(proof.digest, digest)) return false;
  const primary = primaryOf(view, rules.n);
  if (!decided && !proof.signatures.some(({ replica }) => replica === primary)) return false;
  return checkSigners(proof.signatures, rules.n, rules.q, (signature) => {
    const phase = decided ? 'commit' : signature.replica === primary ? 'pre-prepare' : 'prepare';
    return rules.certified({ phase, view, height, digest }, signature);
  }).ok;
}

/** Whether Q replicas of `epoch` signed this state at this height. */
export function certifiesState(
  rules: Rules,
  epoch: number,
  { height, digest, certificate }: { height: number; digest: Uint8Array; certificate: Uint8Array },
): boolean {
  const decoded = decodeCertificate(certificate);
  if (!decoded.ok || decoded.value.epoch !== epoch || decoded.value.view !== 0) return false;
  const place = { phase: 'checkpoint', view: 0, height, digest } as const;
  return checkSigners(decoded.value.signatures, rules.n, rules.q, (signature) => rules.certified(place, signature)).ok;
}

/** The signed view-changes that a new-view rests on: Q of them, of its view, ascending. */
export function readViewChanges(rules: Rules, body: NewViewBody): Result<readonly ViewChangeBody[]> {
  if (body.viewChanges.length !== rules.q) return refuse('no-quorum-of-view-changes');
  const bodies: ViewChangeBody[] = [];
  let previous = -1;
  for (const { replica, body: bytes, signature } of body.viewChanges) {
    if (replica <= previous || replica >= rules.n) return refuse('unordered-signers');
    previous = replica;
    const read = readViewChangeBody(bytes);
    if (!read.ok) return read;
    if (read.value.view !== body.view) return refuse('view-change-of-other-view');
    const place = { phase: 'view-change', view: body.view, height: 0, digest: sha3_256(bytes) } as const;
    if (!rules.certified(place, { replica, signature })) return refuse('bad-signature');
    bodies.push(read.value);
  }
  return accept(bodies);
}

/** Whether the proposals of a new-view are what its view-changes bind it to, each signed by its primary. */
export function checkProposals(rules: Rules, body: NewViewBody, plan: Plan): Result<void> {
  const wanted = plan.winners.filter(({ decided }) => !decided);
  if (wanted.length !== body.proposals.length) return refuse('wrong-proposals');
  const replica = primaryOf(body.view, rules.n);
  for (const [i, { height, digest }] of wanted.entries()) {
    const proposal = body.proposals[i] as NewViewBody['proposals'][number];
    if (proposal.height !== height || !equalBytes(proposal.digest, digest)) return refuse('wrong-proposals');
    const place = { phase: 'pre-prepare', view: body.view, height, digest } as const;
    if (!rules.certified(place, { replica, signature: proposal.signature })) return refuse('bad-signature');
  }
  return accept(undefined);
}

/**
 * Recomputes a whole new-view from the signed view-changes in it, by nothing but the keys of its epoch. A base whose
 * certificate is empty is let pass: it may be where the epoch began.
 */
export function checkNewViewBody(rules: Rules, epoch: number, body: NewViewBody): Result<void> {
  const bodies = readViewChanges(rules, body);
  if (!bodies.ok) return bodies;
  const plan = planOf(bodies.value);
  const stable = { height: plan.base, digest: plan.baseDigest, certificate: body.stableCertificate };
  if (body.stableCertificate.length > 0 && !certifiesState(rules, epoch, stable)) return refuse('unproved-checkpoint');
  if (plan.winners.length !== body.proofs.length) return refuse('unproved-claim');
  for (const [i, winner] of plan.winners.entries()) {
    if (!proofHolds(rules, body.proofs[i] as Proof, winner)) return refuse('unproved-claim', `height ${winner.height}`);
  }
  return checkProposals(rules, body, plan);
}
