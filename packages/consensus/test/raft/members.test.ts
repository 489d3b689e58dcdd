import fc from 'fast-check';
import { expect, test } from 'vitest';
import { agreed, enterJoint, leaveJoint, type Members, majorityIndex } from '../../src/raft/members.ts';
import { Cluster } from './cluster.ts';
import { Lone } from './lone.ts';

const joint: Members = { voters: [2, 3, 4], outgoing: [0, 1, 2], learners: [], learnersNext: [] };

test('thesis §4.3: in a joint configuration nothing is agreed without a majority of both halves', () => {
  expect(agreed(joint, (one) => [2, 3, 4].includes(one))).toBe(false);
  expect(agreed(joint, (one) => [0, 1, 2].includes(one))).toBe(false);
  expect(agreed(joint, (one) => [0, 2, 3].includes(one))).toBe(true);
  expect(majorityIndex(joint, (one) => [9, 9, 1, 9, 9][one] as number)).toBe(9);
  expect(majorityIndex(joint, (one) => [1, 1, 9, 9, 9][one] as number)).toBe(1);
});

test('the index of a majority is the highest that one holds: by definition, for random matches', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20), { minLength: 1, maxLength: 9 }), (matches) => {
      const members = { voters: matches.map((_, i) => i), outgoing: [], learners: [], learnersNext: [] };
      const index = majorityIndex(members, (one) => matches[one] as number);
      const holds = (at: number) => matches.filter((match) => match >= at).length * 2 > matches.length;
      return holds(index) && !holds(index + 1);
    }),
  );
});

test('a voter that becomes a learner stays a voter of the old half until the joint state is left', () => {
  const now = { voters: [0, 1, 2], outgoing: [], learners: [], learnersNext: [] };
  const between = enterJoint(now, [0, 1], [2, 3]);
  expect(between).toEqual({ voters: [0, 1], outgoing: [0, 1, 2], learners: [3], learnersNext: [2] });
  expect(leaveJoint(between)).toEqual({ voters: [0, 1], outgoing: [], learners: [2, 3], learnersNext: [] });
});

test('the leader commits the joint configuration with both majorities, then leaves it, then goes if it is left out', () => {
  const lone = new Lone(5);
  lone.lead(1, 2);
  for (const i of [1, 2]) lone.hear(i, { kind: 'appended', term: 1, match: 1 });
  lone.step({ kind: 'reconfigure', nowMs: 1, voters: [2, 3, 4], learners: [] });
  expect(lone.engine.status.members.outgoing).toEqual([0, 1, 2, 3, 4]);
  // A majority of the old half alone: 0, 1 and 2.
  for (const i of [1, 2]) lone.hear(i, { kind: 'appended', term: 1, match: 2 });
  expect(lone.engine.status.commit).toBe(1);
  lone.hear(3, { kind: 'appended', term: 1, match: 2 });
  expect(lone.engine.status.commit).toBe(2);
  expect(lone.engine.status.members).toMatchObject({ voters: [2, 3, 4], outgoing: [] });
  // The leader is no voter any more: its own copy does not count.
  lone.hear(2, { kind: 'appended', term: 1, match: 3 });
  expect(lone.engine.status).toMatchObject({ commit: 2, role: 'leader' });
  lone.hear(4, { kind: 'appended', term: 1, match: 3 });
  expect(lone.engine.status).toMatchObject({ commit: 3, role: 'follower' });
  lone.tick(100);
  expect(lone.engine.status.role).toBe('follower');
});

test.each([
  [[], [], 'no-voters'],
  [[0, 9], [], 'unknown-replica'],
  [[0, 1], [1], 'replica-twice'],
])('members %j and learners %j are refused: %s', (voters, learners, reason) => {
  const lone = new Lone(3);
  lone.lead(1);
  lone.step({ kind: 'reconfigure', nowMs: 1, voters: [0, 1], learners: [] });
  expect(lone.refusals()).toEqual(['nothing-committed-in-term']);
  lone.hear(1, { kind: 'appended', term: 1, match: 1 });
  lone.step({ kind: 'reconfigure', nowMs: 1, voters, learners });
  expect(lone.refusals()).toEqual([reason]);
});

test('one change at a time, and only through the leader', () => {
  const lone = new Lone(3);
  lone.step({ kind: 'reconfigure', nowMs: 1, voters: [0], learners: [] });
  expect(lone.refusals()).toEqual(['not-leader']);
  lone.lead(1);
  lone.hear(1, { kind: 'appended', term: 1, match: 1 });
  lone.step({ kind: 'reconfigure', nowMs: 1, voters: [0, 1], learners: [2] });
  lone.step({ kind: 'reconfigure', nowMs: 1, voters: [0, 1, 2], learners: [] });
  expect(lone.refusals()).toEqual(['change-in-flight']);
});

test('a cluster of three moves to three others, one by a snapshot, and goes on without the old ones', () => {
  const cluster = new Cluster(6, 'move', { voters: [0, 1, 2] });
  const first = cluster.elect();
  for (let i = 0; i < 30; i++) cluster.propose(first, `before ${i}`);
  cluster.run(200);
  cluster.compact(first);
  cluster.step(first, { kind: 'reconfigure', nowMs: cluster.nowMs, voters: [3, 4, 5], learners: [] });
  const moved = () =>
    [3, 4, 5].every((i) => {
      const { voters = [], outgoing = [] } = cluster.at(i).engine?.status.members ?? {};
      return voters.join() === '3,4,5' && outgoing.length === 0;
    });
  expect(cluster.run(5000, moved)).toBe(true);
  for (const old of [0, 1, 2]) cluster.crash(old);
  cluster.run(3000);
  const leader = cluster.elect();
  expect(leader).toBeGreaterThan(2);
  cluster.propose(leader, 'after');
  const done = () => [3, 4, 5].every((i) => cluster.at(i).requests.size === 31);
  expect(cluster.run(3000, done)).toBe(true);
});
