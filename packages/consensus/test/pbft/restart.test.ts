import { toHex } from '@murmuration/core';
import { describe, expect, test } from 'vitest';
import { decodeBatch } from '../../src/index.ts';
import { decodeMessage } from '../../src/pbft/messages.ts';
import { Lockstep, NOW_MS } from '../cluster/lockstep.ts';

/** What each replica has signed at each (view, height), over all its lives. Fails on a second digest. */
function watchVotes(net: Lockstep): void {
  const said = new Map<string, string>();
  const { passes } = net;
  net.passes = (delivery, message) => {
    if (message.kind === 'pre-prepare' || message.kind === 'prepare' || message.kind === 'commit') {
      const place = `${delivery.from} ${message.view} ${message.height}`;
      const says = toHex(message.digest);
      expect([place, said.get(place) ?? says]).toEqual([place, says]);
      said.set(place, says);
    }
    return passes(delivery, message);
  };
}

/** Lets housekeeping and timeouts run until nothing is pending anywhere. */
function live(net: Lockstep, rounds = 60): void {
  for (let round = 0; round < rounds; round++) {
    for (let self = 0; self < net.n; self++) net.step(self, { kind: 'timer', nowMs: NOW_MS, id: 'tick' });
    net.drain();
    net.fireAll('batch');
    net.drain();
    const running = net.engines.filter((_, self) => !net.isDown(self));
    const level = new Set(running.map(({ status }) => status.height)).size === 1;
    if (round >= 4 && level && running.every(({ status }) => status.pending === 0)) return;
    if (round % 8 === 7) {
      for (let self = 0; self < net.n; self++) net.timeOut(self);
      net.drain();
    }
  }
}

describe('durable votes', () => {
  test('the primary crashes after each single effect of the normal case and restarts: one vote for each (view, number), and everything commits', () => {
    for (let effects = 0; effects < 12; effects++) {
      for (const restartsAtOnce of [true, false]) {
        const net = new Lockstep(4, { batchDelayMs: 0 }, 'hash');
        watchVotes(net);
        net.crashAfter(0, effects);
        net.propose(0, 1);
        net.drain();
        if (net.isDown(0) && restartsAtOnce) net.reboot(0);
        net.propose(0, 2);
        for (const self of [1, 2, 3]) net.propose(self, 3);
        net.drain();
        live(net);
        if (net.isDown(0)) {
          net.reboot(0);
          live(net);
        }
        const heights = net.heights();
        expect([effects, new Set(heights).size, Math.min(...heights) >= 1]).toEqual([effects, 1, true]);
        expect(net.evidence.flat()).toEqual([]);
      }
    }
  });

  test('a backup crashes after each single effect and restarts: one vote, and it catches up', () => {
    for (let effects = 0; effects < 14; effects++) {
      const net = new Lockstep(4, { batchDelayMs: 0 }, 'hash');
      watchVotes(net);
      net.crashAfter(2, effects);
      net.propose(0, 1);
      net.propose(1, 2);
      net.drain();
      live(net);
      if (net.isDown(2)) net.reboot(2);
      live(net);
      expect([effects, ...net.heights()]).toEqual([effects, ...net.heights().map(() => net.heights()[0])]);
      expect(net.evidence.flat()).toEqual([]);
    }
  });

  test('the whole swarm stops anywhere and starts again: what anybody committed stays, and the work goes on', () => {
    for (let delivered = 0; delivered < 30; delivered++) {
      const net = new Lockstep(4, { batchDelayMs: 0 }, 'hash');
      watchVotes(net);
      net.propose(0, 1);
      for (let i = 0; i < delivered; i++) {
        const next = net.queue.shift();
        if (next !== undefined) net.inject(next.from, next.to, next.bytes);
      }
      const before = net.commits.map((commits) => commits.map(({ payload }) => toHex(payload)));
      for (let self = 0; self < 4; self++) net.crash(self);
      net.queue = [];
      for (let self = 0; self < 4; self++) net.reboot(self);
      net.propose(1, 2);
      live(net);
      expect(new Set(net.heights()).size).toBe(1);
      expect(net.heights()[0]).toBeGreaterThanOrEqual(1);
      for (const [self, commits] of before.entries()) {
        const after = net.commits[self]?.map(({ payload }) => toHex(payload)) ?? [];
        expect(after.slice(0, commits.length)).toEqual(commits);
        expect(net.commits[self]?.map(({ height }) => height)).toEqual(after.map((_, i) => i + 1));
      }
    }
  });

  test('a replica that left a view stands by it after a restart: the same view-change, byte for byte', () => {
    const net = new Lockstep(4, {}, 'hash');
    const changes: string[] = [];
    net.passes = ({ from, bytes }, { kind }) => {
      if (kind === 'view-change' && from === 2) changes.push(toHex(bytes));
      return false;
    };
    net.propose(2, 1);
    net.timeOut(2);
    net.crash(2);
    net.reboot(2);
    expect(net.engines[2]?.status).toMatchObject({ view: 1, viewChanging: true });
    for (let i = 0; i < 3; i++) net.step(2, { kind: 'timer', nowMs: NOW_MS, id: 'tick' });
    expect(changes.length).toBeGreaterThan(3);
    expect(new Set(changes).size).toBe(1);
  });

  test('a replica restarted in a later view still knows what its new-view binds', () => {
    const net = new Lockstep(4, {}, 'hash');
    watchVotes(net);
    net.passes = (_, { kind }) => kind !== 'commit';
    net.propose(0, 9);
    net.drain();
    net.crash(0);
    net.passes = (_, { kind }) => kind !== 'prepare' && kind !== 'commit';
    net.propose(1, 8);
    net.drain();
    for (const self of [1, 2, 3]) net.timeOut(self);
    net.drain();
    expect(net.views().slice(1)).toEqual([1, 1, 1]);
    for (const self of [1, 2, 3]) {
      net.crash(self);
      net.reboot(self);
    }
    expect(net.engines.slice(1).map(({ status }) => [status.view, status.viewChanging])).toEqual([
      [1, false],
      [1, false],
      [1, false],
    ]);
    net.passes = () => true;
    watchVotes(net);
    live(net);
    // Request 8 was in nobody's journal; what was prepared is.
    expect(net.heights().slice(1)).toEqual([1, 1, 1]);
    const [commit] = net.commits[1] ?? [];
    const batch = decodeBatch(commit?.payload ?? new Uint8Array(0));
    expect(batch.ok && batch.value.requests).toEqual([Uint8Array.of(9)]);
  });

  test('a damaged record stops the engine with a code, before it can vote', () => {
    const net = new Lockstep(4, {}, 'hash');
    net.passes = (_, { kind }) => kind !== 'commit';
    net.propose(0, 1);
    net.drain();
    for (const key of net.journals[1]?.keys() ?? []) {
      const value = net.journals[1]?.get(key) as Uint8Array;
      net.crash(1);
      net.journals[1]?.set(key, value.slice(0, value.length - 1));
      expect(() => net.reboot(1)).toThrow(expect.objectContaining({ code: 'CONSENSUS_JOURNAL_DAMAGED' }));
      net.journals[1]?.set(key, value);
    }
    net.journals[1]?.set('nonsense/0000000000000009', Uint8Array.of(1));
    expect(() => net.reboot(1)).toThrow(expect.objectContaining({ code: 'CONSENSUS_JOURNAL_DAMAGED' }));
  });

  test('every persist precedes the message that depends on it', () => {
    const net = new Lockstep(4, {}, 'hash');
    const order: string[] = [];
    const engine = net.engines[1] as (typeof net.engines)[number];
    const step = engine.step.bind(engine);
    net.engines[1] = {
      get status() {
        return engine.status;
      },
      step(event) {
        const effects = step(event);
        for (const effect of effects) {
          if (effect.kind === 'persist') order.push(effect.key.split('/')[0] as string);
          const message = effect.kind === 'send' ? decodeMessage(effect.bytes) : undefined;
          if (message?.ok) order.push(`send ${message.value.kind}`);
        }
        return effects;
      },
    };
    net.propose(0, 1);
    net.drain();
    expect(order).toEqual(['batch', 'vote', 'send prepare', 'vote', 'send commit', 'decided']);
  });
});

