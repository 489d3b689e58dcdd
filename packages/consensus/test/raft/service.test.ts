import { seededRandom } from '@murmuration/core';
import { expect, test } from 'vitest';
import { createRaft } from '../../src/raft/engine.ts';
import { encodeRaftMessage, type RaftMessage } from '../../src/raft/messages.ts';
import { Cluster } from './cluster.ts';
import { append, entry, follower, Lone } from './lone.ts';

const text = (value: string) => new TextEncoder().encode(value);

test('thesis §6.4: a read waits for an entry of the term to commit and for a quorum that confirms the leader', () => {
  const lone = new Lone(3);
  lone.lead(1);
  lone.step({ kind: 'read', nowMs: 1, id: 5 });
  expect(lone.effects).toEqual([]);
  lone.hear(1, { kind: 'appended', term: 1, match: 1 });
  expect(lone.effects.some(({ kind }) => kind === 'readable')).toBe(false);
  lone.hear(1, { kind: 'alive', term: 1, round: 0 });
  expect(lone.effects.some(({ kind }) => kind === 'readable')).toBe(false);
  lone.hear(1, { kind: 'alive', term: 1, round: 1 });
  expect(lone.effects).toContainEqual({ kind: 'readable', id: 5, height: 1 });
});

test('a leader that was cut off answers no read, and says so when it steps down', () => {
  const cluster = new Cluster(3, 'reads');
  const old = cluster.elect();
  cluster.cut = (from, to) => from === old || to === old;
  cluster.step(old, { kind: 'read', nowMs: cluster.nowMs, id: 1 });
  cluster.run(2000);
  expect(cluster.leader()).not.toBe(old);
  expect(cluster.answers.get(1)).toEqual({ refused: 'leader-changed' });
});

test('a follower’s read goes by the leader and sees what was committed', () => {
  const cluster = new Cluster(3, 'follower reads');
  const leader = cluster.elect();
  cluster.propose(leader, 'x');
  cluster.run(100);
  cluster.step((leader + 1) % 3, { kind: 'read', nowMs: cluster.nowMs, id: 2 });
  cluster.run(100);
  expect(cluster.answers.get(2)).toEqual({ height: cluster.properties.highest });
});

test('a follower’s read whose question is lost is given back within an election timeout', () => {
  const lone = follower(3, [1], 1);
  lone.step({ kind: 'read', nowMs: 1, id: 4 });
  expect(lone.sent()).toEqual([{ to: 1, message: { kind: 'read', id: 4 } }]);
  const refusals: unknown[] = [];
  for (let i = 0; i < 10; i++) {
    lone.hear(1, { kind: 'heartbeat', term: 1, commit: 0, round: 0 });
    lone.tick();
    refusals.push(...lone.effects.filter(({ kind }) => kind === 'readRefused'));
  }
  expect(refusals).toEqual([{ kind: 'readRefused', id: 4, reason: 'no-answer' }]);
});

test('leadership goes to the member asked for, within an election timeout', () => {
  const cluster = new Cluster(5, 'transfer');
  const old = cluster.elect();
  const to = (old + 2) % 5;
  cluster.propose(old, 'x');
  cluster.step(old, { kind: 'transfer', nowMs: cluster.nowMs, to });
  expect(cluster.run(100, () => cluster.leader() === to)).toBe(true);
});

test('a transfer to a member that is gone is given up, and requests go on', () => {
  const cluster = new Cluster(3, 'transfer to the dead');
  const leader = cluster.elect();
  const dead = (leader + 1) % 3;
  cluster.crash(dead);
  cluster.step(leader, { kind: 'transfer', nowMs: cluster.nowMs, to: dead });
  cluster.propose(leader, 'x');
  expect(cluster.run(1000, () => cluster.at(leader).requests.size === 1)).toBe(true);
  expect(cluster.leader()).toBe(leader);
});

