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
  const [, , third] = mine.entries as typeof mine.entries & [unknown, unknown, (typeof mine.entries)[0]];
  // another's box, or one bit: it names both ends and the plan, so neither opens, and the rest goes on
  const damaged = [{ ...box, box: flip(box.box) }, { ...next, box: box.box }, third];
  const effects = ask(client, { ...mine, entries: damaged as typeof mine.entries });
  expect(effects[0]).toMatchObject({ kind: 'masked', unopened: [box.from, next.from] });
  const masked = sentBytes(effects.slice(1));
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

/** A world whose member's messages of one kind are changed on their way to the server. */
function withLies(world: World, liars: ReadonlySet<number>, change: (message: ClientMessage) => ClientMessage): World {
  const { aggregator } = world;
  const step: typeof aggregator.step = (input) => {
    if (input.kind !== 'message' || !liars.has(input.from)) return aggregator.step(input);
    const read = readClientMessage(input.bytes, world.plan.length);
    return aggregator.step(read.ok ? { ...input, bytes: encodeClientMessage(change(read.value)) } : input);
  };
  return {
    ...world,
    aggregator: {
      get phase() {
        return aggregator.phase;
      },
      step,
    },
  };
}

function falseShares(message: ClientMessage): ClientMessage {
  if (message.kind !== 'reveal') return message;
  return { ...message, shares: message.shares.map(({ of, share }) => ({ of, share: flip(share, 3) })) };
}

function falseBoxes(message: ClientMessage): ClientMessage {
  if (message.kind !== 'shares') return message;
  return { ...message, boxes: message.boxes.map((box) => ({ ...box, box: flip(box.box) })) };
}

/** Every subset of `count` of `size` members. */
function subsets(size: number, count: number): ReadonlySet<number>[] {
  return Array.from({ length: 2 ** size }, (_, bits) => {
    return new Set(Array.from({ length: size }, (__, i) => i).filter((i) => (bits >> i) & 1));
  }).filter((set) => set.size === count);
}

test('false shares are left out, whoever gives them, while a threshold of right ones is left', () => {
  for (const count of [1, 2, 3]) {
    for (const liars of subsets(7, count)) {
      const world = createWorld({ seedText: 'false shares', size: 7, unsigned: true });
      expect(world.plan.threshold).toBe(4);
      const { result, refused } = runWorld(withLies(world, liars, falseShares));
      expect([...(result?.sum ?? [])]).toEqual(plainSum(world.inputs, world.plan.members.keys()));
      expect(new Set(refused)).toEqual(new Set([...liars].map((liar) => `server, ${liar}: false-share`)));
    }
  }
});

test('with more false shares than that nothing is released', () => {
  const world = createWorld({ seedText: 'false shares', size: 7, unsigned: true });
  const { result, voided } = runWorld(withLies(world, new Set([0, 2, 4, 5]), falseShares));
  expect([result, voided]).toEqual([undefined, 'too-few-shares']);
});

test('boxes that nobody can open stop their sender, not its neighbours', () => {
  const world = createWorld({ seedText: 'false boxes', size: 7, unsigned: true });
  const opened = runWorld(withLies(world, new Set([3]), falseBoxes));
  // Its own share is the only one: the self mask stays, and with it everything.
  expect([opened.result, opened.voided]).toEqual([undefined, 'too-few-shares']);
  expect(opened.refused).toEqual([]);
});

test('where a few boxes do not open, the sum is whole', () => {
  const world = createWorld({ seedText: 'some false boxes', size: 7, unsigned: true });
  const some = (message: ClientMessage): ClientMessage => {
    if (message.kind !== 'shares') return message;
    return { ...message, boxes: message.boxes.map((box, i) => (i < 3 ? { ...box, box: flip(box.box) } : box)) };
  };
  const { result } = runWorld(withLies(world, new Set([3, 5]), some));
  expect([...(result?.sum ?? [])]).toEqual(plainSum(world.inputs, world.plan.members.keys()));
});

test('a share that another holder was given, or of the other secret, is false', () => {
  const world = createWorld({ seedText: 'swapped shares', size: 5, unsigned: true });
  const rotated = (message: ClientMessage): ClientMessage => {
    if (message.kind !== 'reveal') return message;
    const { shares } = message;
    return {
      ...message,
      shares: shares.map(({ of }, i) => ({ of, share: (shares.at(i - 1) as (typeof shares)[0]).share })),
    };
  };
  const { refused } = runWorld(withLies(world, new Set([1]), rotated));
  expect(refused).toEqual(Array.from({ length: 5 }, () => 'server, 1: false-share'));
});
