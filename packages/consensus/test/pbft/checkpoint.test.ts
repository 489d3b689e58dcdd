import { describe, expect, test } from 'vitest';
import { quorum, verifyCheckpoint } from '../../src/index.ts';
import { signStatement } from '../../src/quorum/statement.ts';
import { Lockstep, NOW_MS } from '../cluster/lockstep.ts';

function commitMany(net: Lockstep, count: number, from = 0): void {
  for (let i = 0; i < count; i++) {
    net.propose(from, i & 255, i >> 8, 1);
    net.drain();
  }
}

describe('garbage collection: PBFT §4.3', () => {
  test('every K heights a checkpoint becomes stable with a certificate that verifies offline', () => {
    const net = new Lockstep(4, { checkpointInterval: 8 });
    const shown: { height: number; stateDigest: Uint8Array; certificate: Uint8Array }[] = [];
    const { engines } = net;
    const first = engines[0] as (typeof engines)[number];
    engines[0] = {
      get status() {
        return first.status;
      },
      step(event) {
        const effects = first.step(event);
        for (const effect of effects) if (effect.kind === 'stableCheckpoint') shown.push(effect);
        return effects;
      },
    };
    commitMany(net, 20);
    expect(shown.map(({ height }) => height)).toEqual([8, 16]);
    for (const checkpoint of shown) expect(verifyCheckpoint(net.keys.set, checkpoint).ok).toBe(true);
    expect(net.stable).toEqual([
      [8, 16],
      [8, 16],
      [8, 16],
      [8, 16],
    ]);
  });

  test('a stable checkpoint discards the log below it: the journal stays bounded however long the run', () => {
    const net = new Lockstep(4, { checkpointInterval: 8 }, 'hash');
    let largest = 0;
    for (let round = 0; round < 20; round++) {
      commitMany(net, 10, round % 4);
      for (const journal of net.journals) largest = Math.max(largest, journal.size);
    }
    expect(net.heights().every((height) => height === Math.max(...net.heights()))).toBe(true);
    // vote, batch and decision for each of at most 2K heights, and the checkpoint itself
    expect(largest).toBeLessThanOrEqual(3 * 16 + 2);
  });

  test('without Q matching checkpoints the log window fills, and no more heights are accepted than L', () => {
    const net = new Lockstep(4, { checkpointInterval: 4 }, 'hash');
    net.passes = (_, { kind }) => kind !== 'checkpoint';
    commitMany(net, 20);
    expect(net.heights()).toEqual([8, 8, 8, 8]);
    net.passes = () => true;
    net.fireAll('tick');
    for (let i = 0; i < 4; i++) {
      for (let self = 0; self < 4; self++) net.step(self, { kind: 'timer', nowMs: NOW_MS, id: 'tick' });
      net.drain();
    }
    expect(Math.min(...net.heights())).toBeGreaterThan(8);
  });

  test('a replica whose state differs is told by the others, and told from them', () => {
    const net = new Lockstep(4, { checkpointInterval: 4 });
    for (let i = 1; i <= 3; i++) {
      net.propose(0, i);
      net.drain();
    }
    const digest = new Uint8Array(32).fill(6);
    const statement = { epoch: 0, phase: 'checkpoint', view: 0, height: 4, digest } as const;
    const signature = signStatement(net.keys.signers[3] as never, net.keys.set.chainId, statement);
    for (let to = 0; to < 3; to++) net.inject(3, to, { kind: 'checkpoint', epoch: 0, height: 4, digest, signature });
    net.propose(0, 4);
    net.drain();
    expect(net.stable.slice(0, 3)).toEqual([[4], [4], [4]]);
    // Its honest vote came later: two states under one key.
    expect(net.evidence.slice(0, 3).flat().length).toBeGreaterThan(0);
  });

  test('a certified state other than the own is said aloud, not adopted', () => {
    const net = new Lockstep(4, { checkpointInterval: 2 }, 'hash');
    net.passes = ({ to }, { kind }) => !(to === 3 && (kind === 'checkpoint' || kind === 'stable'));
    net.propose(0, 1);
    net.drain();
    const digest = new Uint8Array(32).fill(1);
    const effects = net.step(3, { kind: 'executed', nowMs: NOW_MS, height: 1, stateDigest: digest });
    expect(effects.some(({ kind }) => kind === 'diverged')).toBe(false);
    const other = new Lockstep(4, { checkpointInterval: 1 }, 'hash');
    other.passes = ({ to }, { kind }) => !(to === 3 && kind === 'checkpoint');
    other.propose(0, 1);
    other.drain();
    const votes = [0, 1, 2].map((replica) => {
      const statement = { epoch: 0, phase: 'checkpoint', view: 0, height: 1, digest } as const;
      const signature = signStatement(other.keys.signers[replica] as never, other.keys.set.chainId, statement);
      return other.inject(replica, 3, { kind: 'checkpoint', epoch: 0, height: 1, digest, signature });
    });
    expect(votes.flat().filter(({ kind }) => kind === 'diverged')).toHaveLength(1);
    expect(other.engines[3]?.status.stableCheckpoint).toBe(0);
    expect(quorum(4)).toBe(3);
  });

  test('the host must report executions in order', () => {
    const net = new Lockstep(4, {}, 'hash');
    const skip = () => net.step(0, { kind: 'executed', nowMs: NOW_MS, height: 2, stateDigest: new Uint8Array(32) });
    expect(skip).toThrow(expect.objectContaining({ code: 'CONSENSUS_EXECUTION_ORDER' }));
  });
});
