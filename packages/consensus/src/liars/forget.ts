import { encode } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { readViewChangeBody } from '../pbft/justification.ts';
import { viewChangeBodySchema } from '../pbft/messages.ts';
import { type Liar, messageOf, sendTo, signLie } from './liar.ts';

/** Votes, and later will not have known: with enough of them a decided batch could be replaced. */
export const forgetful: Liar = {
  name: 'forgetful',
  describe: 'denies in its view-changes every batch that it has prepared',
  onSend(context, effect) {
    const message = messageOf(effect);
    if (message?.kind !== 'view-change') return [effect];
    const read = readViewChangeBody(message.body);
    if (!read.ok) return [effect];
    const body = encode(viewChangeBodySchema, { ...read.value, claims: [] });
    const { view } = read.value;
    const { epoch } = message;
    const signature = signLie(context, { phase: 'view-change', epoch, view, height: 0, digest: sha3_256(body) });
    return [sendTo(effect.to, { ...message, body, signature, proofs: [] })];
  },
};
