import { type Random, seededRandom, toHex } from '@murmuration/core';
import { describe, expect, test } from 'vitest';
import { Mesh, type Sent } from './mesh.ts';
import { oldDisks } from './old-disks.ts';
import type { ProtocolUnderTest } from './protocol.ts';

const SIZES = [4, 7];
const SEEDS = [1, 2, 3];
const PATIENCE_MS = 60_000;
/** Effects after which the crash tests end a replica. */
const FUSES = Array.from({ length: 16 }, (_, i) => i * 3);
const NOW_MS = 1_767_225_600_000;

/**
 * What every consensus engine keeps, whichever its protocol: gap-free agreement on what was proposed, certificates that
 * verify offline, progress without the silent, votes that survive crashes, refusal of everything malformed, and the
 * same effects for the same events.
 */
export function engineConformance(name: string, protocol: ProtocolUnderTest): void {
  const patienceMs = protocol.patienceMs ?? PATIENCE_MS;
  const settle = (mesh: Mesh, ...requests: string[]) => mesh.run(patienceMs, () => mesh.has(...requests));

  describe(`Engine: ${name}`, () => {
    goodCase(protocol, settle);
    faults(protocol, settle);
    badInput(protocol, settle);
    if (protocol.saying !== undefined) oldDisks(protocol, protocol.saying, settle);
  });
}

type Settle = (mesh: Mesh, ...requests: string[]) => boolean;

function goodCase(protocol: ProtocolUnderTest, settle: Settle): void {
  test.each(SIZES)('what any of %i replicas proposes commits everywhere, once, in one order', (n) => {
    const mesh = new Mesh(protocol, n, 'good');
    const requests = Array.from({ length: n }, (_, self) => `request of ${self}`);
    requests.forEach((request, self) => void mesh.propose(self, request));
    expect(settle(mesh, ...requests)).toBe(true);
    mesh.propose(0, requests[0] as string);
    mesh.propose(n - 1, 'one more');
    expect(settle(mesh, 'one more')).toBe(true);
    for (let self = 0; self < n; self++) {
      expect(requests.map((request) => mesh.times(self, request))).toEqual(requests.map(() => 1));
      expect(mesh.engine(self).status.height).toBe(mesh.commits[self]?.length);
      expect(mesh.engine(self).status.pending).toBe(0);
    }
  });

  if (protocol.alone !== false) {
    test('a replica alone decides by itself', () => {
      const mesh = new Mesh(protocol, 1, 'alone');
      mesh.propose(0, 'a');
      expect(settle(mesh, 'a')).toBe(true);
    });
  }

  test('an engine starts once, and first', () => {
    const engine = protocol.group(4).engine(0);
    const start = { height: 0, stateDigest: new Uint8Array(32) };
    const code = (expected: string) => expect.objectContaining({ code: expected });
    const event = { kind: 'timer', nowMs: NOW_MS, id: 'any' } as const;
    expect(() => engine.step(event)).toThrow(code('CONSENSUS_NOT_STARTED'));
    engine.step({ kind: 'start', nowMs: NOW_MS, records: [], executed: start });
    expect(() => engine.step({ kind: 'start', nowMs: NOW_MS, records: [], executed: start })).toThrow(
      code('CONSENSUS_STARTED_TWICE'),
    );
  });

  test('the same seed gives the same messages and commits', () => {
    const [first, second] = [lively(protocol, 'twice'), lively(protocol, 'twice')];
    expect(first.sent.length).toBeGreaterThan(20);
    expect(fingerprint(first)).toBe(fingerprint(second));
  });

  if (protocol.decision === undefined) return;
  const { kinds, messages } = protocol.decision;
  test.each(SIZES)('a decision among %i that nothing disturbs costs what the formula says', (n) => {
    const mesh = new Mesh(protocol, n, 'counted');
    mesh.propose(0, 'first');
    settle(mesh, 'first');
    mesh.run(500);
    const before = mesh.sent.length;
    const height = mesh.commits[0]?.length;
    mesh.propose(0, 'second');
    settle(mesh, 'second');
    mesh.run(500);
    expect(mesh.commits[0]?.length).toBe((height as number) + 1);
    const counted = mesh.sent.slice(before).filter(({ bytes }) => kinds.includes(protocol.kindOf(bytes) ?? ''));
    expect(counted.length).toBe(messages(n));
  });
}

