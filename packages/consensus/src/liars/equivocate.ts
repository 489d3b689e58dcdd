import type { Signer } from '@murmuration/crypto';
import { sha3_256 } from '@murmuration/crypto';
import { decodeBatch, encodeBatch } from '../quorum/batch.ts';
import {
  distort,
  isVote,
  type Liar,
  type LiarContext,
  messageOf,
  receivers,
  sendTo,
  signLie,
  type Vote,
} from './liar.ts';

/** Its own second proposals, so that its votes stand by both. The newest few of each liar. */
const seconds = new WeakMap<Signer, Map<string, Uint8Array>>();
const MAX_SECONDS = 256;

/** Tells one half of the replicas one thing and the other half another, both signed. */
export const equivocate: Liar = {
  name: 'equivocate',
  describe: 'signs two votes or proposals for one view and height, and splits them among the others',
  onSend(context, effect) {
    const message = messageOf(effect);
    if (message === undefined || !isVote(message) || effect.to !== 'all') return [effect];
    const other = contradict(context, message);
    return receivers(context, effect).map((to, i) => sendTo(to, i % 2 === 0 ? message : other));
  },
};

/** The same place, another digest, signed again. */
function contradict(context: LiarContext, vote: Vote): Vote {
  const { kind: phase, epoch, view, height } = vote;
  const place = `${view} ${height}`;
  if (vote.kind !== 'pre-prepare') {
    const digest = seconds.get(context.signer)?.get(place) ?? distort(vote.digest);
    return { ...vote, digest, signature: signLie(context, { phase, epoch, view, height, digest }) };
  }
  const batch = decodeBatch(vote.payload);
  const payload = batch.ok ? encodeBatch({ ...batch.value, timeMs: batch.value.timeMs + 1 }) : vote.payload;
  const digest = sha3_256(payload);
  remember(context.signer, place, digest);
  return { ...vote, payload, digest, signature: signLie(context, { phase, epoch, view, height, digest }) };
}

function remember(signer: Signer, place: string, digest: Uint8Array): void {
  const known = seconds.get(signer) ?? new Map<string, Uint8Array>();
  seconds.set(signer, known.set(place, digest));
  for (const oldest of known.keys()) if (known.size > MAX_SECONDS) known.delete(oldest);
}
