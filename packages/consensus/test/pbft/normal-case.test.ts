import { equalBytes, toHex } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { describe, expect, test } from 'vitest';
import { decodeBatch, encodeBatch, quorum, verifyCommit } from '../../src/index.ts';
import { decodeMessage, type Message, type MessageOf } from '../../src/pbft/messages.ts';
import { signStatement } from '../../src/quorum/statement.ts';
import { Lockstep, NOW_MS } from '../cluster/lockstep.ts';

const SIZES = [4, 5, 6, 7, 8, 9, 10];

function prePrepare(
  net: Lockstep,
  by: number,
  place: { view?: number; height?: number; timeMs?: number; fill?: number } = {},
) {
  const { view = 0, height = 1, timeMs = NOW_MS, fill = 1 } = place;
  const payload = encodeBatch({ timeMs, requests: [Uint8Array.of(fill)] });
  const digest = sha3_256(payload);
  const statement = { epoch: 0, phase: 'pre-prepare', view, height, digest } as const;
  const signature = signStatement(net.keys.signers[by] as never, net.keys.set.chainId, statement);
  return { kind: 'pre-prepare', epoch: 0, view, height, digest, signature, payload } satisfies Message;
}

/** Messages of one kind that `from` has under way. */
function pending(net: Lockstep, from: number, kind: Message['kind']): number {
  return net.queue.filter((one) => {
    const message = decodeMessage(one.bytes);
    return one.from === from && message.ok && message.value.kind === kind;
  }).length;
}

