import { type Random, seededRandom } from '@murmuration/core';
import { expect, test } from 'vitest';
import { decodeRaftMessage } from '../../src/raft/messages.ts';
import { Cluster } from './cluster.ts';

const KINDS = 14;

/** Real messages of a lively cluster, some of every kind. */
function corpus(): { bytes: Uint8Array; from: number; to: number }[] {
  const cluster = new Cluster(4, 'corpus', { voters: [0, 1, 2], options: { maxMessageBytes: 64 } });
  const seen: { bytes: Uint8Array; from: number; to: number }[] = [];
  const perKind = new Map<string, number>();
  cluster.onPost = (from, to, bytes) => {
    const decoded = decodeRaftMessage(bytes);
    if (!decoded.ok) throw new Error('an engine sends what it cannot read');
    const count = perKind.get(decoded.value.kind) ?? 0;
    perKind.set(decoded.value.kind, count + 1);
    if (count < 12) seen.push({ bytes: bytes.slice(), from, to });
  };
  const leader = cluster.elect();
  cluster.crash((leader + 1) % 3);
  for (let i = 0; i < 20; i++) cluster.propose((leader + 2) % 3, `request ${i}`);
  cluster.run(300);
  cluster.compact(leader);
  cluster.boot((leader + 1) % 3);
  cluster.run(500);
  cluster.step((leader + 1) % 3, { kind: 'read', nowMs: cluster.nowMs, id: 1 });
  cluster.step(leader, { kind: 'reconfigure', nowMs: cluster.nowMs, voters: [0, 1, 2, 3], learners: [] });
  cluster.run(500);
  cluster.step(leader, { kind: 'transfer', nowMs: cluster.nowMs, to: (leader + 1) % 3 });
  cluster.run(500);
  // A follower whose log conflicts is told so.
  cluster.cut = (from, to) => from === leader || to === leader;
  cluster.propose(leader, 'lost');
  cluster.run(2000);
  cluster.propose(cluster.leader() as number, 'kept');
  cluster.run(300);
  cluster.cut = () => false;
  cluster.run(2000);
  expect(perKind.size).toBe(KINDS);
  return seen;
}

function damage(random: Random, bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  const times = 1 + random.below(3);
  for (let i = 0; i < times; i++) {
    const at = random.below(copy.length);
    copy[at] = random.below(4) === 0 ? random.below(256) : (copy[at] as number) ^ (1 << random.below(8));
  }
  return random.below(8) === 0 ? copy.subarray(0, random.below(copy.length)) : copy;
}

test('damaged messages of every kind never throw, and never grow what a member keeps', () => {
  const messages = corpus();
  const random = seededRandom('raft fuzz');
  const cluster = new Cluster(4, 'fuzzed', { voters: [0, 1, 2] });
  const leader = cluster.elect();
  for (let i = 0; i < 10; i++) cluster.propose(leader, `before ${i}`);
  cluster.run(200);
  for (let i = 0; i < 6000; i++) {
    const { bytes, from } = messages[random.below(messages.length)] as (typeof messages)[number];
    const to = random.below(4);
    cluster.at(to).engine?.step({ kind: 'message', nowMs: 0, from, bytes: damage(random, bytes) });
    cluster.at(to).engine?.step({ kind: 'timer', nowMs: 0, id: 'tick' });
  }
  for (const { engine } of cluster.members) {
    if (engine === null) throw new Error('a member is gone');
    expect(engine.log.lastIndex - engine.log.baseIndex).toBeLessThan(4000);
    expect(engine.status.pending).toBeLessThan(200);
  }
});
