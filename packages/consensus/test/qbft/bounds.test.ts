import { describe, expect, test } from 'vitest';
import { createQbft, type ReplicaSet } from '../../src/index.ts';
import type { Keys } from '../cluster/keys.ts';
import { batchOf, Lone, NOW_MS, sentOf } from './lone.ts';

const A = batchOf(65);

describe('catching up', () => {
  test('a certificate of the open height decides it; one far ahead says that the replica is behind', () => {
    const lone = new Lone(4, 0);
    expect(lone.deliver(1, lone.decided(1, A, [1, 2, 3])).commits).toHaveLength(1);
    const outcome = lone.deliver(2, lone.decided(40, A, [1, 2, 3]));
    expect([outcome.commits, outcome.behind]).toEqual([[], [40]]);
    lone.step({ kind: 'installed', nowMs: NOW_MS, height: 40, stateDigest: new Uint8Array(32) });
    expect(lone.engine.status.height).toBe(40);
    expect(lone.deliver(1, lone.decided(41, A, [1, 2, 3])).commits).toHaveLength(1);
  });

  test('nothing but a certificate says so', () => {
    const lone = new Lone(4, 0);
    for (const by of [
      [1, 2],
      [1, 1, 2],
      [2, 1, 3],
    ]) {
      const outcome = lone.deliver(1, lone.decided(40, A, by));
      expect([outcome.refused, outcome.behind]).toEqual([['bad-certificate'], []]);
    }
    expect(lone.deliver(1, lone.proposal(50, 1, A)).refused).toEqual(['too-far-ahead']);
    expect(lone.deliver(1, { ...lone.decided(1, A, [1, 2, 3]), payload: batchOf(66) }).refused).toEqual([
      'bad-certificate',
    ]);
  });

  test('what comes a little early is heard once its height is open', () => {
    const lone = new Lone(4, 0);
    expect(lone.deliver(3, lone.decided(3, A, [1, 2, 3])).refused).toEqual([]);
    expect(lone.deliver(2, lone.proposal(2, 1, A)).refused).toEqual([]);
    const outcome = lone.deliver(1, lone.decided(1, A, [1, 2, 3]));
    expect(sentOf(outcome, 'prepare')).toMatchObject([{ height: 2 }]);
    expect(lone.deliver(1, lone.decided(2, A, [1, 2, 3])).commits.map(({ height }) => height)).toEqual([2, 3]);
  });

  test('one who asks gets what it lacks and the newest, so often in a tick and no more', () => {
    const lone = new Lone(4, 0);
    for (let height = 1; height <= 20; height++) lone.deliver(1, lone.decided(height, A, [1, 2, 3]));
    const ask = () => lone.deliver(2, { kind: 'fetch', height: 3 });
    expect(sentOf(ask(), 'decided').map(({ height }) => height)).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 20]);
    ask();
    ask();
    expect(ask().refused).toEqual(['asks-too-often']);
    lone.tick();
    expect(ask().refused).toEqual([]);
    expect(lone.deliver(2, { kind: 'fetch', height: 21 })).toMatchObject({ sent: [], refused: [] });
  });

  test('an idle replica asks another from time to time, each time another one', () => {
    const lone = new Lone(4, 0, { roundTimeoutMs: 400, statusIntervalMs: 200 });
    const asked = Array.from({ length: 12 }, () => lone.tick().sent.map(({ to }) => to)).flat();
    expect([...new Set(asked)].sort()).toEqual([1, 2, 3]);
    expect(asked.length).toBe(6);
  });
});

describe('what one replica can make another hold or do is bounded', () => {
  test('messages of later heights', () => {
    const lone = new Lone(4, 0);
    const reasons = Array.from(
      { length: 40 },
      () => lone.deliver(1, lone.vote('prepare', 1, 2, 1, new Uint8Array(32))).refused,
    );
    expect(reasons.filter(([reason]) => reason === 'later-full')).toHaveLength(16);
    expect(lone.deliver(2, lone.vote('prepare', 2, 2, 1, new Uint8Array(32))).refused).toEqual([]);
    const large = new Lone(4, 0, { maxBatchBytes: 4096, maxRequestBytes: 2048 });
    const fat = {
      kind: 'decided',
      height: 3,
      payload: new Uint8Array(40_000),
      certificate: new Uint8Array(9),
    } as const;
    expect(large.deliver(1, fat).refused).toEqual([]);
    expect(large.deliver(1, fat).refused).toEqual(['later-full']);
  });

  test('votes: of rounds and heights near the own', () => {
    const lone = new Lone(4, 0);
    const vote = (round: number, height = 1) =>
      lone.deliver(1, lone.vote('prepare', 1, height, round, new Uint8Array(32)));
    expect(vote(3).refused).toEqual([]);
    expect(vote(4).refused).toEqual(['future-round']);
    for (const by of [1, 2]) lone.deliver(by, lone.roundChange(by, 1, 9));
    expect(vote(6).refused).toEqual(['stale-round']);
    expect(vote(7).refused).toEqual([]);
    expect(vote(1, 100).refused).toEqual(['too-far-ahead']);
  });

  test('bad signatures: then it is not heard until the next tick', () => {
    const lone = new Lone(4, 0);
    const bad = { ...lone.proposal(1, 1, A), signature: new Uint8Array(64) };
    const reasons = Array.from({ length: 70 }, () => lone.deliver(1, bad).refused[0]);
    expect(reasons.filter((reason) => reason === 'bad-signature')).toHaveLength(64);
    expect(reasons.at(-1)).toBe('muted');
    lone.tick();
    expect(lone.deliver(1, bad).refused).toEqual(['bad-signature']);
  });

  test('requests: each replica has its own share of the pool', () => {
    const lone = new Lone(4, 0, { maxPoolRequests: 3 });
    const requests = Array.from({ length: 5 }, (_, i) => Uint8Array.of(1, i));
    expect(lone.deliver(1, { kind: 'requests', again: false, requests }).refused).toEqual(['pool-full', 'pool-full']);
    expect(lone.deliver(2, { kind: 'requests', again: false, requests: [Uint8Array.of(2)] }).refused).toEqual([]);
    expect(lone.request(3).refused).toEqual([]);
  });

  test('decisions kept, in memory and in the journal', () => {
    const lone = new Lone(4, 0, { maxDecided: 4 });
    for (let height = 1; height <= 12; height++) {
      lone.deliver((height - 1 + 1) % 4, lone.proposal(height, 1, A));
      lone.deliver(1, lone.decided(height, A, [1, 2, 3]));
    }
    expect(lone.journal.size).toBeLessThanOrEqual(4 + 2 + 1);
    expect(sentOf(lone.deliver(2, { kind: 'fetch', height: 1 }), 'decided').map(({ height }) => height)).toEqual([12]);
  });
});

