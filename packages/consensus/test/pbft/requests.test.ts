import { describe, expect, test } from 'vitest';
import { Lockstep, NOW_MS } from '../cluster/lockstep.ts';

function tickAll(net: Lockstep, ticks: number): void {
  for (let i = 0; i < ticks; i++) {
    for (let self = 0; self < net.n; self++) net.step(self, { kind: 'timer', nowMs: NOW_MS, id: 'tick' });
    net.drain();
  }
}

describe('every request that one correct replica knows is ordered', () => {
  test('its first messages are lost: it is brought up again', () => {
    const net = new Lockstep(4, {}, 'hash');
    net.passes = () => false;
    net.propose(2, 1);
    net.passes = () => true;
    tickAll(net, 3);
    expect(net.heights()).toEqual([1, 1, 1, 1]);
    expect(net.views()).toEqual([0, 0, 0, 0]);
  });

  test('a liar showed it to one replica alone: that one tells the primary before its patience ends', () => {
    const net = new Lockstep(4, {}, 'hash');
    net.inject(3, 2, { kind: 'requests', stamp: net.stamp(), again: false, requests: [Uint8Array.of(5)] });
    tickAll(net, 2);
    expect(net.heights()).toEqual([1, 1, 1, 1]);
  });

  test('the primary leaves it out while it orders others: all know of it, and all leave the view', () => {
    const net = new Lockstep(4, {}, 'hash');
    // Replica 0 never hears of the request; everybody else gets it, and 0 goes on with its own.
    net.passes = ({ to }, message) => !(to === 0 && message.kind === 'requests');
    net.propose(2, 5);
    net.drain();
    for (let i = 10; i < 14; i++) {
      net.propose(0, i);
      net.drain();
    }
    expect(net.heights()).toEqual([4, 4, 4, 4]);
    expect(net.timers.slice(1).every((timers) => timers.has('fairness'))).toBe(true);
    net.fireAll('fairness');
    net.drain();
    expect(net.views()).toEqual([1, 1, 1, 1]);
    expect(net.heights()).toEqual([5, 5, 5, 5]);
    expect(net.engines.map(({ status }) => status.pending)).toEqual([0, 0, 0, 0]);
  });

  test('a request that is waiting is not taken twice, and a reminder of it is no refusal', () => {
    const net = new Lockstep(4, {}, 'hash');
    net.passes = (_, { kind }) => kind === 'requests';
    net.propose(2, 5);
    net.propose(2, 5);
    net.drain();
    expect(net.refused[2]).toEqual(['already-pending']);
    tickAll(net, 4);
    expect(net.engines.map(({ status }) => status.pending)).toEqual([1, 1, 1, 1]);
    expect(net.refused.flat()).toEqual(['already-pending']);
  });

  test('reminders grow rarer', () => {
    const net = new Lockstep(4, {}, 'hash');
    const at: number[] = [];
    let tick = 0;
    net.passes = ({ from }, { kind }) => {
      if (from === 2 && kind === 'requests' && at.at(-1) !== tick) at.push(tick);
      return false;
    };
    net.propose(2, 5);
    for (tick = 1; tick <= 40; tick++) net.step(2, { kind: 'timer', nowMs: NOW_MS, id: 'tick' });
    expect(at).toEqual([0, 2, 3, 5, 9, 17, 33]);
  });
});

test('a replica that others have left behind asks for blocks, and another one if the first gives none', () => {
  const net = new Lockstep(4, { checkpointInterval: 4 }, 'hash');
  net.crash(3);
  for (let i = 0; i < 30; i++) {
    net.propose(0, i);
    net.drain();
  }
  net.reboot(3);
  net.drain();
  expect(net.behind[3]?.length).toBeGreaterThan(0);
  expect(Math.max(...(net.behind[3] ?? []))).toBeGreaterThanOrEqual(28);
  const before = net.behind[3]?.length ?? 0;
  tickAll(net, 20);
  expect(net.behind[3]?.length).toBeGreaterThan(before);
  net.step(3, { kind: 'installed', nowMs: NOW_MS, height: 28, stateDigest: net.stateAt(0, 28) });
  tickAll(net, 4);
  expect(net.engines[3]?.status).toMatchObject({ height: 30, stableCheckpoint: 28 });
  net.propose(3, 99);
  net.drain();
  expect(net.heights()).toEqual([31, 31, 31, 31]);
});
