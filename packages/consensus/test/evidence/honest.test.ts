import { describe, expect, test } from 'vitest';
import { Lockstep } from '../cluster/lockstep.ts';

/** Housekeeping, batches and timeouts, until everybody who runs has moved on. */
function live(net: Lockstep, rounds: number): void {
  for (let round = 0; round < rounds; round++) {
    for (let self = 0; self < net.n; self++) net.step(self, { kind: 'timer', nowMs: net.nowMs, id: 'tick' });
    net.drain();
    net.fireAll('batch');
    net.drain();
    if (round % 4 !== 3) continue;
    for (let self = 0; self < net.n; self++) net.timeOut(self);
    net.drain();
  }
}

/** Votes, a lost decision, checkpoints, and two primaries that fail one after the other. */
function turbulence(net: Lockstep, self: number, effects: number): void {
  net.propose(0, 1);
  net.drain();
  net.passes = (_, { kind }) => kind !== 'commit';
  net.propose(0, 2);
  net.drain();
  net.crashAfter(self, effects);
  net.passes = () => true;
  net.crash(0);
  net.propose(3, 3);
  net.propose(2, 4);
  net.drain();
  live(net, 8);
  if (net.isDown(self)) net.reboot(self);
  live(net, 8);
  net.reboot(0);
  net.drain();
  live(net, 8);
}

describe('an honest replica is accused of nothing, by any class of evidence', () => {
  test.each([1, 2, 3])('replica %i crashes after any single effect of a view change and comes back', (self) => {
    for (let effects = 0; effects < 24; effects++) {
      const net = new Lockstep(4, { checkpointInterval: 2, batchDelayMs: 0 }, 'hash');
      turbulence(net, self, effects);
      expect([effects, net.evidence.flat()]).toEqual([effects, []]);
      expect([effects, net.duplicated.flat()]).toEqual([effects, []]);
      expect(Math.max(...net.heights())).toBeGreaterThanOrEqual(2);
    }
  });

  test('nor where a crash loses what need not be durable', () => {
    for (let effects = 0; effects < 24; effects += 3) {
      const net = new Lockstep(4, { checkpointInterval: 4, batchDelayMs: 0 }, 'hash');
      turbulence(net, 2, effects);
      const durable = [...(net.journals[2] as Map<string, Uint8Array>)].filter(([key]) => !key.startsWith('decided'));
      net.rollBack(2, new Map(durable), Math.max(0, (net.commits[2]?.length ?? 0) - 2));
      live(net, 12);
      expect([effects, net.evidence.flat(), net.duplicated.flat()]).toEqual([effects, [], []]);
    }
  });
});
