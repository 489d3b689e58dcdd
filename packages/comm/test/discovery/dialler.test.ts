import {
  accept,
  type Clock,
  type DeviceId,
  deviceIdFromDigest,
  type Result,
  refuse,
  seededRandom,
  silentLog,
} from '@murmuration/core';
import { describe, expect, test } from 'vitest';
import type { AddressBook } from '../../src/discovery/address-book.ts';
import type { AddressRecord } from '../../src/discovery/address-record.ts';
import { createDialler } from '../../src/discovery/dialler.ts';
import { newIdentity } from '../world.ts';

const device = (n: number): DeviceId => deviceIdFromDigest(new Uint8Array(32).fill(n));
const OPTIONS = { minBackoffMs: 100, maxBackoffMs: 1_600 };

/** A clock that only moves when told to. */
function handClock(): Clock & { run(untilMs: number): Promise<void> } {
  let now = 0;
  const timers = new Set<{ at: number; fire: () => void }>();
  return {
    nowMs: () => now,
    monotonicMs: () => now,
    setTimer: (delayMs, fire) => {
      const timer = { at: now + delayMs, fire };
      timers.add(timer);
      return { cancel: () => timers.delete(timer) };
    },
    run: async (untilMs) => {
      for (;;) {
        const [next] = [...timers].sort((a, b) => a.at - b.at);
        if (next === undefined || next.at > untilMs) break;
        timers.delete(next);
        now = next.at;
        next.fire();
        for (let i = 0; i < 10; i++) await Promise.resolve();
      }
      now = untilMs;
    },
  };
}

/** Nothing here looks at the certificate: one serves all. */
const { certificate, certificateBytes } = newIdentity();

function recordOf(of: DeviceId, addresses: readonly string[]): AddressRecord {
  return { device: of, addresses, sequence: 1, certificate, certificateBytes, bytes: new Uint8Array(0) };
}

function world(answer: (address: string) => Result<DeviceId>) {
  const clock = handClock();
  const dials: { atMs: number; address: string }[] = [];
  const linked = new Set<DeviceId>();
  const addresses = new Map<DeviceId, string[]>();
  const book: AddressBook = {
    get: (of) => {
      const known = addresses.get(of);
      return known === undefined ? undefined : recordOf(of, known);
    },
    all: () => [],
    add: () => refuse('unused'),
  };
  const dialler = createDialler(
    {
      clock,
      book,
      random: seededRandom('dialler'),
      log: silentLog,
      self: device(0),
      isLinked: (of) => linked.has(of),
      isFull: () => false,
      dialsFirst: (of) => of < device(5),
      dial: async (address) => {
        dials.push({ atMs: clock.nowMs(), address });
        return answer(address);
      },
    },
    OPTIONS,
  );
  return { clock, dials, linked, addresses, dialler };
}

describe('dialler', () => {
  test('waits between dials double up to the limit, each jittered to between half of it and all of it', async () => {
    const { clock, dials, dialler } = world(() => refuse('unreachable'));
    dialler.bootstrap('/a');
    await clock.run(12_000);
    const waits = dials.slice(1).map(({ atMs }, i) => atMs - (dials[i]?.atMs ?? 0));
    expect(waits.length).toBeGreaterThan(8);
    for (const [i, wait] of waits.entries()) {
      const full = Math.min(OPTIONS.minBackoffMs * 2 ** i, OPTIONS.maxBackoffMs);
      expect(wait).toBeGreaterThanOrEqual(full / 2);
      expect(wait).toBeLessThanOrEqual(full);
    }
    expect(new Set(waits.slice(-4)).size).toBeGreaterThan(1);
  });

  test('our own address among the bootstrap addresses is dialled once', async () => {
    const { clock, dials, dialler } = world(() => refuse('self'));
    dialler.bootstrap('/me');
    await clock.run(60_000);
    expect(dials).toHaveLength(1);
  });

  test('a linked device is not dialled; a lost one is, at its recorded address first and where it answered before', async () => {
    let up = true;
    const { clock, dials, linked, addresses, dialler } = world((address) =>
      up && address === '/a' ? accept(device(1)) : refuse('unreachable'),
    );
    dialler.bootstrap('/a');
    linked.add(device(1));
    await clock.run(5_000);
    expect(dials).toHaveLength(1);
    up = false;
    addresses.set(device(1), ['/recorded']);
    linked.clear();
    dialler.lost(device(1));
    await clock.run(5_100);
    expect(dials.slice(1, 3).map(({ address }) => address)).toEqual(['/recorded', '/a']);
  });

  test('of two devices that learn of each other one dials at once and the other after a while', async () => {
    const { clock, dials, addresses, dialler } = world(() => refuse('unreachable'));
    const [first, second] = [device(1), device(9)].sort() as [DeviceId, DeviceId];
    addresses.set(first, ['/first']).set(second, ['/second']);
    for (const of of [first, second]) dialler.learned(of);
    await clock.run(400);
    expect(dials.some(({ address }) => address === '/first')).toBe(true);
    expect(dials.some(({ address }) => address === '/second')).toBe(false);
    await clock.run(1_600);
    expect(dials.some(({ address }) => address === '/second')).toBe(true);
  });

  test('after close nothing is dialled', async () => {
    const { clock, dials, dialler } = world(() => refuse('unreachable'));
    dialler.bootstrap('/a');
    await clock.run(500);
    const before = dials.length;
    dialler.close();
    await clock.run(60_000);
    expect(dials).toHaveLength(before);
  });
});