describe('requests that a replica has forgotten', () => {
  test('one that was committed before a restart is ordered once more instead of dragging the replica out of its view', () => {
    const net = new Lockstep(4, { checkpointInterval: 2, batchDelayMs: 0 }, 'hash');
    for (let i = 1; i <= 6; i++) {
      net.propose(0, i);
      net.drain();
    }
    net.crash(2);
    net.reboot(2);
    net.drain();
    // Block 1 is below the stable checkpoint: nothing in the journal tells of it.
    net.propose(2, 1);
    net.drain();
    expect(net.engines[2]?.status.pending).toBe(1);
    live(net);
    expect(net.engines[2]?.status).toMatchObject({ pending: 0, view: 0, viewChanging: false });
    expect(net.heights()).toEqual([7, 7, 7, 7]);
  });

  test('what the journal still tells of is refused at once', () => {
    const net = new Lockstep(4, {}, 'hash');
    net.propose(0, 1);
    net.drain();
    net.crash(2);
    net.reboot(2);
    net.propose(2, 1);
    expect(net.refused[2]).toContain('already-committed');
  });
});

test('a host that lost blocks which a checkpoint covers is told to fetch them', () => {
  const net = new Lockstep(4, { checkpointInterval: 2 }, 'hash');
  for (let i = 1; i <= 5; i++) {
    net.propose(0, i);
    net.drain();
  }
  net.crash(1);
  net.commits[1]?.splice(3);
  net.reboot(1);
  expect(net.engines[1]?.status).toMatchObject({ height: 3, stableCheckpoint: 4 });
  expect(net.behind[1]).toEqual([4]);
});

test('a process that stood still reads what came meanwhile before it gives the primary up', () => {
  const net = new Lockstep(4, {}, 'hash');
  net.passes = ({ to }) => to !== 2;
  net.propose(2, 1);
  // However long it stood, only one part of the timeout has fired.
  net.fire(2, 'progress');
  expect(net.engines[2]?.status.viewChanging).toBe(false);
  for (let part = 0; part < 3; part++) net.fire(2, 'progress');
  expect(net.engines[2]?.status.viewChanging).toBe(true);
});