function faults(protocol: ProtocolUnderTest, settle: Settle): void {
  test.each(SIZES)('among %i, those who speak make progress without the most that may be silent', (n) => {
    const f = protocol.tolerates(n);
    for (let first = 0; first < n; first++) {
      const silent = Array.from({ length: f }, (_, i) => (first + i) % n);
      const mesh = new Mesh(protocol, n, `silent ${first}`, silent);
      const speaker = Array.from({ length: n }, (_, i) => i).find((i) => !silent.includes(i)) as number;
      mesh.propose(speaker, 'a');
      expect(settle(mesh, 'a')).toBe(true);
      mesh.propose(speaker, 'b');
      expect(settle(mesh, 'b')).toBe(true);
    }
  });

  test.each(SEEDS)('loss, doubles and delay break nothing, and all commits once they end: seed %i', (seed) => {
    for (const n of SIZES) {
      const mesh = new Mesh(protocol, n, `weather ${seed}`);
      mesh.faults = { loss: 0.15, duplication: 0.1, maxDelayMs: 150 };
      const requests = Array.from({ length: 12 }, (_, i) => `request ${i}`);
      for (const [i, request] of requests.entries()) {
        mesh.propose(i % n, request);
        mesh.run(200);
      }
      mesh.faults = { loss: 0, duplication: 0, maxDelayMs: 10 };
      expect(settle(mesh, ...requests)).toBe(true);
      expect(mesh.evidence).toEqual([]);
    }
  });

  test('a replica that crashes at any effect comes back with its votes, and nobody takes it for a liar', () => {
    for (const fuse of FUSES) {
      for (const victim of [0, 1]) {
        const mesh = new Mesh(protocol, 4, `crash ${fuse} ${victim}`);
        mesh.propose(2, 'before');
        mesh.run(20);
        mesh.crashAfter(victim, fuse);
        mesh.propose(victim, 'told to the victim');
        mesh.propose(3, 'told to another');
        mesh.run(3000);
        if (!mesh.running(victim)) mesh.boot(victim);
        mesh.propose(2, 'after');
        expect(settle(mesh, 'before', 'told to another', 'after')).toBe(true);
        expect(mesh.evidence).toEqual([]);
      }
    }
  });

  test('all replicas stop at once and come back: what was committed stays, and work goes on', () => {
    const mesh = new Mesh(protocol, 4, 'outage');
    mesh.propose(0, 'before');
    expect(settle(mesh, 'before')).toBe(true);
    mesh.propose(1, 'under way');
    mesh.run(12);
    for (let self = 0; self < 4; self++) mesh.crash(self);
    mesh.run(5000);
    for (let self = 0; self < 4; self++) mesh.boot(self);
    mesh.propose(2, 'after');
    expect(settle(mesh, 'before', 'after')).toBe(true);
    expect(mesh.evidence).toEqual([]);
  });

  test('a replica that slept for many heights catches up', () => {
    const mesh = new Mesh(protocol, 4, 'asleep');
    const sleepers = protocol.tolerates(4) > 0;
    if (sleepers) mesh.crash(3);
    const requests = Array.from({ length: 40 }, (_, i) => `request ${i}`);
    for (const request of requests) {
      mesh.propose(0, request);
      settle(mesh, request);
    }
    if (sleepers) mesh.boot(3);
    mesh.propose(0, 'last');
    expect(settle(mesh, ...requests, 'last')).toBe(true);
  });
}

