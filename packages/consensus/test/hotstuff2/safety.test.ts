import { toHex } from '@murmuration/core';
import { describe, expect, test } from 'vitest';
import { accusedOf, hotstuff2Chain, maxFaulty, quorum, readEvidence, verifyEvidence } from '../../src/index.ts';
import { Mesh } from '../conformance/mesh.ts';
import type { ProtocolUnderTest } from '../conformance/protocol.ts';
import { createHotstuff2Keys } from './keys.ts';
import { HOTSTUFF2, hotstuff2Protocol } from './protocol.ts';
import { TwoFaced } from './two-faced.ts';

/** A mesh whose replica 0 leads with two faces, each shown to one part of the others. */
function lied(n: number, kind: 'real' | 'hash', q: (n: number) => number, parts: readonly (readonly number[])[]): Mesh {
  const protocol = hotstuff2Protocol(kind, {}, q);
  const lying: ProtocolUnderTest = {
    ...protocol,
    group: (size) => {
      const group = protocol.group(size);
      const engine = (self: number) => (self === 0 ? new TwoFaced(size, kind, q(size), parts) : group.engine(self));
      return { ...group, engine };
    },
  };
  const mesh = new Mesh(lying, n, `two faces ${JSON.stringify(parts)}`);
  mesh.propose(0, 'lie');
  return mesh;
}

function honestAgree(mesh: Mesh, request: string): void {
  mesh.propose(1, request);
  const done = () =>
    Array.from({ length: mesh.n - 1 }, (_, i) => mesh.times(i + 1, request)).every((times) => times > 0);
  expect(mesh.run(60_000, done)).toBe(true);
}

describe('a leader that shows two proposals', () => {
  test.each([
    [4, [[1], [2, 3]]],
    [4, [[1, 2, 3], []]],
    [
      5,
      [
        [1, 2],
        [3, 4],
      ],
    ],
    [
      7,
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    ],
    [7, [[1], [2, 3, 4, 5, 6]]],
  ])('among %i, to %j: the others agree, and work goes on', (n, parts) => {
    const mesh = lied(n, 'hash', quorum, parts);
    honestAgree(mesh, 'work');
    mesh.run(3000);
    expect(mesh.evidence.length > 0).toBe(parts.every((part) => part.length > 0));
  });

  test('is convicted offline by Ed25519 signatures, by all who can talk to each other', () => {
    for (const [n, parts] of [
      [4, [[1], [2, 3]]],
      [
        7,
        [
          [1, 2, 3],
          [4, 5, 6],
        ],
      ],
    ] as const) {
      const mesh = lied(n, 'real', quorum, parts);
      honestAgree(mesh, 'work');
      mesh.run(3000);
      const { set } = createHotstuff2Keys(n);
      const key = set.replicas[0]?.key as Uint8Array;
      expect(mesh.evidence.length).toBeGreaterThanOrEqual(n - 1);
      for (const evidence of mesh.evidence) {
        const facts = verifyEvidence(evidence, key, hotstuff2Chain(set).chainId);
        expect(facts).toMatchObject({
          ok: true,
          value: { class: 'conflicting-proposals', accusedIndex: 0, height: 1 },
        });
        expect(verifyEvidence(evidence, key, set.chainId).ok).toBe(false);
      }
    }
  });

  test('known-bad: with quorums of two among four it gets two blocks committed, which the mesh sees', () => {
    const mesh = lied(4, 'hash', () => 2, [[1], [2]]);
    expect(() => mesh.run(1000)).toThrow('commit different payloads at 1');
    const sound = lied(4, 'hash', quorum, [[1], [2]]);
    honestAgree(sound, 'work');
  });
});

