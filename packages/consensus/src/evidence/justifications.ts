import { accept, decodeCanonical, equalBytes, type Result, refuse } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { certifiesState, checkNewViewBody, proofHolds, type Rules, readViewChangeBody } from '../pbft/justification.ts';
import { newViewBodySchema, proofSchema, type ViewChangeBody } from '../pbft/messages.ts';
import { primaryOf } from '../quorum/replica-set.ts';
import type { Offence } from './judge.ts';
import type { EvidenceOf } from './schema.ts';

type Accusation = EvidenceOf<'bad-justification'>;

/**
 * Whether a signed view-change or new-view is one that no correct replica signs. Whoever signs a view-change has
 * verified its proofs, and names each by digest; whoever signs a new-view has verified everything in it.
 */
export function judgeJustification({ statement, body, proof }: Accusation, rules: Rules): Result<Offence> {
  const { phase, height, digest } = statement;
  if ((phase !== 'view-change' && phase !== 'new-view') || height !== 0) return refuse('no-offence');
  if (!equalBytes(sha3_256(body), digest)) return refuse('wrong-body');
  const wrong =
    phase === 'view-change' ? wrongChange(statement, body, proof, rules) : wrongView(statement, body, rules);
  if (phase === 'new-view' && proof.length > 0) return refuse('stray-proof');
  if (!wrong.ok) return wrong;
  const { replica, view } = statement;
  const summary = `replica ${replica} signed a ${phase} for view ${view} that does not hold: ${wrong.value.why}`;
  return accept({ class: 'invalid-justification', view, height: wrong.value.height, summary });
}

interface Wrong {
  readonly why: string;
  /** 0 where no height is wrong by itself. */
  readonly height: number;
}

function wrongChange(
  { view, epoch }: Accusation['statement'],
  bytes: Uint8Array,
  proof: Uint8Array,
  rules: Rules,
): Result<Wrong> {
  const read = readViewChangeBody(bytes);
  if (!read.ok || read.value.view !== view) {
    return proof.length === 0
      ? accept({ why: read.ok ? 'other-view' : read.reason, height: 0 })
      : refuse('stray-proof');
  }
  if (proof.length === 0) return refuse('no-offence');
  return wrongProof(read.value, epoch, proof, rules);
}

/** A certificate that the body names by digest, and that does not show what the body claims by it. */
function wrongProof(body: ViewChangeBody, epoch: number, bytes: Uint8Array, rules: Rules): Result<Wrong> {
  const named = sha3_256(bytes);
  const { stableHeight: height, stableDigest: digest, stableProof, claims } = body;
  if (equalBytes(stableProof, named)) {
    const holds = certifiesState(rules, epoch, { height, digest, certificate: bytes });
    return holds ? refuse('no-offence') : accept({ why: 'unproved-checkpoint', height });
  }
  const claim = claims.find((one) => equalBytes(one.proof, named));
  if (claim === undefined) return refuse('stray-proof');
  const proof = decodeCanonical(proofSchema, bytes);
  const holds = proof.ok && proofHolds(rules, proof.value, claim);
  return holds ? refuse('no-offence') : accept({ why: 'unproved-claim', height: claim.height });
}

function wrongView({ replica, view, epoch }: Accusation['statement'], bytes: Uint8Array, rules: Rules): Result<Wrong> {
  if (primaryOf(view, rules.n) !== replica) return accept({ why: 'not-primary', height: 0 });
  const body = decodeCanonical(newViewBodySchema, bytes, { maxBytes: bytes.length });
  if (!body.ok || body.value.view !== view) return accept({ why: body.ok ? 'other-view' : body.reason, height: 0 });
  const checked = checkNewViewBody(rules, epoch, body.value);
  return checked.ok ? refuse('no-offence') : accept({ why: checked.reason, height: 0 });
}