describe('the end of an epoch', () => {
  const next = (lone: Lone): ReplicaSet => ({ ...lone.keys.set, epoch: 1 });
  const change = (lone: Lone, lastHeight: number, set = next(lone)) =>
    lone.step({ kind: 'reconfigure', nowMs: NOW_MS, next: set, lastHeight });

  test('its last height is filled without work, and nothing is proposed, voted on or decided above', () => {
    const lone = new Lone(4, 2);
    lone.deliver(1, lone.decided(1, A, [0, 1, 3]));
    const outcome = change(lone, 2);
    expect(sentOf(outcome, 'proposal')).toMatchObject([{ height: 2, payload: batchOf() }]);
    expect(lone.deliver(1, lone.decided(2, batchOf(), [0, 1, 3])).commits).toHaveLength(1);
    expect(lone.request(66).sent.map(({ message }) => message.kind)).toEqual(['requests']);
    expect(lone.deliver(3, lone.proposal(3, 1, A)).refused).toEqual(['above-last-height']);
    expect(lone.deliver(1, lone.decided(3, A, [0, 1, 3])).refused).toEqual(['above-last-height']);
    expect(lone.timeOut().sent).toEqual([]);
    expect(lone.engine.status.height).toBe(2);
    // It still answers those who missed the end.
    expect(sentOf(lone.deliver(3, lone.roundChange(3, 2, 2)), 'decided')).toMatchObject([{ height: 2 }]);
  });

  test('no height is voted on before the one below is executed: its epoch is not known', () => {
    const lone = new Lone(4, 0);
    lone.executes = false;
    lone.deliver(1, lone.decided(1, A, [1, 2, 3]));
    expect(lone.deliver(2, lone.proposal(2, 1, A)).sent).toEqual([]);
    expect(lone.timeOut().sent).toEqual([]);
    const outcome = lone.step({ kind: 'executed', nowMs: NOW_MS, height: 1, stateDigest: new Uint8Array(32) });
    expect(sentOf(outcome, 'prepare')).toMatchObject([{ height: 2 }]);
  });

  test('an epoch that does not follow, or a last height that is voted on beyond, is CONSENSUS_RECONFIGURATION', () => {
    const lone = new Lone(4, 0);
    const wrong = expect.objectContaining({ code: 'CONSENSUS_RECONFIGURATION' });
    expect(() => change(lone, 1, { ...lone.keys.set, epoch: 2 })).toThrow(wrong);
    expect(() => change(lone, 0)).toThrow(wrong);
    lone.deliver(1, lone.decided(1, A, [1, 2, 3]));
    lone.deliver(2, lone.proposal(2, 1, A));
    expect(() => change(lone, 1)).toThrow(wrong);
    expect(change(lone, 2).refused).toEqual([]);
    expect(() => change(lone, 3)).toThrow(wrong);
    expect(change(lone, 5, lone.keys.set).refused).toEqual([]);
  });

  test('an engine of a later epoch takes no part in heights below it', () => {
    const { keys } = new Lone(4, 0);
    const set = { ...keys.set, epoch: 1 };
    const signer = keys.signers[0] as Keys['signers'][number];
    const engine = createQbft({ replicaSet: set, self: 0, signer, baseHeight: 7 });
    engine.step({
      kind: 'start',
      nowMs: NOW_MS,
      records: [],
      executed: { height: 6, stateDigest: new Uint8Array(32) },
    });
    engine.step({ kind: 'propose', nowMs: NOW_MS, request: Uint8Array.of(1) });
    const timer = { kind: 'timer', nowMs: NOW_MS, id: 'qbft-round' } as const;
    for (let part = 0; part < 4; part++) expect(engine.step(timer)).toEqual([]);
    expect(engine.status.view).toBe(1);
  });
});

test('blocks executed out of order are CONSENSUS_EXECUTION_ORDER', () => {
  const lone = new Lone(4, 0);
  const executed = (height: number) =>
    lone.step({ kind: 'executed', nowMs: NOW_MS, height, stateDigest: new Uint8Array(32) });
  expect(() => executed(1)).toThrow(expect.objectContaining({ code: 'CONSENSUS_EXECUTION_ORDER' }));
});
