import { seededRandom } from '@murmuration/core';
import { createSigner } from '@murmuration/crypto';
import { expect, test } from 'vitest';
import type { AggregatorEffect, ClientEffect, MaskingClient } from '../../src/secure-aggregation/index.ts';
import {
  type ClientMessage,
  encodeClientMessage,
  encodeServerMessage,
  readClientMessage,
  readServerMessage,
  type ServerMessage,
} from '../../src/secure-aggregation/messages.ts';
import { createWorld, plainSum, runWorld, type World } from './world.ts';

/** Steps client 0 and the server with changed messages; everything else is carried as it is. */
function firstMessages(world: World): Uint8Array[] {
  return world.clients.map((client) => sentBytes(client.step({ kind: 'start' })));
}

function sentBytes(effects: readonly ClientEffect[]): Uint8Array {
  const send = effects.find((effect) => effect.kind === 'send');
  if (send?.kind !== 'send') throw new Error(`nothing sent: ${JSON.stringify(effects)}`);
  return send.bytes;
}

function feed(world: World, messages: readonly Uint8Array[]): AggregatorEffect[] {
  return messages.flatMap((bytes, from) => [...world.aggregator.step({ kind: 'message', from, bytes })]);
}

function clientMessage<Kind extends ClientMessage['kind']>(bytes: Uint8Array, kind: Kind) {
  const read = readClientMessage(bytes, 20);
  if (!read.ok || read.value.kind !== kind) throw new Error(`not ${kind}`);
  return read.value as Extract<ClientMessage, { kind: Kind }>;
}

function serverMessage<Kind extends ServerMessage['kind']>(
  effects: readonly AggregatorEffect[],
  to: number,
  kind: Kind,
) {
  const send = effects.find((effect) => effect.kind === 'send' && effect.to === to);
  const read = send?.kind === 'send' ? readServerMessage(send.bytes) : undefined;
  if (!read?.ok || read.value.kind !== kind) throw new Error(`not ${kind}`);
  return read.value as Extract<ServerMessage, { kind: Kind }>;
}

const flip = (bytes: Uint8Array, at = 40) => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));
const refusedWith = (reason: string) => [expect.objectContaining({ kind: 'refused', reason })];

function ask(client: MaskingClient, message: ServerMessage) {
  return client.step({ kind: 'message', bytes: encodeServerMessage(message) });
}

test('the server refuses keys that are unsigned, another’s, or no keys, and each message but once', () => {
  const world = createWorld({ seedText: 'keys', size: 4 });
  const messages = firstMessages(world);
  const keys = clientMessage(messages[0] as Uint8Array, 'keys');
  const send = (from: number, message: ClientMessage) =>
    world.aggregator.step({ kind: 'message', from, bytes: encodeClientMessage(message) });
  expect(send(0, { ...keys, signature: flip(keys.signature) })).toEqual(refusedWith('bad-signature'));
  expect(send(1, keys)).toEqual(refusedWith('bad-signature'));
  expect(send(9, keys)).toEqual(refusedWith('not-expected'));
  expect(send(0, { kind: 'masked', words: new Uint8Array(80) })).toEqual(refusedWith('out-of-order'));
  expect(world.aggregator.step({ kind: 'message', from: 0, bytes: messages[0] as Uint8Array })).toEqual([]);
  expect(world.aggregator.step({ kind: 'message', from: 0, bytes: messages[0] as Uint8Array })).toEqual(
    refusedWith('repeated'),
  );
});

test('a signed key that is no point or not reduced is refused before neighbours see it', () => {
  for (const [reason, from, to, fill] of [
    ['small-order-point', 0, 32, 0],
    ['malformed-key', 32, 64, 0xff],
  ] as const) {
    const world = createWorld({ seedText: 'points', size: 4, verify: () => true });
    const keys = clientMessage(firstMessages(world)[0] as Uint8Array, 'keys');
    const publicKey = keys.publicKey.slice().fill(fill, from, to);
    const bytes = encodeClientMessage({ ...keys, publicKey });
    expect(world.aggregator.step({ kind: 'message', from: 0, bytes })).toEqual(refusedWith(reason));
  }
});

test('a client refuses a roster with forged keys, strangers, repetitions or too few, and takes the true one after', () => {
  const world = createWorld({ seedText: 'roster', size: 5 });
  const effects = feed(world, firstMessages(world));
  const roster = serverMessage(effects, 0, 'roster');
  const client = world.clients[0] as MaskingClient;
  const [one, two] = roster.entries as [(typeof roster.entries)[0], (typeof roster.entries)[0]];
  const rest = roster.entries.slice(1);
  const forger = createSigner(new Uint8Array(32).fill(9));
  const forged = { ...one, publicKey: two.publicKey, signature: forger.sign('other', two.publicKey) };
  const offers: readonly [string, typeof roster.entries][] = [
    ['bad-signature', [forged, ...rest]],
    ['bad-signature', [{ ...one, publicKey: flip(one.publicKey) }, ...rest]],
    ['repeated-member', [one, one, ...rest]],
    ['stranger', [{ ...one, member: 0 }, ...rest]],
    ['stranger', [...roster.entries, { ...one, member: 77 }]],
    ['below-threshold', [one]],
  ];
  for (const [reason, entries] of offers) expect(ask(client, { ...roster, entries })).toEqual(refusedWith(reason));
  expect(client.phase).toBe('keys');
  expect(ask(client, { kind: 'boxes', entries: [] })).toEqual(refusedWith('out-of-order'));
  expect(ask(client, roster).map(({ kind }) => kind)).toEqual(['send']);
  expect(ask(client, roster)).toEqual(refusedWith('repeated'));
});

