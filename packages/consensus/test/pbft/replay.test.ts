import { seededRandom, shuffle, toHex } from '@murmuration/core';
import { describe, expect, test } from 'vitest';
import type { EngineEffect } from '../../src/index.ts';
import { decodeMessage } from '../../src/pbft/messages.ts';
import { nextStamp, ReplayWindow } from '../../src/pbft/replay-window.ts';
import { type Delivery, Lockstep, NOW_MS } from '../cluster/lockstep.ts';

const LATER_MS = 61_000;

/** Blocks, a checkpoint, a view change, a crash with its catching up: and everything that was sent. */
function recordedRun(): { readonly net: Lockstep; readonly recorded: readonly Delivery[] } {
  const net = new Lockstep(4, { checkpointInterval: 4, batchDelayMs: 0 }, 'hash');
  const recorded: Delivery[] = [];
  net.passes = (delivery) => recorded.push(delivery) > 0;
  const tick = () => {
    for (let self = 0; self < 4; self++) net.step(self, { kind: 'timer', nowMs: net.nowMs, id: 'tick' });
    net.drain();
  };
  for (let i = 0; i < 6; i++) {
    net.propose(i % 4, i);
    net.drain();
    tick();
  }
  net.crash(0);
  net.propose(2, 90);
  net.drain();
  for (let self = 1; self < 4; self++) net.timeOut(self);
  net.drain();
  net.reboot(0);
  net.drain();
  for (let i = 0; i < 8; i++) tick();
  for (let i = 10; i < 14; i++) {
    net.propose(i % 4, i);
    net.drain();
    tick();
  }
  for (let i = 0; i < 4; i++) tick();
  // Replayed when it is old: what is younger than clocks may differ can pass for a first copy where it never came.
  net.nowMs += LATER_MS;
  return { net, recorded };
}

const ANSWERS = ['stable', 'decided', 'new-view', 'payload', 'recalled', 'view-change'];

/** What a replay may bring about: counted refusals, and answers to who seems to ask. */
function isHarmless(effect: EngineEffect, from: number): boolean {
  if (effect.kind === 'refused') return true;
  if (effect.kind !== 'send') return false;
  const message = decodeMessage(effect.bytes);
  return effect.to === from && message.ok && ANSWERS.includes(message.value.kind);
}

describe('replay', () => {
  const { net, recorded } = recordedRun();

  test('the run has every kind of message that one replica tells another', () => {
    const kinds = new Set(recorded.map(({ bytes }) => kindOf(bytes)));
    for (const kind of ['pre-prepare', 'prepare', 'commit', 'checkpoint', 'view-change', 'new-view', 'status']) {
      expect(kinds).toContain(kind);
    }
    for (const kind of ['requests', 'recall', 'recalled']) expect(kinds).toContain(kind);
    expect(net.evidence.flat()).toEqual([]);
  });

  test.each([1, 2, 3])(
    'all of it again, in any order, at any replica: nothing changes and nothing grows, seed %i',
    (seed) => {
      net.passes = () => false;
      const before = snapshot(net);
      let answers = 0;
      for (const { from, bytes } of shuffle(seededRandom(`replay ${seed}`), [...recorded])) {
        for (let to = 0; to < 4; to++) {
          if (to === from) continue;
          const effects = net.inject(from, to, bytes);
          const strange = effects.filter((effect) => !isHarmless(effect, from));
          expect([kindOf(bytes), strange]).toEqual([kindOf(bytes), []]);
          answers += effects.filter(({ kind }) => kind === 'send').length;
        }
      }
      expect(snapshot(net)).toEqual(before);
      // Between two ticks each replica answers each other one three times, with at most nine blocks each, whatever is asked.
      expect(answers).toBeLessThanOrEqual(4 * 3 * 3 * 9);
      expect(net.evidence.flat()).toEqual([]);
      for (let self = 0; self < 4; self++) net.step(self, { kind: 'timer', nowMs: net.nowMs, id: 'tick' });
    },
  );

  test('each message but a question is a counted refusal', () => {
    for (const { from, to, bytes } of recorded) {
      const kind = kindOf(bytes);
      if (['status', 'fetch', 'recall'].includes(kind)) continue;
      const refusals = net.inject(from, to, bytes).filter((effect) => effect.kind === 'refused');
      expect([kind, refusals.length > 0]).toEqual([kind, true]);
    }
  });

  test('a replica that has just started refuses the requests of yesterday', () => {
    const late = new Lockstep(4, { checkpointInterval: 4 }, 'hash');
    for (const { from, bytes } of recorded.filter((delivery) => kindOf(delivery.bytes) === 'requests')) {
      const nowMs = NOW_MS + 86_400_000;
      late.crash(3);
      late.nowMs = nowMs;
      late.reboot(3);
      const effects = late.step(3, { kind: 'message', nowMs, from: from === 3 ? 0 : from, bytes });
      expect(effects).toEqual([expect.objectContaining({ kind: 'refused', reason: 'replayed' })]);
    }
  });
});

describe('the window of stamps', () => {
  test('each stamp passes once, in any order within 64, and none from before the start or the far future', () => {
    const window = new ReplayWindow(60_000);
    const first = nextStamp(0, NOW_MS);
    const stamps = Array.from({ length: 60 }, (_, i) => first + i);
    for (const stamp of shuffle(seededRandom('stamps'), stamps)) expect(window.take(stamp, NOW_MS)).toBeUndefined();
    for (const stamp of stamps) expect(window.take(stamp, NOW_MS)).toBe('replayed');
    expect(window.take(nextStamp(0, NOW_MS - 61_000), NOW_MS)).toBe('replayed');
    expect(window.take(nextStamp(0, NOW_MS + 61_000), NOW_MS)).toBe('future-stamp');
    expect(window.take(nextStamp(0, NOW_MS + 59_000), NOW_MS)).toBeUndefined();
  });

  test('it stays small, and what it has forgotten is old', () => {
    const window = new ReplayWindow(60_000);
    let stamp = 0;
    const all = Array.from({ length: 5000 }, () => {
      stamp = nextStamp(stamp, NOW_MS);
      return stamp;
    });
    for (const one of all) expect(window.take(one, NOW_MS)).toBeUndefined();
    for (const one of all) expect(window.take(one, NOW_MS)).toBe('replayed');
  });

  test('a sender’s stamps grow, also where its clock stands still or goes back', () => {
    let last = 0;
    for (const nowMs of [NOW_MS, NOW_MS, NOW_MS - 500, NOW_MS + 3]) {
      const next = nextStamp(last, nowMs);
      expect(next).toBeGreaterThan(last);
      expect(Number.isSafeInteger(next)).toBe(true);
      last = next;
    }
  });
});

function kindOf(bytes: Uint8Array): string {
  const message = decodeMessage(bytes);
  return message.ok ? message.value.kind : 'rubbish';
}

function snapshot(net: Lockstep): unknown {
  const journals = net.journals.map((journal) => [...journal].map(([key, value]) => `${key} ${toHex(value)}`).sort());
  return { journals, status: net.engines.map(({ status }) => ({ ...status })) };
}
