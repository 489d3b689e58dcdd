import { accept, bytesUpTo, encode, noMetrics, struct, uint } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { createWorld, type SimulatedNode, type World } from '@murmuration/simulator';
import { describe, expect, test } from 'vitest';
import { BlobService } from '../../src/services/blob-service.ts';

const LARGE = Uint8Array.from({ length: 700_000 }, (_, i) => (i * 7) & 255);
const chunk = struct({ total: uint, bytes: bytesUpTo(1 << 20) });

function blobsOf(node: SimulatedNode): BlobService {
  return new BlobService({ port: node.port, store: node.store, metrics: noMetrics });
}

async function settled<T>(world: World, promise: Promise<T>): Promise<T> {
  let done = false;
  const watched = promise.finally(() => {
    done = true;
  });
  await world.run({ until: () => done, untilMs: world.nowMs() + 120_000 });
  return watched;
}

describe('blobs', () => {
  test('of any size come over in chunks, whole', async () => {
    const world = createWorld({ seed: 1 });
    const [a, b] = [world.node('a'), world.node('b')];
    const [own, other] = [blobsOf(a), blobsOf(b)];
    await world.run({ untilMs: 10 });
    const hash = await settled(world, own.put('model', LARGE));
    const fetched = await settled(world, other.fetch('model', hash, [a.device]));
    expect(fetched).toEqual(accept(LARGE));
    expect(await other.get('model', hash)).toEqual(LARGE);
  });

  test.each([
    ['other bytes', () => encode(chunk, { total: 3, bytes: Uint8Array.of(1, 2, 3) })],
    ['nothing', () => encode(chunk, { total: 3, bytes: new Uint8Array(0) })],
    ['more than it announced', () => encode(chunk, { total: 3, bytes: new Uint8Array(9) })],
    ['an absurd size', () => encode(chunk, { total: 2 ** 40, bytes: new Uint8Array(9) })],
    ['what is no answer', () => Uint8Array.of(0xc1, 1, 2)],
  ])('from a peer that serves %s are refused, and the next peer is asked', async (_, lie) => {
    const world = createWorld({ seed: 2 });
    const [liar, honest, reader] = [world.node('liar'), world.node('honest'), world.node('reader')];
    liar.port.onRequest('blob', async () => accept(lie()));
    const blobs = blobsOf(reader);
    const hash = await settled(world, blobsOf(honest).put('update', LARGE));
    await world.run({ untilMs: world.nowMs() + 10 });
    expect(await settled(world, blobs.fetch('update', hash, [liar.device]))).toMatchObject({ reason: 'not-found' });
    expect(await blobs.has('update', hash)).toBe(false);
    const fetched = await settled(world, blobs.fetch('update', hash, [liar.device, honest.device]));
    expect(fetched).toEqual(accept(LARGE));
  });

  test('an empty blob is a blob', async () => {
    const world = createWorld({ seed: 3 });
    const [a, b] = [world.node('a'), world.node('b')];
    const own = blobsOf(a);
    const other = blobsOf(b);
    const hash = await settled(world, own.put('model', new Uint8Array(0)));
    await world.run({ untilMs: world.nowMs() + 10 });
    expect(hash).toEqual(sha3_256());
    expect(await settled(world, other.fetch('model', hash, [a.device]))).toEqual(accept(new Uint8Array(0)));
  });
});
