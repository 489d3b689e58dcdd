import { sha3_256 } from '@murmuration/crypto';
import { describe, expect, test } from 'vitest';
import { accusedOf, encodeBatch, readEvidence, verifyEvidence } from '../../src/index.ts';
import type { Message } from '../../src/pbft/messages.ts';
import { signStatement } from '../../src/quorum/statement.ts';
import { Lockstep, NOW_MS } from '../cluster/lockstep.ts';

function proposal(net: Lockstep, fill: number) {
  const payload = encodeBatch({ timeMs: NOW_MS, requests: [Uint8Array.of(fill)] });
  const digest = sha3_256(payload);
  const statement = { epoch: 0, phase: 'pre-prepare', view: 0, height: 1, digest } as const;
  const signature = signStatement(net.keys.signers[0] as never, net.keys.set.chainId, statement);
  return { kind: 'pre-prepare', epoch: 0, view: 0, height: 1, digest, signature, payload } satisfies Message;
}

function vote(net: Lockstep, replica: number, kind: 'prepare' | 'commit', digest: Uint8Array): Message {
  const statement = { epoch: 0, phase: kind, view: 0, height: 1, digest } as const;
  const signature = signStatement(net.keys.signers[replica] as never, net.keys.set.chainId, statement);
  return { kind, epoch: 0, view: 0, height: 1, digest, signature };
}

/** Replicas, among `honest`, that hold valid evidence against `accused`; fails where anyone else is accused. */
function convinced(net: Lockstep, accused: number): number[] {
  return net.evidence.flatMap((all, self) => {
    const against = all.filter((evidence) => {
      const read = readEvidence(evidence);
      const replica = read.ok ? accusedOf(read.value).replica : -1;
      const key = net.keys.set.replicas[replica]?.key as Uint8Array;
      expect(verifyEvidence(evidence, key, net.keys.set.chainId, { replicaSet: net.keys.set }).ok).toBe(true);
      return replica === accused;
    });
    return against.length > 0 ? [self] : [];
  });
}

describe('equivocation with Byzantine split delivery', () => {
  test.each([4, 5, 7])(
    'two proposals, each shown to some: every honest replica that talks has the proof, n = %i',
    (n) => {
      for (const split of [1, n >> 1, n - 2]) {
        const net = new Lockstep(n);
        net.crash(0);
        for (let to = 1; to < n; to++) net.inject(0, to, proposal(net, to <= split ? 1 : 2));
        net.drain();
        expect(convinced(net, 0)).toEqual(Array.from({ length: n - 1 }, (_, i) => i + 1));
        // The proof makes them leave the view without waiting.
        expect(net.views().slice(1)).toEqual(Array.from({ length: n - 1 }, () => 1));
      }
    },
  );

  test.each(['prepare', 'commit'] as const)('two %ss of a backup, each shown to one replica', (kind) => {
    const net = new Lockstep(7);
    net.crash(6);
    net.propose(0, 1);
    const digest = sha3_256(encodeBatch({ timeMs: NOW_MS, requests: [Uint8Array.of(1)] }));
    net.inject(6, 1, vote(net, 6, kind, digest));
    net.inject(6, 2, vote(net, 6, kind, new Uint8Array(32).fill(3)));
    net.drain();
    expect(convinced(net, 6).length).toBeGreaterThan(0);
    expect(convinced(net, 6)).toContain(1);
    expect(net.heights().slice(0, 6)).toEqual([1, 1, 1, 1, 1, 1]);
  });

  test('the odd vote comes before the proposal', () => {
    const net = new Lockstep(4);
    const digest = sha3_256(encodeBatch({ timeMs: NOW_MS, requests: [Uint8Array.of(1)] }));
    net.crash(3);
    net.inject(3, 2, vote(net, 3, 'prepare', new Uint8Array(32).fill(3)));
    net.inject(3, 1, vote(net, 3, 'prepare', digest));
    net.propose(0, 1);
    net.drain();
    expect(convinced(net, 3)).toContain(1);
  });

  test('an accomplice votes for both proposals of a lying primary: both are convicted', () => {
    const net = new Lockstep(7);
    net.crash(0);
    net.crash(6);
    const [one, other] = [proposal(net, 1), proposal(net, 2)];
    for (const to of [1, 2, 3]) {
      net.inject(0, to, one);
      net.inject(6, to, vote(net, 6, 'prepare', one.digest));
    }
    for (const to of [4, 5]) {
      net.inject(0, to, other);
      net.inject(6, to, vote(net, 6, 'prepare', other.digest));
    }
    net.drain();
    expect(convinced(net, 0).length).toBeGreaterThan(0);
    expect(convinced(net, 6).length).toBeGreaterThan(0);
  });

  test('a vote after the quorum, never verified, still convicts', () => {
    const net = new Lockstep(7);
    const digest = sha3_256(encodeBatch({ timeMs: NOW_MS, requests: [Uint8Array.of(1)] }));
    net.crash(6);
    net.propose(0, 1);
    net.drain();
    expect(net.heights()[1]).toBe(1);
    net.inject(6, 1, vote(net, 6, 'commit', digest));
    net.inject(6, 2, vote(net, 6, 'commit', new Uint8Array(32).fill(3)));
    net.drain();
    expect(convinced(net, 6)).toContain(1);
  });

  test('evidence is told again after a restart, and its number stays bounded', () => {
    const net = new Lockstep(4);
    net.crash(3);
    for (let fill = 1; fill < 40; fill++) {
      net.inject(3, 1, vote(net, 3, 'prepare', new Uint8Array(32).fill(fill)));
    }
    expect(net.evidence[1]?.length).toBe(4);
    const before = net.evidence[1]?.length ?? 0;
    net.crash(1);
    net.reboot(1);
    expect(net.evidence[1]?.length).toBe(2 * before);
    net.inject(3, 1, vote(net, 3, 'prepare', new Uint8Array(32).fill(99)));
    net.inject(3, 1, vote(net, 3, 'prepare', new Uint8Array(32).fill(98)));
    expect(net.evidence[1]?.length).toBe(2 * before);
  });

  test('a vote that merely differs is passed on, and convicts nobody', () => {
    const net = new Lockstep(4);
    net.crash(3);
    net.propose(0, 1);
    for (const to of [0, 1, 2]) net.inject(3, to, vote(net, 3, 'prepare', new Uint8Array(32).fill(3)));
    net.drain();
    expect(net.evidence.flat()).toEqual([]);
    expect(net.sent.get('witness')).toBeLessThanOrEqual(3 * 3);
    expect(net.heights().slice(0, 3)).toEqual([1, 1, 1]);
  });

  test('nobody can be framed: a witness with a forged statement convicts nobody and counts against who brought it', () => {
    const net = new Lockstep(4);
    net.propose(0, 1);
    net.drain();
    const digest = new Uint8Array(32).fill(8);
    const forged = {
      replica: 2,
      epoch: 0,
      phase: 'commit',
      view: 0,
      height: 1,
      digest,
      signature: new Uint8Array(64),
    } as const;
    net.inject(3, 1, { kind: 'witness', statements: [forged] });
    expect(net.refused[1]).toEqual(['bad-signature']);
    expect(net.evidence.flat()).toEqual([]);
  });
});
