import { expect, test } from 'vitest';
import { append, entry, follower, Lone } from './lone.ts';

const granted = (from: number, lone: Lone, lastIndex: number, lastTerm: number) =>
  lone
    .hear(from, { kind: 'vote', term: lone.engine.status.term + 1, pre: false, transfer: true, lastIndex, lastTerm })
    .map(({ message }) => message.kind === 'voted' && message.granted);

test('paper §5.1: a server that receives a request with a stale term number rejects it', () => {
  const lone = follower(3, [1, 2], 4);
  expect(lone.hear(2, append(3, 2, 2, [entry(3)]))).toEqual([{ to: 2, message: { kind: 'alive', term: 4, round: 0 } }]);
  expect(lone.refusals()).toEqual(['stale-term']);
  expect(lone.engine.log.lastIndex).toBe(2);
});

test('paper §5.1: a leader that discovers a larger term reverts to follower', () => {
  const lone = new Lone(3);
  lone.lead(1);
  lone.hear(2, { kind: 'appended', term: 9, match: 0 });
  expect(lone.engine.status).toMatchObject({ role: 'follower', term: 9, leader: null });
});

test('paper §5.2: a server votes for at most one candidate in a term, first come first served, also after a restart', () => {
  const lone = new Lone(5);
  expect(granted(1, lone, 0, 0)).toEqual([true]);
  const again = (from: number, voter: Lone) =>
    voter
      .hear(from, { kind: 'vote', term: 1, pre: false, transfer: true, lastIndex: 9, lastTerm: 1 })
      .map(({ message }) => message.kind === 'voted' && message.granted);
  expect(again(2, lone)).toEqual([false]);
  const restarted = new Lone(5, 0, lone.records);
  expect(again(2, restarted)).toEqual([false]);
  expect(again(1, restarted)).toEqual([true]);
});

test('a vote and a term are durable before they are answered', () => {
  const lone = new Lone(3);
  granted(1, lone, 0, 0);
  const kinds = lone.effects.map(({ kind }) => kind);
  expect(kinds.lastIndexOf('persist')).toBeLessThan(kinds.indexOf('send'));
  expect(kinds).toContain('persist');
});

test('entries are durable before they are acknowledged', () => {
  const lone = new Lone(3);
  lone.hear(1, append(1, 0, 0, [entry(1), entry(1)]));
  const kinds = lone.effects.map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind === 'persist').length).toBe(3);
  expect(kinds.lastIndexOf('persist')).toBeLessThan(kinds.indexOf('send'));
});

test('paper §5.2: a candidate wins with votes of a majority, and only of the same term', () => {
  const lone = new Lone(5);
  lone.timeOut();
  lone.hear(1, { kind: 'voted', term: 1, pre: true, granted: true });
  lone.hear(2, { kind: 'voted', term: 1, pre: true, granted: true });
  expect(lone.engine.status).toMatchObject({ role: 'candidate', term: 1 });
  lone.hear(1, { kind: 'voted', term: 1, pre: false, granted: true });
  lone.hear(1, { kind: 'voted', term: 1, pre: false, granted: true });
  expect(lone.engine.status.role).toBe('candidate');
  lone.hear(3, { kind: 'voted', term: 1, pre: false, granted: false });
  lone.hear(4, { kind: 'voted', term: 1, pre: false, granted: true });
  expect(lone.engine.status.role).toBe('leader');
});

test('thesis §9.6: a pre-vote raises no term, and a server that hears a leader refuses it', () => {
  const lone = follower(3, [1], 1);
  const ask = { kind: 'vote', term: 2, pre: true, transfer: false, lastIndex: 9, lastTerm: 1 } as const;
  expect(lone.hear(2, ask)).toEqual([]);
  expect(lone.refusals()).toEqual(['leader-alive']);
  lone.tick(10);
  expect(lone.hear(2, ask)).toEqual([{ to: 2, message: { kind: 'voted', term: 2, pre: true, granted: true } }]);
  expect(lone.engine.status.term).toBe(1);
  const cutOff = new Lone(3);
  cutOff.tick(400);
  expect(cutOff.engine.status).toMatchObject({ role: 'pre-candidate', term: 0 });
});

test.each([
  [[1, 1], 2, 1, true],
  [[1, 1], 1, 1, false],
  [[1, 1], 1, 2, true],
  [[1, 2], 3, 1, false],
])('paper §5.4.1: a voter with terms %j asked from (%i, %i) grants: %s', (terms, lastIndex, lastTerm, grants) => {
  expect(granted(2, follower(3, terms, 2), lastIndex, lastTerm)).toEqual([grants]);
});

