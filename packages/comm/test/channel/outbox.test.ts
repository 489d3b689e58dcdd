import { seededRandom } from '@murmuration/core';
import { describe, expect, test } from 'vitest';
import { FRAGMENT_BYTES, type Frame } from '../../src/channel/frame.ts';
import { createFrameReader } from '../../src/channel/frame-reader.ts';
import { BATCH_BYTES, createOutbox, type Outbox } from '../../src/channel/outbox.ts';
import type { Wire } from '../../src/channel/wire.ts';

const MIB = 1024 * 1024;

/** A wire that keeps its writes, and is full whenever `room` says so. */
function recorder(room: () => boolean = () => true) {
  const writes: Uint8Array[] = [];
  const wire: Wire = {
    write: (bytes) => {
      writes.push(bytes);
      return room();
    },
    listen: () => {},
    pause: () => {},
    resume: () => {},
    close: () => {},
    abort: () => {},
  };
  const frames = () => {
    const reader = createFrameReader();
    const all: { topic: string; more: boolean; payload: Uint8Array }[] = [];
    const take = ({ header, payload }: Frame) => {
      if (header.kind === 'message') all.push({ topic: header.topic, more: header.more, payload: payload.slice() });
      return true;
    };
    for (const bytes of writes) expect(reader.read(bytes, take).ok).toBe(true);
    return all;
  };
  return { wire, writes, frames };
}

function push(outbox: Outbox, topic: string, payload: Uint8Array): boolean {
  return outbox.push({ kind: 'message', topic }, payload);
}

const tick = () => Promise.resolve();

describe('outbox', () => {
  test('what one tick sends leaves in one write', async () => {
    const { wire, writes, frames } = recorder();
    const outbox = createOutbox(wire, MIB);
    for (let i = 0; i < 100; i++) push(outbox, 'vote', Uint8Array.of(i));
    expect(writes).toHaveLength(0);
    await tick();
    expect(writes).toHaveLength(1);
    expect(frames().map(({ payload }) => payload[0])).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });

  test('no write exceeds the batch', async () => {
    const random = seededRandom('batches');
    const { wire, writes } = recorder();
    const outbox = createOutbox(wire, 64 * MIB);
    for (let i = 0; i < 300; i++) push(outbox, `t${i % 5}`, new Uint8Array(random.below(80_000)));
    await tick();
    expect(Math.max(...writes.map((bytes) => bytes.length))).toBeLessThanOrEqual(BATCH_BYTES);
    expect(outbox.queuedBytes).toBe(0);
  });

  test('a small message leaves within the first two batches although 5 MiB of another topic were first', async () => {
    const { wire, writes, frames } = recorder();
    const outbox = createOutbox(wire, 8 * MIB);
    push(outbox, 'blob', new Uint8Array(5 * MIB));
    push(outbox, 'vote', Uint8Array.of(7));
    await tick();
    const bytesBefore = frames().slice(
      0,
      frames().findIndex(({ topic }) => topic === 'vote'),
    );
    expect(bytesBefore.length).toBeLessThanOrEqual(2);
    expect(writes.length).toBeGreaterThan((5 * MIB) / BATCH_BYTES);
  });

  test('a topic keeps its order: nothing small overtakes something large of its own', async () => {
    const { wire, frames } = recorder();
    const outbox = createOutbox(wire, 8 * MIB);
    push(outbox, 'one', new Uint8Array(3 * FRAGMENT_BYTES + 5).fill(1));
    push(outbox, 'one', Uint8Array.of(2));
    await tick();
    expect(frames().map(({ payload, more }) => [payload[0], payload.length, more])).toEqual([
      [1, FRAGMENT_BYTES, true],
      [1, FRAGMENT_BYTES, true],
      [1, FRAGMENT_BYTES, true],
      [1, 5, false],
      [2, 1, false],
    ]);
  });

  test('a full wire stops the writes, a full queue refuses, and draining goes on where it stopped', async () => {
    let room = false;
    const { wire, writes, frames } = recorder(() => room);
    const outbox = createOutbox(wire, 200_000);
    let accepted = 0;
    for (let i = 0; i < 500; i++) {
      if (push(outbox, 'flood', new Uint8Array(1000).fill(i % 256))) accepted += 1;
      await tick();
    }
    expect(writes.length).toBe(1);
    expect(accepted).toBeLessThan(200);
    expect(outbox.queuedBytes).toBeLessThanOrEqual(200_000);
    room = true;
    outbox.drained();
    expect(outbox.queuedBytes).toBe(0);
    expect(frames()).toHaveLength(accepted);
  });
});
