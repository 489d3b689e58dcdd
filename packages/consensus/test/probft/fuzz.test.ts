import { type Random, seededRandom } from '@murmuration/core';
import { expect, test } from 'vitest';
import { accusedOf, readEvidence } from '../../src/evidence/evidence.ts';
import { PROBFT_KINDS } from '../../src/probft/messages.ts';
import { Cluster, equivocate, type Post } from './cluster.ts';

const LOOSE = { quorumFactor: 1.2, sampleFactor: 1.7 };

/** Real messages of a life with a silent leader, a leader of two faces and a replica that was away. */
function corpus(): Post[] {
  const cluster = new Cluster(7, 'corpus', LOOSE);
  equivocate(cluster);
  cluster.propose(1, 'a');
  cluster.run(20_000, () => cluster.all('a'));
  cluster.crash(6);
  for (const request of ['b', 'c', 'd']) {
    cluster.propose(0, request);
    cluster.run(20_000, () => cluster.all(request));
  }
  cluster.asks = true;
  cluster.boot(6);
  cluster.propose(3, 'e');
  cluster.run(20_000, () => cluster.all('e'));
  const kinds = new Map<string, Post[]>();
  for (const post of cluster.posted) {
    const held = kinds.get(post.message.kind) ?? [];
    if (held.length < 12) kinds.set(post.message.kind, [...held, post]);
  }
  expect([...kinds.keys()].sort()).toEqual([...PROBFT_KINDS].sort());
  return [...kinds.values()].flat();
}

function damage(random: Random, bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  const times = 1 + random.below(3);
  for (let i = 0; i < times; i++) {
    const at = random.below(Math.min(copy.length, 400));
    copy[at] = random.below(4) === 0 ? random.below(256) : (copy[at] as number) ^ (1 << random.below(8));
  }
  return random.below(8) === 0 ? copy.subarray(0, random.below(copy.length)) : copy;
}

test('damaged messages of every kind never throw, accuse no honest replica, and leave the replicas able to agree', () => {
  const messages = corpus();
  const random = seededRandom('probft fuzz');
  const cluster = new Cluster(7, 'fuzzed', LOOSE);
  for (let i = 0; i < 3000; i++) {
    const { bytes, from } = messages[random.below(messages.length)] as Post;
    const to = random.below(7);
    if (to !== from) cluster.deliver(from, to, damage(random, bytes));
  }
  // The leader of two faces is in the corpus; nobody else has signed two things.
  const accused = cluster.evidence.map((wire) => {
    const read = readEvidence(wire);
    return read.ok ? accusedOf(read.value).replica : read.reason;
  });
  expect([...new Set(accused)].filter((one) => one !== 1)).toEqual([]);
  cluster.propose(2, 'after all');
  expect(cluster.run(60_000, () => cluster.all('after all'))).toBe(true);
  expect([...cluster.refusals.keys()].length).toBeGreaterThan(5);
});