test('thesis §6.2: a leader that a quorum does not answer within an election timeout steps down', () => {
  const lone = new Lone(5);
  lone.lead(1, 2);
  lone.tick(9);
  lone.hear(1, { kind: 'alive', term: 1, round: 0 });
  lone.hear(3, { kind: 'alive', term: 1, round: 0 });
  lone.tick(10);
  expect(lone.engine.status.role).toBe('leader');
  lone.hear(1, { kind: 'alive', term: 1, round: 0 });
  lone.tick(10);
  expect(lone.engine.status.role).toBe('follower');
});

/** Figure 7: what the followers of a new leader of term 8 may look like. Its log is 1 1 1 4 4 5 5 6 6 6. */
const LEADER_LOG = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6];

test.each([
  ['a', [1, 1, 1, 4, 4, 5, 5, 6, 6]],
  ['b', [1, 1, 1, 4]],
  ['c', [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6]],
  ['d', [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7]],
  ['e', [1, 1, 1, 4, 4, 4, 4]],
  ['f', [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3]],
])('paper figure 7 %s: a follower takes on the log of the leader, in few rounds', (_, terms) => {
  const leader = new Lone(3, 1);
  leader.hear(
    2,
    append(
      7,
      0,
      0,
      LEADER_LOG.map((term, i) => entry(term, `l${i}`)),
    ),
  );
  const slow = new Lone(3);
  slow.hear(
    2,
    append(
      7,
      0,
      0,
      terms.map((term, i) => entry(term, LEADER_LOG[i] === term ? `l${i}` : `x${i}`)),
    ),
  );
  leader.lead(2);
  let toFollower = leader.sent().filter(({ to }) => to === 0);
  let rounds = 0;
  while (slow.engine.log.lastIndex !== 11 || slow.engine.log.termAt(11) !== 8) {
    expect(rounds++).toBeLessThan(4);
    const answers = toFollower.flatMap(({ message }) => slow.hear(1, message));
    toFollower = answers.flatMap(({ message }) => leader.hear(0, message)).filter(({ to }) => to === 0);
  }
  for (let i = 1; i <= 11; i++) expect(slow.engine.log.at(i)).toEqual(leader.engine.log.at(i));
});

test('paper §5.4.2, figure 8: an entry of an earlier term is not committed by counting, but with one of the own term', () => {
  const lone = new Lone(5);
  lone.hear(1, append(2, 0, 0, [entry(1), entry(2)]));
  lone.tick(25);
  lone.lead(2, 3);
  expect(lone.engine.log.lastIndex).toBe(3);
  lone.hear(2, { kind: 'appended', term: 3, match: 2 });
  lone.hear(3, { kind: 'appended', term: 3, match: 2 });
  expect(lone.engine.status.commit).toBe(0);
  lone.hear(2, { kind: 'appended', term: 3, match: 3 });
  expect(lone.commits()).toEqual([]);
  lone.hear(3, { kind: 'appended', term: 3, match: 3 });
  expect(lone.commits()).toEqual([1, 2, 3]);
});

test('paper §5.3: a follower commits only as far as its log is known to be the leader’s', () => {
  const lone = new Lone(3);
  lone.hear(1, append(1, 0, 0, [entry(1), entry(1)], 9));
  expect(lone.commits()).toEqual([1, 2]);
  const other = follower(3, [1, 1, 1], 1);
  other.hear(2, append(2, 1, 1, [], 3));
  expect(other.engine.status.commit).toBe(1);
});

test('a repeated or late append changes nothing that is there: paper §5.5', () => {
  const lone = new Lone(3);
  const whole = append(1, 0, 0, [entry(1, 'a'), entry(1, 'b'), entry(1, 'c')]);
  lone.hear(1, whole);
  expect(lone.hear(1, append(1, 0, 0, [entry(1, 'a')]))).toEqual([
    { to: 1, message: { kind: 'appended', term: 1, match: 1 } },
  ]);
  expect(lone.engine.log.lastIndex).toBe(3);
});

test('the good case costs 2(n − 1) messages for an entry and n − 1 that say it is committed', () => {
  for (const n of [3, 5, 7]) {
    const lone = new Lone(n);
    lone.lead(...Array.from({ length: Math.floor(n / 2) }, (_, i) => i + 1));
    for (let i = 1; i < n; i++) lone.hear(i, { kind: 'appended', term: 1, match: 1 });
    lone.step({ kind: 'propose', nowMs: 1, request: Uint8Array.of(1) });
    const out = lone.sent().filter(({ message }) => message.kind === 'append').length;
    let told = 0;
    for (let i = 1; i < n; i++) told += lone.hear(i, { kind: 'appended', term: 1, match: 2 }).length;
    expect([out, told]).toEqual([n - 1, n - 1]);
  }
});