test('damaged ciphertexts, boxes and vectors are refused, by whoever can tell', () => {
  const world = createWorld({ seedText: 'damaged', size: 4 });
  const rosters = feed(world, firstMessages(world));
  const ciphertexts = world.clients.map((client, i) => sentBytes(ask(client, serverMessage(rosters, i, 'roster'))));
  const own = clientMessage(ciphertexts[0] as Uint8Array, 'ciphertexts');
  const send = (from: number, message: ClientMessage) =>
    world.aggregator.step({ kind: 'message', from, bytes: encodeClientMessage(message) });
  expect(send(0, { ...own, ciphertexts: own.ciphertexts.slice(1) })).toEqual(refusedWith('other-neighbours'));
  const pairs = feed(world, ciphertexts);
  const toFirst = serverMessage(pairs, 0, 'pairs');
  const client = world.clients[0] as MaskingClient;
  const swapped = toFirst.entries.map((entry) => ({
    ...entry,
    ciphertext: entry.ciphertext === null ? new Uint8Array(1088) : null,
  }));
  expect(ask(client, { ...toFirst, entries: swapped })).toEqual(refusedWith('wrong-initiator'));
  const shares = world.clients.map((one, i) => sentBytes(ask(one, serverMessage(pairs, i, 'pairs'))));
  const boxes = feed(world, shares);
  const mine = serverMessage(boxes, 0, 'boxes');
  const [box, next] = mine.entries as [(typeof mine.entries)[0], (typeof mine.entries)[0]];
  const rest = mine.entries.slice(1);
  for (const changed of [flip(box.box), next.box]) {
    // another's box, or one bit: it names both ends and the plan, so neither opens
    expect(ask(client, { ...mine, entries: [{ ...box, box: changed }, ...rest] })).toEqual(
      refusedWith('box-does-not-open'),
    );
  }
  const masked = sentBytes(ask(client, mine));
  expect(send(0, { kind: 'masked', words: new Uint8Array(76) })).toEqual(refusedWith('wrong-length'));
  expect(world.aggregator.step({ kind: 'message', from: 0, bytes: masked })).toEqual([]);
  expect(world.aggregator.step({ kind: 'message', from: 0, bytes: masked })).toEqual(refusedWith('repeated'));
});

test('random bytes, truncations and bit flips of any message neither throw nor move a client or the server', () => {
  const random = seededRandom('fuzz');
  const world = createWorld({ seedText: 'fuzz', size: 3 });
  const [bytes] = firstMessages(world) as [Uint8Array];
  for (let i = 0; i < 400; i++) {
    const noise = Uint8Array.from({ length: random.below(60) }, () => random.below(256));
    const damaged = [noise, bytes.subarray(0, random.below(bytes.length)), flip(bytes, random.below(bytes.length))];
    for (const message of damaged) {
      const effects = world.aggregator.step({ kind: 'message', from: 0, bytes: message });
      expect(effects).toEqual([expect.objectContaining({ kind: 'refused' })]);
      const answer = (world.clients[0] as MaskingClient).step({ kind: 'message', bytes: message });
      expect(answer).toEqual([expect.objectContaining({ kind: 'refused' })]);
    }
  }
  expect([world.aggregator.phase, world.clients[0]?.phase]).toEqual(['keys', 'keys']);
});

test('a wrong share is set aside while enough right ones are left', () => {
  const world = createWorld({ seedText: 'wrong share', size: 5 });
  const step = world.aggregator.step;
  const spoiled: World = {
    ...world,
    aggregator: {
      get phase() {
        return world.aggregator.phase;
      },
      step: (input) => {
        if (input.kind !== 'message' || input.from !== 2) return step(input);
        const read = readClientMessage(input.bytes, 20);
        if (!read.ok || read.value.kind !== 'reveal') return step(input);
        const shares = read.value.shares.map(({ of, share }) => ({ of, share: flip(share, 3) }));
        return step({ ...input, bytes: encodeClientMessage({ kind: 'reveal', shares }) });
      },
    },
  };
  const { result } = runWorld(spoiled);
  expect([...(result?.sum ?? [])]).toEqual(plainSum(world.inputs, world.plan.members.keys()));
});