function badInput(protocol: ProtocolUnderTest, settle: Settle): void {
  test('messages of unknown senders are refused', () => {
    const mesh = lively(protocol, 'strangers');
    const { bytes } = mesh.sent[0] as Sent;
    for (const from of [-1, 4, 1.5, Number.NaN, 0]) {
      const effects = mesh.engine(0).step({ kind: 'message', nowMs: NOW_MS, from, bytes });
      expect(effects).toContainEqual(expect.objectContaining({ kind: 'refused', reason: 'unknown-sender' }));
    }
  });

  test('damaged copies of all messages never throw, accuse nobody and leave the replicas able to agree', () => {
    const mesh = new Mesh(protocol, 4, 'fuzzed');
    const random = seededRandom('fuzz');
    // Members of a crash-tolerant protocol believe each other: what they answer to lies is not carried out.
    const believes = protocol.finality === 'crash';
    mesh.onSent = ({ from, to, bytes }) => {
      if (protocol.kindOf(bytes) === undefined) throw new Error('an engine sends what it cannot read');
      const damaged = damage(random, bytes);
      if (!believes) mesh.deliver(from, to, damaged);
      else if (mesh.running(to)) shadow.engine(to).step({ kind: 'message', nowMs: NOW_MS, from, bytes: damaged });
    };
    const shadow = new Mesh(protocol, 4, 'shadow');
    mesh.faults = { loss: 0.1, duplication: 0, maxDelayMs: 60 };
    for (let i = 0; i < 10; i++) {
      mesh.propose(i % 4, `request ${i}`);
      mesh.run(300);
    }
    mesh.faults = { loss: 0, duplication: 0, maxDelayMs: 10 };
    mesh.propose(1, 'after all');
    expect(settle(mesh, 'after all')).toBe(true);
    expect(mesh.evidence).toEqual([]);
    if (!believes) expect(mesh.refusals.size).toBeGreaterThan(2);
  });

  test('random bytes are refused, each with a reason', () => {
    const random = seededRandom('noise');
    const mesh = new Mesh(protocol, 4, 'noise');
    for (let i = 0; i < 300; i++) {
      const bytes = Uint8Array.from({ length: random.below(200) }, () => random.below(256));
      if (protocol.kindOf(bytes) !== undefined) continue;
      const effects = mesh.engine(0).step({ kind: 'message', nowMs: NOW_MS, from: 1, bytes });
      expect(effects).toContainEqual(expect.objectContaining({ kind: 'refused', from: 1 }));
    }
  });

  test('a certificate proves its own height and payload, and no flipped bit of it is taken', () => {
    const { verify } = protocol.group(4);
    if (verify === undefined) return expect(protocol.finality).toBe('crash');
    const commit = lively(protocol, 'certified').commits[0]?.[0];
    if (commit === undefined) throw new Error('nothing was committed');
    expect(verify(commit).ok).toBe(true);
    expect(verify({ ...commit, height: commit.height + 1 }).ok).toBe(false);
    expect(verify({ ...commit, payload: Uint8Array.of(...commit.payload, 0) }).ok).toBe(false);
    for (let at = 0; at < commit.certificate.length; at++) {
      const certificate = commit.certificate.slice();
      certificate[at] = (certificate[at] as number) ^ (1 << (at % 8));
      expect(verify({ ...commit, certificate }).ok).toBe(false);
    }
  });
}

/** A run with some trouble in it, so that messages of most kinds are sent. */
function lively(protocol: ProtocolUnderTest, seed: string): Mesh {
  const mesh = new Mesh(protocol, 4, seed);
  mesh.faults = { loss: 0.1, duplication: 0.05, maxDelayMs: 60 };
  for (let i = 0; i < 6; i++) {
    mesh.propose(i % 4, `request ${i}`);
    mesh.run(400);
  }
  mesh.faults = { loss: 0, duplication: 0, maxDelayMs: 10 };
  mesh.run(30_000, () => mesh.has('request 0', 'request 5'));
  return mesh;
}

function damage(random: Random, bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  for (let times = 1 + random.below(3); times > 0; times--) {
    const at = random.below(Math.min(copy.length, 400));
    copy[at] = random.below(4) === 0 ? random.below(256) : (copy[at] as number) ^ (1 << random.below(8));
  }
  if (random.below(8) === 0) return copy.subarray(0, random.below(copy.length));
  return random.below(8) === 0 ? Uint8Array.of(...copy, random.below(256)) : copy;
}

function fingerprint(mesh: Mesh): string {
  const sent = mesh.sent.map(({ from, to, bytes }) => `${from}>${to} ${toHex(bytes)}`);
  const commits = mesh.commits.flat().map(({ payload, certificate }) => toHex(payload) + toHex(certificate));
  return [...sent, ...commits].join('\n');
}
