import { sha3_256 } from '@murmuration/crypto';
import { hotstuff2Chain } from '../../src/hotstuff2/certificates.ts';
import {
  decodeHotstuff2Message,
  encodeHotstuff2Message,
  type Hotstuff2Message,
  type Hotstuff2MessageOf,
} from '../../src/hotstuff2/messages.ts';
import { decodeBatch, encodeBatch, type Liar, type LiarContext, liars, type SendEffect } from '../../src/index.ts';
import { distort, receivers, signLie } from '../../src/liars/liar.ts';

function messageOf({ bytes }: SendEffect): Hotstuff2Message | undefined {
  const decoded = decodeHotstuff2Message(bytes);
  return decoded.ok ? decoded.value : undefined;
}

function sendTo(to: number | 'all', message: Hotstuff2Message): SendEffect {
  return { kind: 'send', to, bytes: encodeHotstuff2Message(message) };
}

/** Another batch of the same requests in the place of a proposal, signed. */
function secondProposal(context: LiarContext, message: Hotstuff2MessageOf<'propose'>): Hotstuff2MessageOf<'propose'> {
  const { payload, view, height } = message;
  const batch = decodeBatch(payload);
  const other = batch.ok ? encodeBatch({ ...batch.value, timeMs: batch.value.timeMs + 1 }) : payload;
  const replicaSet = hotstuff2Chain(context.replicaSet);
  const statement = { epoch: replicaSet.epoch, phase: 'pre-prepare', view, height, digest: sha3_256(other) } as const;
  return { ...message, payload: other, signature: signLie({ ...context, replicaSet }, statement) };
}

const equivocate: Liar = {
  name: 'equivocate',
  describe: 'shows one half of the replicas one proposal and the other half another, both signed',
  onSend(context, effect) {
    const message = messageOf(effect);
    if (message?.kind !== 'propose') return [effect];
    const other = secondProposal(context, message);
    return receivers(context, effect).map((to) => sendTo(to, to % 2 === 0 ? message : other));
  },
};

const unbound: Liar = {
  name: 'unbound',
  describe:
    'proposes in later views what it likes, whatever is locked, with or without the justification of something else',
  onSend(context, effect) {
    const message = messageOf(effect);
    if (message?.kind !== 'propose' || message.view === 0) return [effect];
    const other = secondProposal(context, message);
    return [sendTo(effect.to, context.height % 2 === 0 ? other : { ...other, justify: null })];
  },
};

const badShare: Liar = {
  name: 'bad-share',
  describe: 'votes and gives views up with shares that do not verify',
  onSend(_, effect) {
    const message = messageOf(effect);
    const shares = message?.kind === 'vote' || message?.kind === 'vote2' || message?.kind === 'timeout';
    return [shares ? sendTo(effect.to, { ...message, share: distort(message.share) }) : effect];
  },
};

const withhold: Liar = {
  name: 'withhold',
  describe: 'takes part until it matters: keeps back its second votes, and as leader the second certificate',
  onSend(_, effect) {
    const kind = messageOf(effect)?.kind;
    return kind === 'vote2' || kind === 'decide' ? [] : [effect];
  },
};

const secretive: Liar = {
  name: 'secretive',
  describe: 'shows its certificates to one replica alone, and hides its locks from new leaders',
  onSend(context, effect) {
    const message = messageOf(effect);
    if (message?.kind === 'prepare')
      return receivers(context, effect)
        .slice(0, 1)
        .map((to) => sendTo(to, message));
    return [message?.kind === 'new-view' ? sendTo(effect.to, { ...message, lock: null }) : effect];
  },
};

const runaway: Liar = {
  name: 'runaway',
  describe: 'gives up views that nobody is near',
  onSend(_, effect) {
    const message = messageOf(effect);
    return [message?.kind === 'timeout' ? sendTo('all', { ...message, view: message.view + 1000 }) : effect];
  },
};

const { silent, selective, flood } = liars as Record<'silent' | 'selective' | 'flood', Liar>;

/** Every liar that speaks HotStuff-2, by its name. */
export const hotstuff2Liars: Readonly<Record<string, Liar>> = Object.fromEntries(
  [equivocate, unbound, badShare, withhold, secretive, runaway, silent, selective, flood].map((liar) => [
    liar.name,
    liar,
  ]),
);
