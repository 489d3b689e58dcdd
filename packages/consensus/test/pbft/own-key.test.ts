import { sha3_256 } from '@murmuration/crypto';
import { describe, expect, test } from 'vitest';
import { accusedOf, createPbft, type Engine, type EngineEffect, encodeBatch, readEvidence } from '../../src/index.ts';
import { signStatement } from '../../src/quorum/statement.ts';
import { Lockstep, NOW_MS } from '../cluster/lockstep.ts';

const SELF = 2;

function work(net: Lockstep, from: number, count: number): void {
  for (let i = 0; i < count; i++) {
    net.propose((from + i) % 2, from + i);
    net.drain();
  }
}

function sentBy(net: Lockstep, self: number): string[] {
  const kinds: string[] = [];
  const { passes } = net;
  net.passes = (delivery, message) => {
    if (delivery.from === self) kinds.push(message.kind);
    return passes(delivery, message);
  };
  return kinds;
}

const VOTES = ['pre-prepare', 'prepare', 'commit', 'view-change', 'new-view'];

describe('a replica that starts from an old copy of its disk', () => {
  test('learns of its later votes before it casts any, stops voting and says why; nobody can accuse it', () => {
    for (const [before, after] of [
      [0, 3],
      [2, 4],
      [5, 6],
    ] as const) {
      const net = new Lockstep(4, { checkpointInterval: 16 });
      work(net, 0, before);
      const copy = new Map(net.journals[SELF]);
      work(net, before, after - before);
      const kinds = sentBy(net, SELF);
      net.rollBack(SELF, copy, before);
      net.drain();
      expect(net.duplicated[SELF]).toHaveLength(1);
      expect(net.duplicated[SELF]).toMatchObject([{ kind: 'duplicated', view: 0, conflicting: false }]);
      work(net, after, 3);
      for (let i = 0; i < 4; i++) net.timeOut(SELF);
      net.drain();
      expect(kinds.filter((kind) => VOTES.includes(kind))).toEqual([]);
      expect(net.evidence.flat()).toEqual([]);
      expect([0, 1, 3].map((self) => net.heights()[self])).toEqual([after + 3, after + 3, after + 3]);
    }
  });

  test('whatever moment the copy is of, it convicts itself of nothing', () => {
    const copies: Map<string, Uint8Array>[] = [];
    const watched = new Lockstep(4, { checkpointInterval: 16 }, 'hash');
    const engine = watched.engines[SELF] as Engine;
    watched.engines[SELF] = {
      get status() {
        return engine.status;
      },
      step(event) {
        copies.push(new Map(watched.journals[SELF]));
        return engine.step(event);
      },
    };
    work(watched, 0, 2);
    expect(copies.length).toBeGreaterThan(8);
    for (const copy of copies) {
      const net = new Lockstep(4, { checkpointInterval: 16 }, 'hash');
      work(net, 0, 2);
      // Others are in the middle of a third height when it comes back, and their primary is gone.
      net.propose(0, 9);
      for (let i = 0; i < 9; i++) {
        const next = net.queue.shift();
        if (next !== undefined) net.inject(next.from, next.to, next.bytes);
      }
      net.rollBack(SELF, copy, 0);
      net.drain();
      net.crash(0);
      net.propose(1, 7);
      net.drain();
      for (let round = 0; round < 3; round++) {
        for (let self = 1; self < 4; self++) net.timeOut(self);
        net.drain();
      }
      expect(net.evidence.flat()).toEqual([]);
    }
  });

  test('would convict itself if it did not ask', () => {
    const net = new Lockstep(4, { checkpointInterval: 16 });
    work(net, 0, 1);
    net.sure = true;
    net.rollBack(SELF, new Map(), 0);
    const payload = encodeBatch({ timeMs: NOW_MS, requests: [Uint8Array.of(77)] });
    const digest = sha3_256(payload);
    const place = { epoch: 0, view: 0, height: 1, digest } as const;
    const signer = net.keys.signers[0] as (typeof net.keys.signers)[number];
    const signature = signStatement(signer, net.keys.set.chainId, { phase: 'pre-prepare', ...place });
    net.inject(0, SELF, { kind: 'pre-prepare', ...place, signature, payload });
    net.drain();
    const accused = net.evidence.flat().map((wire) => {
      const read = readEvidence(wire);
      return read.ok ? accusedOf(read.value).replica : -1;
    });
    expect(accused).toContain(SELF);
  });

  test('of which others hold nothing that binds any more goes on: what a checkpoint covers is over', () => {
    const net = new Lockstep(4, { checkpointInterval: 2 });
    work(net, 0, 4);
    net.rollBack(SELF, new Map(), 4);
    net.drain();
    expect(net.duplicated[SELF]).toEqual([]);
    work(net, 4, 2);
    expect(net.heights()).toEqual([6, 6, 6, 6]);
    expect(net.evidence.flat()).toEqual([]);
  });

  test('asks again until Q - 1 have answered, and neither votes nor proposes before', () => {
    const net = new Lockstep(4, { checkpointInterval: 16 });
    work(net, 0, 2);
    net.crash(0);
    net.passes = ({ from, to }, { kind }) => !(kind === 'recalled' && to === 0 && from !== 3);
    net.reboot(0);
    const kinds = sentBy(net, 0);
    net.propose(0, 8);
    net.drain();
    expect(kinds.filter((kind) => VOTES.includes(kind))).toEqual([]);
    net.passes = () => true;
    const later = sentBy(net, 0);
    net.step(0, { kind: 'timer', nowMs: NOW_MS, id: 'tick' });
    net.drain();
    expect(later).toContain('recall');
    expect(net.heights()).toEqual([3, 3, 3, 3]);
    expect(net.duplicated[0]).toEqual([]);
  });

  test('a host that is sure of its records need not ask; one replica alone has nobody to ask', () => {
    const net = new Lockstep(4);
    const { set, signers } = net.keys;
    const executed = { height: 0, stateDigest: new Uint8Array(32) };
    const start = { kind: 'start', nowMs: NOW_MS, records: [], executed } as const;
    const propose = { kind: 'propose', nowMs: NOW_MS, request: Uint8Array.of(1) } as const;
    const proposes = (engine: Engine) => engine.step(propose).some((effect) => effect.kind === 'persist');
    const make = () => createPbft({ replicaSet: set, self: 0, signer: signers[0] as (typeof signers)[number] });
    const [sure, unsure] = [make(), make()];
    sure.step({ ...start, sure: true });
    unsure.step(start);
    expect([proposes(sure), proposes(unsure)]).toEqual([true, false]);
    const lone = new Lockstep(1);
    lone.propose(0, 1);
    expect(lone.heights()).toEqual([1]);
  });
});

