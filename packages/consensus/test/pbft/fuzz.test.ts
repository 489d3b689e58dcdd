import { seededRandom } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { describe, expect, test } from 'vitest';
import { encodeBatch } from '../../src/index.ts';
import { decodeMessage, encodeMessage, type Message } from '../../src/pbft/messages.ts';
import { signStatement } from '../../src/quorum/statement.ts';
import { Lockstep, NOW_MS } from '../cluster/lockstep.ts';

/** One real message of each kind, caught from runs in which each of them is sent. */
function corpus(): Map<Message['kind'], Uint8Array> {
  const caught = new Map<Message['kind'], Uint8Array>();
  const net = new Lockstep(4, { checkpointInterval: 2 }, 'hash');
  net.passes = ({ bytes }, { kind }) => {
    caught.set(kind, bytes);
    return true;
  };
  for (let i = 0; i < 5; i++) {
    net.propose(i % 4, i);
    net.drain();
  }
  net.crash(3);
  for (let i = 5; i < 9; i++) {
    net.propose(1, i);
    net.drain();
  }
  net.reboot(3);
  net.drain();
  for (let i = 0; i < 4; i++) {
    for (let self = 0; self < 4; self++) net.step(self, { kind: 'timer', nowMs: NOW_MS, id: 'tick' });
    net.drain();
  }
  net.crash(0);
  net.propose(1, 99);
  net.drain();
  for (let self = 0; self < 4; self++) net.timeOut(self);
  net.drain();
  const digest = sha3_256(Uint8Array.of(1));
  caught.set('fetch', encodeMessage({ kind: 'fetch', height: 1, digest }));
  caught.set(
    'payload',
    encodeMessage({ kind: 'payload', height: 1, payload: encodeBatch({ timeMs: 1, requests: [] }) }),
  );
  caught.set('recall', encodeMessage({ kind: 'recall' }));
  const statement = { epoch: 0, phase: 'prepare', view: 0, height: 9, digest } as const;
  const signature = signStatement(net.keys.signers[2] as never, net.keys.set.chainId, statement);
  caught.set('witness', encodeMessage({ kind: 'witness', statements: [{ replica: 2, ...statement, signature }] }));
  caught.set('recalled', encodeMessage({ kind: 'recalled', statements: [{ replica: 1, ...statement, signature }] }));
  return caught;
}

const KINDS: readonly Message['kind'][] = [
  'pre-prepare',
  'prepare',
  'commit',
  'checkpoint',
  'view-change',
  'new-view',
  'status',
  'decided',
  'fetch',
  'payload',
  'requests',
  'witness',
  'stable',
  'recall',
  'recalled',
];

describe('bytes that a malicious replica chose', () => {
  const messages = corpus();

  test('the corpus covers every kind of message', () => {
    expect([...messages.keys()].sort()).toEqual([...KINDS].sort());
    for (const [kind, bytes] of messages) {
      const decoded = decodeMessage(bytes);
      expect(decoded.ok && decoded.value.kind).toBe(kind);
    }
  });

  test.each(KINDS)('%s: flipped, cut, grown and spliced bytes are refused with a reason, never thrown', (kind) => {
    const random = seededRandom(`fuzz ${kind}`);
    const bytes = messages.get(kind) as Uint8Array;
    const net = new Lockstep(4, { checkpointInterval: 2 }, 'hash');
    net.passes = () => false;
    net.propose(1, 3);
    const others = [...messages.values()];
    for (let i = 0; i < 400; i++) {
      let bad = bytes.slice();
      const how = random.below(4);
      if (how === 0) bad[random.below(bad.length)] = random.below(256);
      else if (how === 1) bad = bad.slice(0, random.below(bad.length));
      else if (how === 2)
        bad = Uint8Array.from([...bad, ...Array.from({ length: 1 + random.below(9) }, () => random.below(256))]);
      else {
        const other = others[random.below(others.length)] as Uint8Array;
        bad.set(other.subarray(0, Math.min(other.length, bad.length >> 1)), bad.length >> 1);
      }
      net.inject(random.below(4), 1, bad);
      if (i % 50 === 49) net.step(1, { kind: 'timer', nowMs: NOW_MS, id: 'tick' });
    }
    expect(net.refused[1]?.length).toBeGreaterThan(0);
    for (const reason of net.refused[1] ?? []) expect(reason).toMatch(/^[a-z][a-z-]*$/);
    expect(net.evidence.flat()).toEqual([]);
    expect(net.heights()[1]).toBeLessThanOrEqual(9);
  });

  test('random bytes, and 300 bytes of nested array headers, are refused', () => {
    const random = seededRandom('rubbish');
    const net = new Lockstep(4, {}, 'hash');
    for (let i = 0; i < 2000; i++) {
      const length = random.below(80);
      net.inject(
        1,
        0,
        Uint8Array.from({ length }, () => random.below(256)),
      );
    }
    net.inject(1, 0, new Uint8Array(300).fill(0x91));
    net.inject(1, 0, new Uint8Array(5 * 1024 * 1024));
    expect(net.refused[0]).toHaveLength(2002);
    expect(net.refused[0]?.at(-1)).toBe('too-large');
  });

  test('a sender outside of the set, or oneself, is not listened to', () => {
    const net = new Lockstep(4, {}, 'hash');
    for (const from of [-1, 4, 1.5, 0]) net.inject(from, 0, messages.get('status') as Uint8Array);
    expect(net.refused[0]).toEqual(Array.from({ length: 4 }, () => 'unknown-sender'));
  });
});

