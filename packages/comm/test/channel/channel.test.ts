import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { seededRandom } from '@murmuration/core';
import { describe, expect, test } from 'vitest';
import { type Channel, createChannel, type Incoming } from '../../src/channel/channel.ts';
import { encodeHeader, FRAGMENT_BYTES, frameBytes, type Header, writeFrame } from '../../src/channel/frame.ts';
import { memoryWirePair } from '../../src/channel/memory-wire.ts';
import type { Wire } from '../../src/channel/wire.ts';

const MIB = 1024 * 1024;
const LIMITS = { maxMessageBytes: MIB, maxQueueBytes: 2 * MIB };

/** A channel whose peer is a bare wire. */
function open(limits = LIMITS) {
  const [own, peer] = memoryWirePair();
  const incoming: Incoming[] = [];
  let closed: string | undefined;
  const channel: Channel = createChannel(own, limits, {
    onIncoming: (message) => incoming.push(message),
    onClosed: (reason) => {
      closed = reason;
    },
  });
  peer.listen({ onBytes: () => {}, onDrain: () => {}, onClose: () => {} });
  return { channel, peer, incoming, closed: () => closed };
}

function frame(header: Header, payload = new Uint8Array(0)): Uint8Array {
  const encoded = encodeHeader(header);
  const bytes = new Uint8Array(frameBytes(encoded.length, payload.length));
  writeFrame(bytes, 0, encoded, payload);
  return bytes;
}

const fragment = (topic: string, bytes: number, more: boolean) =>
  frame({ kind: 'message', topic, more }, new Uint8Array(bytes));

/** Lets every queued microtask run. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('channel', () => {
  test('fragments of several messages that are under way at once are joined, each for itself', async () => {
    const { peer, incoming } = open();
    peer.write(fragment('a', FRAGMENT_BYTES, true));
    peer.write(fragment('b', FRAGMENT_BYTES, true));
    peer.write(fragment('c', 3, false));
    peer.write(fragment('b', 1, false));
    peer.write(fragment('a', 2, false));
    await settle();
    expect(incoming.map(({ header, payload }) => [(header as { topic: string }).topic, payload.length])).toEqual([
      ['c', 3],
      ['b', FRAGMENT_BYTES + 1],
      ['a', FRAGMENT_BYTES + 2],
    ]);
  });

  test.each<[string, readonly Uint8Array[], string]>([
    ['a short fragment that is not the last', [fragment('a', 10, true)], 'bad-fragment'],
    [
      'a message above the limit',
      Array.from({ length: MIB / FRAGMENT_BYTES + 1 }, () => fragment('a', FRAGMENT_BYTES, true)),
      'message-too-large',
    ],
    [
      'more unfinished messages than fit',
      Array.from({ length: 100 }, (_, i) => fragment(`t${i}`, FRAGMENT_BYTES, true)),
      'too-many-fragments',
    ],
    ['an oversized frame', [Uint8Array.of(0x7f, 0xff, 0xff, 0xff)], 'oversized-frame'],
  ])('%s closes the channel with its reason', async (_, writes, reason) => {
    const { peer, closed } = open();
    for (const bytes of writes) peer.write(bytes);
    await settle();
    expect(closed()).toBe(reason);
  });

  test('while on hold nothing is handed on, and afterwards everything, in order', async () => {
    const { channel, peer, incoming } = open();
    channel.hold();
    for (let i = 0; i < 5; i++) peer.write(fragment('a', i, false));
    await settle();
    expect(incoming).toHaveLength(0);
    channel.release();
    await settle();
    expect(incoming.map(({ payload }) => payload.length)).toEqual([0, 1, 2, 3, 4]);
  });

  test('finish sends what is queued before its farewell, and still receives', async () => {
    const [a, b] = memoryWirePair();
    const got: string[] = [];
    const handlers = (name: string) => ({
      onIncoming: ({ header }: Incoming) => got.push(`${name} ${header.kind}`),
      onClosed: () => {},
    });
    const first = createChannel(a, LIMITS, handlers('a'));
    const second = createChannel(b, LIMITS, handlers('b'));
    first.send({ kind: 'message', topic: 't' }, new Uint8Array(100_000));
    first.finish('done');
    expect(first.send({ kind: 'message', topic: 't' }, new Uint8Array(1))).toBe('closed');
    await settle();
    second.send({ kind: 'message', topic: 't' }, new Uint8Array(1));
    await settle();
    expect(got).toEqual(['b message', 'b goodbye', 'a message']);
  });

  test('mutated frames never throw, and what breaks the stream closes it with a reason', async () => {
    const random = seededRandom('mutations');
    for (let round = 0; round < 500; round++) {
      const { peer, closed, incoming } = open();
      const bytes = Buffer.concat([
        fragment('a', random.below(100), random.below(4) === 0),
        frame({ kind: 'request', topic: 'q', id: round, more: false }, new Uint8Array(5)),
        frame({ kind: 'response', id: round, refusal: '', more: false }),
      ]);
      for (let flips = 0; flips < 3; flips++) bytes[random.below(bytes.length)] = random.below(256);
      peer.write(bytes);
      peer.close();
      await settle();
      expect(closed(), `round ${round}`).toMatch(/^[a-z-]+$/);
      expect(incoming.length).toBeLessThanOrEqual(3);
    }
  });

  test('a flood leaves the heap as it was: unfinished fragments, tiny frames, ever new topics', async () => {
    const { channel, peer, incoming } = open();
    const forget = () => incoming.splice(0);
    await flood(peer, 200, forget);
    const before = heapBytes();
    await flood(peer, 10_000, forget);
    expect(channel.counts.receivedMessages).toBeGreaterThan(200_000);
    expect(heapBytes() - before).toBeLessThan(4 * MIB);
  });

  test('the heap check notices a handler that keeps what it gets', async () => {
    const { peer, incoming } = open();
    const kept: Incoming[] = [];
    const before = heapBytes();
    await flood(peer, 2_000, () => kept.push(...incoming.splice(0)));
    expect(heapBytes() - before).toBeGreaterThan(4 * MIB);
    expect(kept.length).toBeGreaterThan(0);
  });
});

/** Twenty tiny messages of ever new topics, a large one begun and finished, `rounds` times. */
async function flood(peer: Wire, rounds: number, each: () => unknown): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const tiny = Array.from({ length: 20 }, (_, i) => fragment(`t${round}-${i}`, 16, false));
    peer.write(Buffer.concat(tiny));
    if (round % 100 === 0) {
      peer.write(fragment('large', FRAGMENT_BYTES, true));
      peer.write(fragment('large', 1, false));
    }
    if (round % 50 === 0) await settle();
    each();
  }
  await settle();
  each();
}

function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