test('a follower far behind gets the snapshot in parts, also where parts are lost, and then the log', () => {
  const cluster = new Cluster(3, 'snapshot', { options: { maxMessageBytes: 64 } });
  const leader = cluster.elect();
  const behind = (leader + 1) % 3;
  cluster.crash(behind);
  for (let i = 0; i < 40; i++) cluster.propose(leader, `request number ${i}`);
  cluster.run(500);
  cluster.compact(leader);
  cluster.propose(leader, 'one more');
  cluster.faults = { ...cluster.faults, loss: 0.2, duplication: 0.2, maxDelayMs: 20 };
  cluster.boot(behind);
  expect(cluster.run(20_000, () => cluster.at(behind).requests.size === 41)).toBe(true);
  expect(cluster.at(behind).engine?.log.baseIndex).toBeGreaterThan(0);
});

test('a follower that lost everything in flight, and more has come since, is found out by its sign of life', () => {
  const lone = new Lone(3);
  lone.lead(1);
  for (const from of [1, 2]) lone.hear(from, { kind: 'appended', term: 1, match: 1 });
  for (let i = 2; i <= 20; i++) {
    lone.step({ kind: 'propose', nowMs: 1, request: text(`request ${i}`) });
    lone.hear(1, { kind: 'appended', term: 1, match: i });
  }
  // Follower 2 got none of them; as many as may be in flight are, and the log goes on beyond them.
  const [probe] = lone.hear(2, { kind: 'alive', term: 1, round: 0 });
  if (probe?.message.kind !== 'append') throw new Error('nothing was sent');
  const { prevIndex } = probe.message;
  expect(prevIndex).toBeGreaterThan(1);
  expect(prevIndex).toBeLessThan(20);
  const [again] = lone.hear(2, { kind: 'rejected', term: 1, prevIndex, hintIndex: 1, hintTerm: 1 });
  expect(again?.message).toMatchObject({ kind: 'append', prevIndex: 1, prevTerm: 1 });
});

test('a member that stops and starts stands by its log, and hands its host what it had not applied', () => {
  const lone = follower(3, [1, 1, 2], 2);
  lone.hear(1, { kind: 'heartbeat', term: 2, commit: 2, round: 0 });
  const again = new Lone(3, 0, lone.records, 1);
  expect(again.commits()).toEqual([2]);
  expect(again.engine.status).toMatchObject({ term: 2, commit: 2 });
  expect(again.engine.log.lastIndex).toBe(3);
});

test('a log that is shorter than what the host has applied is CONSENSUS_JOURNAL_DAMAGED, and so is a torn record', () => {
  const lone = follower(3, [1], 1);
  const damaged = expect.objectContaining({ code: 'CONSENSUS_JOURNAL_DAMAGED' });
  expect(() => new Lone(3, 0, lone.records, 5)).toThrow(damaged);
  const torn = new Map(lone.records).set('hard', Uint8Array.of(0xc1));
  expect(() => new Lone(3, 0, torn)).toThrow(damaged);
});