describe('a flood is bounded', () => {
  test('who brings too many bad signatures is muted until the next tick', () => {
    const net = new Lockstep(4, {}, 'hash');
    const bad = { kind: 'pre-prepare', epoch: 0, view: 0, signature: new Uint8Array(64) } as const;
    for (let height = 1; height <= 100; height++) {
      const payload = encodeBatch({ timeMs: NOW_MS, requests: [Uint8Array.of(height)] });
      net.inject(0, 1, { ...bad, height: 1 + (height % 16), payload, digest: sha3_256(payload) });
    }
    const reasons = new Set(net.refused[1]);
    expect(reasons).toEqual(new Set(['bad-signature', 'muted']));
    expect(net.refused[1]?.filter((reason) => reason === 'bad-signature')).toHaveLength(64);
    net.step(1, { kind: 'timer', nowMs: NOW_MS, id: 'tick' });
    net.propose(0, 1);
    net.drain();
    expect(net.heights()).toEqual([1, 1, 1, 1]);
  });

  test('requests of one replica fill its share of the pool and no other', () => {
    const net = new Lockstep(4, { maxPoolRequests: 10 }, 'hash');
    net.passes = () => false;
    for (let i = 0; i < 50; i++)
      net.inject(3, 1, { kind: 'requests', stamp: net.stamp(), again: false, requests: [Uint8Array.of(i, 3)] });
    expect(net.engines[1]?.status.pending).toBe(10);
    expect(net.refused[1]).toEqual(Array.from({ length: 40 }, () => 'pool-full'));
    net.inject(2, 1, { kind: 'requests', stamp: net.stamp(), again: false, requests: [Uint8Array.of(1, 2)] });
    net.propose(1, 9);
    expect(net.engines[1]?.status.pending).toBe(12);
    net.propose(1, ...Array.from({ length: 200_000 }, () => 1));
    expect(net.refused[1]?.at(-1)).toBe('request-too-large');
  });

  test('votes for every place there is leave a replica with bounded state, and answers with bounded traffic', () => {
    const net = new Lockstep(4, { checkpointInterval: 8 }, 'hash');
    net.passes = () => false;
    const random = seededRandom('flood');
    for (let i = 0; i < 5000; i++) {
      const statement = {
        epoch: 0,
        phase: random.below(2) === 0 ? 'prepare' : 'commit',
        view: random.below(1000),
        height: 1 + random.below(10_000),
        digest: sha3_256(Uint8Array.of(i, i >> 8)),
      } as const;
      const signature = signStatement(net.keys.signers[3] as never, net.keys.set.chainId, statement);
      const { phase: kind, ...rest } = statement;
      net.inject(3, 1, { kind, ...rest, signature });
      net.inject(3, 1, { kind: 'status', view: 0, changing: true, committed: 0, stable: 0, stalled: true });
    }
    expect(net.journals[1]?.size).toBeLessThanOrEqual(4);
    expect(
      net.refused[1]?.filter((reason) => reason === 'future-view' || reason === 'above-watermark').length,
    ).toBeGreaterThan(4900);
    expect(net.sent.get('witness') ?? 0).toBeLessThanOrEqual(3 * 2 * 3 * 16);
  });
});