describe('two processes with one key', () => {
  /** A second process of replica `SELF`, with a disk of its own; it hears what the first hears. */
  function twin(net: Lockstep): { readonly engine: Engine; readonly effects: EngineEffect[] } {
    const { set, signers } = net.keys;
    const signer = signers[SELF] as (typeof signers)[number];
    const engine = createPbft({ replicaSet: set, self: SELF, signer }, { checkpointInterval: 16 });
    const effects: EngineEffect[] = [];
    const take = (found: readonly EngineEffect[]): void => {
      for (const effect of found) {
        effects.push(effect);
        if (effect.kind !== 'send') continue;
        for (const to of [0, 1, 3]) if (effect.to === 'all' || effect.to === to) net.inject(SELF, to, effect.bytes);
      }
    };
    const { passes } = net;
    net.passes = (delivery, message) => {
      if (delivery.to === SELF) {
        const { from, bytes } = delivery;
        take(engine.step({ kind: 'message', nowMs: NOW_MS, from, bytes }));
      }
      return passes(delivery, message);
    };
    const executed = { height: 0, stateDigest: new Uint8Array(32) };
    take(engine.step({ kind: 'start', nowMs: NOW_MS, records: [], executed }));
    return { engine, effects };
  }

  test('the second one finds the votes of the first, says so and never votes', () => {
    const net = new Lockstep(4, { checkpointInterval: 16 });
    work(net, 0, 2);
    const { effects } = twin(net);
    net.drain();
    work(net, 2, 2);
    expect(effects.filter(({ kind }) => kind === 'duplicated')).toHaveLength(1);
    expect(effects.some((effect) => effect.kind === 'persist' && effect.key.startsWith('vote'))).toBe(false);
    expect(effects.some(({ kind }) => kind === 'evidence')).toBe(false);
    expect(net.heights()).toEqual([4, 4, 4, 4]);
    expect(net.evidence.flat()).toEqual([]);
  });

  test('one that hears of another digest of its own stops, and is told that the proof may exist already', () => {
    const net = new Lockstep(4, { checkpointInterval: 16 });
    work(net, 0, 1);
    const { set, signers } = net.keys;
    const signer = signers[SELF] as (typeof signers)[number];
    const digest = new Uint8Array(32).fill(7);
    const statement = { epoch: 0, phase: 'prepare', view: 0, height: 1, digest } as const;
    const signed = { replica: SELF, ...statement, signature: signStatement(signer, set.chainId, statement) };
    net.inject(3, SELF, { kind: 'witness', statements: [signed] });
    expect(net.duplicated[SELF]).toEqual([
      { kind: 'duplicated', phase: 'prepare', view: 0, height: 1, conflicting: true },
    ]);
    expect(net.refused[SELF]).toContain('own-key-elsewhere');
    net.inject(3, SELF, { kind: 'witness', statements: [signed] });
    expect(net.duplicated[SELF]).toHaveLength(1);
    // It accuses nobody, itself least of all; it still learns what the others decide.
    expect(net.evidence[SELF]).toEqual([]);
    work(net, 1, 1);
    expect(net.heights()).toEqual([2, 2, 2, 2]);
  });

  test('a forged statement under its number stops nobody', () => {
    const net = new Lockstep(4);
    const place = { replica: SELF, epoch: 0, phase: 'commit', view: 0, height: 1 } as const;
    const forged = { ...place, digest: new Uint8Array(32), signature: new Uint8Array(64) };
    net.inject(3, SELF, { kind: 'witness', statements: [forged] });
    expect(net.duplicated[SELF]).toEqual([]);
    expect(net.refused[SELF]).toContain('bad-signature');
    work(net, 0, 1);
    expect(net.heights()).toEqual([1, 1, 1, 1]);
  });
});
