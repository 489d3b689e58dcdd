import { decodeCanonical, encode } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { proofDigest, readViewChangeBody } from '../pbft/justification.ts';
import { type MessageOf, newViewBodySchema, viewChangeBodySchema } from '../pbft/messages.ts';
import { primaryOf } from '../quorum/replica-set.ts';
import { distort, isVote, type Liar, type LiarContext, messageOf, sendTo, signLie } from './liar.ts';

/** Every vote carries a signature that does not hold. */
export const badSignature: Liar = {
  name: 'bad-signature',
  describe: 'spoils the signature of every vote and proposal',
  onSend(_, effect) {
    const message = messageOf(effect);
    if (message === undefined || !isVote(message)) return [effect];
    return [sendTo(effect.to, { ...message, signature: distort(message.signature) })];
  },
};

/** Votes in views that are over. */
export const staleView: Liar = {
  name: 'stale-view',
  describe: 'signs its votes for the view before',
  onSend(context, effect) {
    const message = messageOf(effect);
    if (message === undefined || !isVote(message) || message.view === 0) return [effect];
    const { kind: phase, epoch, height, digest } = message;
    const view = message.view - 1;
    return [
      sendTo(effect.to, { ...message, view, signature: signLie(context, { phase, epoch, view, height, digest }) }),
    ];
  },
};

/** Vouches for a state that is none. */
export const badCheckpoint: Liar = {
  name: 'bad-checkpoint',
  describe: 'signs checkpoints of a state that it does not have',
  onSend(context, effect) {
    const message = messageOf(effect);
    if (message?.kind !== 'checkpoint') return [effect];
    const { epoch, height } = message;
    const digest = distort(message.digest);
    const signature = signLie(context, { phase: 'checkpoint', epoch, view: 0, height, digest });
    return [sendTo(effect.to, { ...message, digest, signature })];
  },
};

/** Claims in a view-change what it cannot prove, so that a new primary that did not look would be misled. */
export const forgedJustification: Liar = {
  name: 'forged-justification',
  describe: 'claims a prepared batch that never was in its view-changes, and wrong proposals in its new-views',
  onSend(context, effect) {
    const message = messageOf(effect);
    if (message?.kind === 'view-change') return [sendTo(effect.to, forgeClaims(context, message))];
    if (message?.kind === 'new-view') return [sendTo(effect.to, forgeProposals(context, message))];
    return [effect];
  },
};

function forgeClaims(context: LiarContext, message: MessageOf<'view-change'>): MessageOf<'view-change'> {
  const read = readViewChangeBody(message.body);
  if (!read.ok) return message;
  const height = read.value.stableHeight + 1;
  const kept = message.proofs.filter((proof) => proof.height > height);
  const claim = { height, view: read.value.view - 1, decided: false, digest: distort(read.value.stableDigest) };
  const proof = { ...claim, signatures: kept[0]?.signatures ?? [] };
  const above = read.value.claims.filter((other) => other.height > height);
  const claims = [{ ...claim, proof: proofDigest(proof) }, ...above];
  const body = encode(viewChangeBodySchema, { ...read.value, claims });
  return {
    ...message,
    body,
    signature: signBody(context, 'view-change', read.value.view, body),
    proofs: [proof, ...kept],
  };
}

/** Proposals that nothing binds it to, under a good signature. */
function forgeProposals(context: LiarContext, message: MessageOf<'new-view'>): MessageOf<'new-view'> {
  const read = decodeCanonical(newViewBodySchema, message.body, { maxBytes: message.body.length });
  // Only what it announces itself: what it passes on is another's.
  if (!read.ok || primaryOf(read.value.view, context.n) !== context.self) return message;
  const { view, proposals } = read.value;
  const invented = { height: (proposals.at(-1)?.height ?? context.height) + 1, digest: distort(new Uint8Array(32)) };
  const signature = signLie(context, { phase: 'pre-prepare', epoch: message.epoch, view, ...invented });
  const body = encode(newViewBodySchema, { ...read.value, proposals: [...proposals, { ...invented, signature }] });
  return { ...message, body, signature: signBody(context, 'new-view', view, body) };
}

function signBody(context: LiarContext, phase: 'view-change' | 'new-view', view: number, body: Uint8Array): Uint8Array {
  const { epoch } = context.replicaSet;
  return signLie(context, { phase, epoch, view, height: 0, digest: sha3_256(body) });
}