describe('normal case: PBFT §4.2', () => {
  test.each(SIZES)('a good decision at n = %i costs (n-1) + (n-1)² + n(n-1) messages', (n) => {
    const net = new Lockstep(n, {}, 'hash');
    net.propose(0, 1, 2, 3);
    net.drain();
    expect(net.heights()).toEqual(Array.from({ length: n }, () => 1));
    expect(Object.fromEntries(net.sent)).toEqual({
      'pre-prepare': n - 1,
      prepare: (n - 1) ** 2,
      commit: n * (n - 1),
    });
  });

  test('a request is committed once by every replica, with a certificate that verifies offline', () => {
    const net = new Lockstep(4);
    net.propose(2, 7, 7);
    net.propose(2, 7, 7);
    net.propose(1, 7, 7);
    net.drain();
    for (const [self, commits] of net.commits.entries()) {
      expect(commits).toHaveLength(1);
      const [commit] = commits;
      expect(verifyCommit(net.keys.set, commit as never).ok).toBe(true);
      const batch = decodeBatch((commit as { payload: Uint8Array }).payload);
      expect(batch).toEqual({ ok: true, value: { timeMs: NOW_MS, requests: [Uint8Array.of(7, 7)] } });
      expect(net.engines[self]?.status.pending).toBe(0);
    }
    net.propose(3, 7, 7);
    expect(net.refused[3]).toContain('already-committed');
  });

  test('the primary sends no prepare, and a prepare of a primary is refused', () => {
    const net = new Lockstep(4, {}, 'hash');
    const senders = new Set<number>();
    net.passes = ({ from }, { kind }) => {
      if (kind === 'prepare') senders.add(from);
      return true;
    };
    net.propose(0, 1);
    net.drain();
    expect([...senders].sort()).toEqual([1, 2, 3]);
    const statement = { epoch: 0, phase: 'prepare', view: 0, height: 2, digest: new Uint8Array(32) } as const;
    const signature = signStatement(net.keys.signers[0] as never, net.keys.set.chainId, statement);
    const { phase: kind, ...rest } = statement;
    net.inject(0, 1, { kind, ...rest, signature });
    expect(net.refused[1]).toEqual(['prepare-of-primary']);
  });

  test.each([
    ['not-primary', (net: Lockstep) => prePrepare(net, 1), 1],
    ['not-primary', (net: Lockstep) => prePrepare(net, 0, { view: 1 }), 0],
    ['future-view', (net: Lockstep) => prePrepare(net, 0, { view: 8 }), 0],
    ['above-watermark', (net: Lockstep) => prePrepare(net, 0, { height: 129 }), 0],
    ['beyond-window', (net: Lockstep) => prePrepare(net, 0, { height: 17 }), 0],
    ['wrong-digest', (net: Lockstep) => ({ ...prePrepare(net, 0), digest: new Uint8Array(32) }), 0],
    ['bad-signature', (net: Lockstep) => ({ ...prePrepare(net, 0), signature: new Uint8Array(64) }), 0],
    ['wrong-epoch', (net: Lockstep) => ({ ...prePrepare(net, 0), epoch: 1 }), 0],
  ])('a pre-prepare is not accepted for %s', (reason, make, from) => {
    const net = new Lockstep(4);
    net.inject(from, 2, make(net));
    expect(net.refused[2]).toEqual([reason]);
    expect(pending(net, 2, 'prepare')).toBe(0);
  });

  test('a batch that is none, or too large, gets no prepare', () => {
    const net = new Lockstep(4, { maxBatchBytes: 1024, maxRequestBytes: 512 }, 'hash');
    for (const payload of [Uint8Array.of(1, 2, 3), encodeBatch({ timeMs: NOW_MS, requests: [new Uint8Array(2000)] })]) {
      const digest = sha3_256(payload);
      const statement = {
        epoch: 0,
        phase: 'pre-prepare',
        view: 0,
        height: payload.length > 3 ? 2 : 1,
        digest,
      } as const;
      const signature = signStatement(net.keys.signers[0] as never, net.keys.set.chainId, statement);
      const { phase: kind, ...rest } = statement;
      net.inject(0, 1, { kind, ...rest, signature, payload });
      expect(net.refused[1]?.at(-1)).toBe('bad-batch');
      expect(pending(net, 1, 'prepare')).toBe(0);
    }
  });

  test('a proposal whose time is far from the own clock gets no prepare, until the clock agrees', () => {
    const net = new Lockstep(4, { maxClockSkewMs: 60_000 }, 'hash');
    const early = prePrepare(net, 0, { timeMs: NOW_MS + 60_001 });
    net.inject(0, 1, early);
    expect(pending(net, 1, 'prepare')).toBe(0);
    net.nowMs += 1;
    net.inject(0, 1, early);
    expect(pending(net, 1, 'prepare')).toBe(3);
  });

  test.each([4, 6, 7])('correct replicas never prepare two batches at one (view, number), n = %i', (n) => {
    for (let split = 1; split < n; split++) {
      const net = new Lockstep(n, {}, 'hash');
      const voted = new Map<number, string>();
      const committed = new Set<string>();
      net.passes = ({ from }, message) => {
        if (message.kind === 'commit' && from !== 0) committed.add(toHex(message.digest));
        if (message.kind !== 'prepare') return message.kind !== 'witness';
        const says = toHex(message.digest);
        expect(voted.get(from) ?? says).toBe(says);
        voted.set(from, says);
        return true;
      };
      const [one, other] = [prePrepare(net, 0, { fill: 1 }), prePrepare(net, 0, { fill: 2 })];
      for (let to = 1; to < n; to++) net.inject(0, to, to <= split ? one : other);
      for (let to = 1; to < n; to++) net.inject(0, to, to <= split ? other : one);
      net.drain();
      // Prepared at two replicas for two digests would show as commits for both.
      expect(committed.size).toBeLessThanOrEqual(1);
    }
  });

  test('prepared needs Q - 1 prepares of distinct backups for the proposal, and only then a commit is sent', () => {
    const n = 7;
    const net = new Lockstep(n);
    const proposal = prePrepare(net, 0);
    net.inject(0, 1, proposal);
    net.queue = [];
    const vote = (replica: number, digest = proposal.digest): MessageOf<'prepare'> => {
      const statement = { epoch: 0, phase: 'prepare', view: 0, height: 1, digest } as const;
      const signature = signStatement(net.keys.signers[replica] as never, net.keys.set.chainId, statement);
      return { kind: 'prepare', epoch: 0, view: 0, height: 1, digest, signature };
    };
    for (const replica of [2, 2, 2, 3]) net.inject(replica, 1, vote(replica));
    net.inject(4, 1, { ...vote(4), signature: vote(5).signature });
    expect(pending(net, 1, 'commit')).toBe(0);
    net.inject(5, 1, vote(5));
    expect(pending(net, 1, 'commit')).toBe(n - 1);
    expect(quorum(n) - 1).toBe(4);
  });

  test('committed-local needs Q commits; it then holds whatever the own part was', () => {
    const net = new Lockstep(4, {}, 'hash');
    net.passes = ({ to }, { kind }) => to !== 3 || kind === 'commit' || kind === 'pre-prepare';
    net.propose(0, 1);
    net.drain();
    expect(net.heights()).toEqual([1, 1, 1, 1]);
    expect(net.commits[3]?.[0]?.payload).toEqual(net.commits[0]?.[0]?.payload);
  });

  test('heights decided out of order are delivered in order', () => {
    const net = new Lockstep(4, { batchDelayMs: 0 }, 'hash');
    const held: typeof net.queue = [];
    net.passes = (delivery, message) => {
      const late = delivery.to === 2 && 'height' in message && message.height === 1;
      if (late) held.push(delivery);
      return !late;
    };
    for (let i = 1; i <= 5; i++) {
      net.propose(0, i);
      net.fire(0, 'batch');
    }
    net.drain();
    expect(net.heights()).toEqual([5, 5, 0, 5]);
    net.queue = held;
    net.drain();
    expect(net.commits[2]?.map(({ height }) => height)).toEqual([1, 2, 3, 4, 5]);
  });
});

