import { describe, expect, test } from 'vitest';
import { createPbft, decodeBatch, type Engine, type EngineEffect, type EngineEvent } from '../../src/index.ts';
import { createKeys } from '../cluster/keys.ts';
import { Lockstep, NOW_MS } from '../cluster/lockstep.ts';

/** One replica, which decides by itself, and a host that executes only when told. */
function lone(lookahead: number) {
  const keys = createKeys(1);
  const signer = keys.signers[0] as (typeof keys.signers)[number];
  const engine: Engine = createPbft({ replicaSet: keys.set, self: 0, signer }, { lookahead });
  const commits: number[] = [];
  const checkpoints: number[] = [];
  const step = (event: Stampless<EngineEvent>) => {
    const effects: readonly EngineEffect[] = engine.step({ ...event, nowMs: NOW_MS } as EngineEvent);
    for (const effect of effects) {
      if (effect.kind === 'commit') commits.push(effect.commit.height);
      if (effect.kind === 'stableCheckpoint') checkpoints.push(effect.height);
    }
  };
  const executed = (height: number) => step({ kind: 'executed', height, stateDigest: new Uint8Array(32).fill(height) });
  const next = { ...keys.set, epoch: 1 };
  step({ kind: 'start', records: [], executed: { height: 0, stateDigest: new Uint8Array(32) } });
  const propose = (i: number) => step({ kind: 'propose', request: Uint8Array.of(i) });
  return { engine, step, executed, commits, checkpoints, next, propose };
}

type Stampless<E> = E extends unknown ? Omit<E, 'nowMs'> : never;

describe('the end of an epoch', () => {
  test('heights above executed + lookahead are not voted on', () => {
    const { propose, commits, executed } = lone(4);
    for (let i = 0; i < 10; i++) propose(i);
    expect(commits).toEqual([1, 2, 3, 4]);
    executed(1);
    expect(commits.at(-1)).toBe(5);
  });

  test('its heights are filled with empty batches, the last is a checkpoint, and nothing is decided above', () => {
    const { propose, commits, executed, step, next, checkpoints, engine } = lone(4);
    propose(1);
    step({ kind: 'reconfigure', next, lastHeight: 5 });
    executed(1);
    expect(commits).toEqual([1, 2, 3, 4, 5]);
    for (let height = 2; height <= 5; height++) executed(height);
    propose(2);
    expect(engine.status.height).toBe(5);
    expect(checkpoints).toEqual([5]);
    step({ kind: 'reconfigure', next, lastHeight: 5 });
  });

  test('a change that does not fit is the host’s mistake', () => {
    const { step, next, propose } = lone(4);
    const code = expect.objectContaining({ code: 'CONSENSUS_RECONFIGURATION' });
    const change = (epoch: number, lastHeight: number) => () =>
      step({ kind: 'reconfigure', next: { ...next, epoch }, lastHeight });
    expect(change(2, 5)).toThrow(code);
    expect(change(1, 0)).toThrow(code);
    for (let i = 0; i < 3; i++) propose(i);
    expect(change(1, 2)).toThrow(code);
    change(1, 8)();
    expect(change(1, 9)).toThrow(code);
  });

  test.each([4, 7])(
    'a primary that crashes before the last height is replaced, and the epoch still ends there: n = %i',
    (n) => {
      const cluster = new Lockstep(n, { checkpointInterval: 64 });
      const next = { ...cluster.keys.set, epoch: 1 };
      cluster.propose(0, 1);
      cluster.drain();
      cluster.crash(0);
      for (let self = 1; self < n; self++) {
        cluster.step(self, { kind: 'reconfigure', nowMs: cluster.nowMs, next, lastHeight: 9 });
      }
      cluster.drain();
      for (let self = 1; self < n; self++) cluster.timeOut(self);
      cluster.drain();
      cluster.propose(2, 7);
      cluster.drain();
      for (let self = 1; self < n; self++) {
        expect(cluster.commits[self]?.length).toBe(9);
        expect(cluster.stable[self]).toEqual([9]);
        expect(cluster.engines[self]?.status.viewChanging).toBe(false);
        const batches = cluster.commits[self]?.map(({ payload }) => decodeBatch(payload));
        expect(batches?.slice(1).every((batch) => batch.ok && batch.value.requests.length === 0)).toBe(true);
      }
    },
  );

  test('a full pipeline never waits for the lookahead', () => {
    const sent = (lookahead: number) => {
      const cluster = new Lockstep(4, { window: 8, lookahead, maxBatchRequests: 1 });
      for (let i = 0; i < 40; i++) cluster.propose(0, i);
      let proposals = 0;
      cluster.passes = (_, message) => {
        if (message.kind === 'pre-prepare') proposals += 1;
        return true;
      };
      cluster.drain();
      return [proposals, cluster.heights()];
    };
    expect(sent(16)).toEqual(sent(512));
  });
});