test('what no correct member sends is a counted reason, never an exception, and changes nothing', () => {
  const lone = follower(3, [1, 1], 2);
  lone.hear(1, { kind: 'heartbeat', term: 2, commit: 2, round: 0 });
  const members = { voters: [7], outgoing: [], learners: [], learnersNext: [] };
  const nobody = { ...members, voters: [] };
  const part = { kind: 'snapshot', term: 2, index: 9, lastTerm: 2, members: { ...members, voters: [0] } } as const;
  const cases = [
    [1, append(2, 0, 0, [entry(2)]), 'conflicts-with-commit'],
    [1, append(2, 2, 1, [entry(3)]), 'malformed-entries'],
    [1, append(2, 2, 1, [entry(2), entry(1)]), 'malformed-entries'],
    [1, append(2, 2, 1, [{ ...entry(2), members }]), 'malformed-members'],
    [2, append(2, 2, 1, []), 'second-leader'],
    [1, { ...part, members: nobody, size: 1, offset: 0, data: Uint8Array.of(1) }, 'malformed-members'],
    [1, { ...part, size: 2 ** 40, offset: 0, data: Uint8Array.of(1) }, 'snapshot-too-large'],
    [1, { ...part, size: 2, offset: 1, data: Uint8Array.of(1, 2) }, 'malformed-snapshot'],
    [2, { kind: 'appended', term: 2, match: 1 }, 'not-leader'],
    [2, { kind: 'voted', term: 2, pre: false, granted: true }, 'stale-vote'],
    [2, { kind: 'readable', term: 2, id: 1, height: 9 }, 'read-not-asked'],
    [2, { kind: 'requests', requests: [text('x')] }, 'not-leader'],
  ] as const;
  const before = lone.engine.status;
  for (const [from, message, reason] of cases) {
    lone.hear(from, message as RaftMessage);
    expect(lone.refusals()).toEqual([reason]);
  }
  expect(lone.engine.status).toEqual(before);
  for (const bytes of [new Uint8Array(0), Uint8Array.of(0xc1), new Uint8Array(300).fill(0x91)]) {
    lone.step({ kind: 'message', nowMs: 0, from: 1, bytes });
    expect(lone.refusals().length).toBe(1);
  }
  lone.step({ kind: 'message', nowMs: 0, from: 3, bytes: encodeRaftMessage({ kind: 'read', id: 1 }) });
  expect(lone.refusals()).toEqual(['unknown-sender']);
});

test('a leader refuses impossible answers', () => {
  const lone = new Lone(3);
  lone.lead(1);
  lone.hear(1, { kind: 'appended', term: 1, match: 99 });
  expect(lone.refusals()).toEqual(['impossible-match']);
  lone.hear(1, { kind: 'alive', term: 1, round: 99 });
  expect(lone.refusals()).toEqual(['impossible-round']);
  expect(lone.engine.status.commit).toBe(0);
});

test('requests are bounded and ordered once', () => {
  const lone = new Lone(1);
  lone.timeOut();
  lone.tick(25);
  expect(lone.engine.status.role).toBe('leader');
  const propose = (request: Uint8Array) => {
    lone.step({ kind: 'propose', nowMs: 3, request });
    return [lone.commits().length, lone.refusals()];
  };
  expect(propose(text('a'))).toEqual([1, []]);
  expect(propose(text('a'))).toEqual([0, ['already-committed']]);
  expect(propose(new Uint8Array(0))).toEqual([0, ['request-too-large']]);
  expect(propose(new Uint8Array(300_000))).toEqual([0, ['request-too-large']]);
  const follower = new Lone(3);
  follower.step({ kind: 'propose', nowMs: 3, request: text('b') });
  follower.step({ kind: 'propose', nowMs: 3, request: text('b') });
  expect(follower.refusals()).toEqual(['already-pending']);
});

test('commits say that they rest on the members not lying', () => {
  const lone = new Lone(3);
  lone.lead(1);
  lone.hear(1, { kind: 'appended', term: 1, match: 1 });
  const commits = lone.effects.filter((effect) => effect.kind === 'commit');
  expect(commits.map(({ commit }) => commit.finality)).toEqual(['crash']);
});

test.each([
  [{ tickMs: 0 }, 'OPTION_OUT_OF_RANGE'],
  [{ electionTick: 5 }, 'OPTION_UNKNOWN'],
])('options %j are %s', (options, code) => {
  const make = () => createRaft({ size: 3, self: 0, random: seededRandom(1) }, options as object);
  expect(make).toThrow(expect.objectContaining({ code }));
});

test('birth without voters, or with unknown ones, is CONSENSUS_RAFT_MEMBERS', () => {
  for (const voters of [[], [4], [1, 1]]) {
    const make = () => createRaft({ size: 3, self: 0, random: seededRandom(1), voters });
    expect(make).toThrow(expect.objectContaining({ code: 'CONSENSUS_RAFT_MEMBERS' }));
  }
});