test('known-bad: an engine that forgets its votes at a crash signs two proposals, and is accused', () => {
  const protocol = hotstuff2Protocol('hash', { heightsPerLeader: 1000 });
  const forgetful = new Mesh(protocol, 4, 'forgetful');
  const crashed: string[] = [];
  forgetful.onSent = ({ from, bytes }) => {
    if (from === 0 && protocol.kindOf(bytes) === 'propose') crashed.push(toHex(bytes));
  };
  forgetful.run(50);
  forgetful.propose(0, 'one');
  forgetful.crash(0);
  // A disk that lost everything: the mesh starts it with no record.
  const empty = new Mesh(protocol, 4, 'empty disk');
  empty.propose(0, 'another');
  forgetful.run(1000);
  empty.run(1000);
  const proposals = [...forgetful.sent, ...empty.sent].filter(({ bytes }) => protocol.kindOf(bytes) === 'propose');
  const judge = new Mesh(protocol, 4, 'judge');
  judge.run(50);
  for (const { bytes } of proposals) judge.deliver(0, 1, bytes);
  const accused = judge.evidence.map((wire) => {
    const read = readEvidence(wire);
    return read.ok ? accusedOf(read.value).replica : -1;
  });
  expect(accused).toEqual([0]);
});

describe('a crash at every single effect', () => {
  test.each([0, 1])(
    'of replica %i: it comes back with its votes, is accused of nothing, and work goes on',
    (victim) => {
      for (let fuse = 0; fuse < 40; fuse++) {
        const mesh = new Mesh(hotstuff2Protocol('hash', { heightsPerLeader: 2 }), 4, `crash ${victim} ${fuse}`);
        mesh.crashAfter(victim, fuse);
        for (const request of ['a', 'b', 'c', 'd']) {
          mesh.propose(2, request);
          mesh.run(30);
        }
        mesh.run(1500);
        if (!mesh.running(victim)) mesh.boot(victim);
        mesh.propose(3, 'after');
        expect(mesh.run(60_000, () => mesh.has('a', 'd', 'after'))).toBe(true);
        expect(mesh.evidence).toEqual([]);
        expect(saidTwice(mesh)).toEqual([]);
      }
    },
  );

  test('of all replicas at once, in the middle of every phase: what was committed stays', () => {
    for (let atMs = 1; atMs < 60; atMs += 4) {
      const mesh = new Mesh(hotstuff2Protocol('hash'), 4, `outage ${atMs}`);
      mesh.propose(0, 'a');
      mesh.run(atMs);
      const before = mesh.commits.map((commits) => commits.length);
      for (let self = 0; self < 4; self++) mesh.crash(self);
      for (let self = 0; self < 4; self++) mesh.boot(self);
      mesh.propose(1, 'b');
      expect(mesh.run(60_000, () => mesh.has('b'))).toBe(true);
      for (const [self, count] of before.entries()) expect(mesh.commits[self]?.length).toBeGreaterThan(count);
      expect(saidTwice(mesh)).toEqual([]);
    }
  });
});

/** Places at which a replica sent two digests. */
function saidTwice(mesh: Mesh): string[] {
  const said = new Map<string, string>();
  const twice: string[] = [];
  for (const { from, bytes } of mesh.sent) {
    const saying = HOTSTUFF2.saying(HOTSTUFF2.kindOf(bytes), bytes);
    if (saying === undefined || saying === null) continue;
    const place = `${from} ${saying.place}`;
    if (said.has(place) && said.get(place) !== saying.says) twice.push(place);
    said.set(place, saying.says);
  }
  return twice;
}

test.each([4, 7, 31])('5 (n - 1) messages a decision among %i', (n) => {
  const protocol = hotstuff2Protocol('hash');
  const mesh = new Mesh(protocol, n, 'counted');
  const { kinds, messages } = protocol.decision as NonNullable<typeof protocol.decision>;
  for (const request of ['a', 'b', 'c']) {
    const before = mesh.sent.length;
    mesh.propose(1, request);
    expect(mesh.run(10_000, () => mesh.has(request))).toBe(true);
    mesh.run(200);
    const counted = mesh.sent.slice(before).filter(({ bytes }) => kinds.includes(protocol.kindOf(bytes) as string));
    expect(counted.length).toBe(messages(n));
    expect(counted.length).toBe(5 * (n - 1));
  }
  expect(mesh.commits[0]?.length).toBe(3);
  expect(mesh.commits[0]?.[0]?.certificate.length).toBeLessThan(130);
  expect(maxFaulty(n)).toBe(Math.floor((n - 1) / 3));
});