describe('batching and the window', () => {
  test('an idle pipeline sends at once; requests that come meanwhile share the next batch', () => {
    const net = new Lockstep(4, { batchDelayMs: 10 }, 'hash');
    for (let i = 1; i <= 50; i++) net.propose(0, i);
    expect(net.sent.get('pre-prepare')).toBe(3);
    net.fire(0, 'batch');
    net.drain();
    expect(net.commits[1]?.map(({ payload }) => countOf(payload))).toEqual([1, 49]);
  });

  test('a full batch does not wait, and no batch exceeds its limits', () => {
    const net = new Lockstep(4, { maxBatchRequests: 10, maxBatchBytes: 200, maxRequestBytes: 100 }, 'hash');
    for (let i = 1; i <= 35; i++) net.propose(0, i);
    expect(net.sent.get('pre-prepare')).toBe(4 * 3);
    net.propose(0, ...Array.from({ length: 100 }, () => 1));
    net.propose(0, ...Array.from({ length: 100 }, () => 2));
    net.drain();
    while (net.timers[0]?.has('batch')) {
      net.fire(0, 'batch');
      net.drain();
    }
    const sizes = net.commits[1]?.map(({ payload }) => [countOf(payload), payload.length]) ?? [];
    expect(sizes.reduce((sum, [count]) => sum + (count as number), 0)).toBe(37);
    for (const [count, length] of sizes) {
      expect(count).toBeLessThanOrEqual(10);
      expect(length).toBeLessThanOrEqual(200);
    }
  });

  test('no more than `window` heights are under way', () => {
    const net = new Lockstep(4, { window: 3 }, 'hash');
    net.passes = () => false;
    for (let i = 1; i <= 10; i++) {
      net.propose(0, i);
      net.fire(0, 'batch');
    }
    expect(net.sent.get('pre-prepare')).toBe(3 * 3);
    expect(net.timers[0]?.has('batch')).toBe(false);
  });
});

describe('verification is lazy', () => {
  test('a replica verifies the proposal, Q - 2 prepares and Q - 1 commits, and no vote beyond the quorum', () => {
    const n = 7;
    const net = new Lockstep(n, {}, 'hash');
    let verified = 0;
    const { verify } = net.keys;
    const counting: typeof verify = (...args) => {
      verified += 1;
      return verify(...args);
    };
    const counted = new Lockstep(n, {}, 'hash');
    Object.assign(counted.keys, { verify: counting });
    for (let self = 0; self < n; self++) counted.reboot(self);
    counted.drain();
    verified = 0;
    counted.propose(0, 1);
    counted.drain();
    const q = quorum(n);
    const backups = (n - 1) * (1 + (q - 2) + (q - 1));
    expect(verified).toBe(backups + (q - 1) + (q - 1));
    expect(
      equalBytes(counted.commits[0]?.[0]?.payload as Uint8Array, counted.commits[6]?.[0]?.payload as Uint8Array),
    ).toBe(true);
  });
});

function countOf(payload: Uint8Array): number {
  const batch = decodeBatch(payload);
  return batch.ok ? batch.value.requests.length : -1;
}
