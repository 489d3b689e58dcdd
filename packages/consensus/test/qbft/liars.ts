import { sha3_256 } from '@murmuration/crypto';
import { decodeBatch, encodeBatch, type Liar, type LiarContext, liars, type SendEffect } from '../../src/index.ts';
import { distort, receivers, signLie } from '../../src/liars/liar.ts';
import { qbftChain } from '../../src/qbft/certificates.ts';
import {
  type Claim,
  claimDigest,
  decodeQbftMessage,
  encodeQbftMessage,
  type QbftMessage,
  type QbftMessageOf,
} from '../../src/qbft/messages.ts';
import type { Phase } from '../../src/quorum/statement.ts';

function messageOf({ bytes }: SendEffect): QbftMessage | undefined {
  const decoded = decodeQbftMessage(bytes);
  return decoded.ok ? decoded.value : undefined;
}

function sendTo(to: number | 'all', message: QbftMessage): SendEffect {
  return { kind: 'send', to, bytes: encodeQbftMessage(message) };
}

/** Signs what a correct replica would not, at the place of a message. */
export function lieAt(
  context: LiarContext,
  place: { readonly height: number; readonly round: number },
  phase: Phase,
  digest: Uint8Array,
): Uint8Array {
  const { replicaSet } = context;
  const set = qbftChain(replicaSet);
  const { height, round: view } = place;
  return signLie({ ...context, replicaSet: set }, { epoch: set.epoch, phase, view, height, digest });
}

/** Another batch of the same requests, signed. */
function secondProposal(context: LiarContext, message: QbftMessageOf<'proposal'>): QbftMessageOf<'proposal'> {
  const batch = decodeBatch(message.payload);
  const payload = batch.ok ? encodeBatch({ ...batch.value, timeMs: batch.value.timeMs + 1 }) : message.payload;
  return { ...message, payload, signature: lieAt(context, message, 'pre-prepare', sha3_256(payload)) };
}

/** Tells one half of the replicas one thing and the other half another, both signed, and votes for both. */
function equivocate(): Liar {
  const seconds = new Map<string, Uint8Array>();
  return {
    name: 'equivocate',
    describe: 'signs two proposals or votes for one round, and splits them among the others',
    onSend(context, effect) {
      const message = messageOf(effect);
      if (message === undefined || effect.to !== 'all') return [effect];
      const split = (other: QbftMessage) =>
        receivers(context, effect).map((to, i) => sendTo(to, i % 2 === 0 ? message : other));
      if (message.kind === 'proposal') {
        const other = secondProposal(context, message);
        seconds.set(`${context.self} ${message.height} ${message.round}`, sha3_256(other.payload));
        return split(other);
      }
      if (message.kind !== 'prepare' && message.kind !== 'commit') return [effect];
      const digest = seconds.get(`${context.self} ${message.height} ${message.round}`) ?? distort(message.digest);
      return split({ ...message, digest, signature: lieAt(context, message, message.kind, digest) });
    },
  };
}

/** Claims a prepared batch that never was, so that a proposer who did not look would be bound to it. */
const forgedClaim: Liar = {
  name: 'forged-claim',
  describe: 'claims in its round-changes to have prepared a batch of its own, with prepares of something else',
  onSend(context, effect) {
    const message = messageOf(effect);
    if (message?.kind !== 'round-change') return [effect];
    const payload = encodeBatch({ timeMs: 1, requests: [Uint8Array.of(66)] });
    const claim: Claim = { preparedRound: message.round - 1, preparedDigest: sha3_256(payload) };
    const signature = lieAt(context, message, 'round-change', claimDigest(claim));
    return [sendTo(effect.to, { ...message, ...claim, signature, payload })];
  },
};

/** Votes, and later will not have known. */
const forgetful: Liar = {
  name: 'forgetful',
  describe: 'denies in its round-changes whatever it has prepared',
  onSend(context, effect) {
    const message = messageOf(effect);
    if (message?.kind !== 'round-change') return [effect];
    const claim: Claim = { preparedRound: 0, preparedDigest: new Uint8Array(32) };
    const signature = lieAt(context, message, 'round-change', claimDigest(claim));
    return [sendTo(effect.to, { ...message, ...claim, signature, prepares: [], payload: new Uint8Array(0) })];
  },
};

/** Proposes in later rounds what it likes, with the justification of something else. */
const unbound: Liar = {
  name: 'unbound',
  describe: 'proposes a batch of its own in rounds that are bound to another, and without reason in others',
  onSend(context, effect) {
    const message = messageOf(effect);
    if (message?.kind !== 'proposal' || message.round === 1) return [effect];
    const second = secondProposal(context, message);
    return [sendTo(effect.to, message.prepares.length > 0 ? second : { ...second, roundChanges: [] })];
  },
};

/** Hurries far ahead. */
const runaway: Liar = {
  name: 'runaway',
  describe: 'sends round-changes for rounds that nobody is near',
  onSend(context, effect) {
    const message = messageOf(effect);
    if (message?.kind !== 'prepare' && message?.kind !== 'round-change') return [effect];
    const { epoch, height } = message;
    const round = message.round + 1000;
    const claim: Claim = { preparedRound: 0, preparedDigest: new Uint8Array(32) };
    const signature = lieAt(context, { height, round }, 'round-change', claimDigest(claim));
    const nothing = { prepares: [], payload: new Uint8Array(0) };
    return [effect, sendTo('all', { kind: 'round-change', epoch, height, round, ...claim, signature, ...nothing })];
  },
};

/** Takes part until it matters. */
const withhold: Liar = {
  name: 'withhold',
  describe: 'keeps back its commits, and its proposals in later rounds',
  onSend(_, effect) {
    const message = messageOf(effect);
    const kept = message?.kind === 'commit' || (message?.kind === 'proposal' && message.round > 1);
    return kept ? [] : [effect];
  },
};

const { silent, selective, flood } = liars as Record<'silent' | 'selective' | 'flood', Liar>;

/** Every liar that speaks QBFT, by its name. */
export const qbftLiars: Readonly<Record<string, Liar>> = Object.fromEntries(
  [equivocate(), forgedClaim, forgetful, unbound, runaway, withhold, silent, selective, flood].map((liar) => [
    liar.name,
    liar,
  ]),
);
