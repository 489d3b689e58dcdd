import { sha3_256 } from '@murmuration/crypto';
import { describe, expect, test } from 'vitest';
import { encodeBatch, verifyCommit, verifyQbftCommit } from '../../src/index.ts';
import { batchOf, isFor, Lone, sentOf } from './lone.ts';

// Of four replicas: f = 1, Q = 3. The proposer of (height, round) is (height + round - 1) mod 4.
const A = batchOf(65);
const B = batchOf(66);
const digestA = sha3_256(A);

describe('the normal case (Algorithm 2)', () => {
  test('the proposer of the first round broadcasts its proposal, and a prepare like everybody else', () => {
    const lone = new Lone(4, 1);
    const { sent } = lone.request(65);
    expect(sent.map(({ to, message }) => [to, message.kind])).toEqual([
      ['all', 'proposal'],
      ['all', 'prepare'],
    ]);
  });

  test('a justified proposal of the proposer of the current round is answered by a prepare to all, and starts the timer', () => {
    const lone = new Lone(4, 0);
    const outcome = lone.deliver(1, lone.proposal(1, 1, A));
    expect(sentOf(outcome, 'prepare').map((prepare) => isFor(A, prepare))).toEqual([true]);
    expect(outcome.timers).toContainEqual({ kind: 'setTimer', id: 'qbft-round', delayMs: 250 });
  });

  test('a proposal of anybody else is nothing', () => {
    const lone = new Lone(4, 0);
    const outcome = lone.deliver(2, lone.proposal(1, 1, A));
    expect([outcome.refused, outcome.sent]).toEqual([['not-proposer'], []]);
    const forged = { ...lone.proposal(1, 1, A), signature: lone.sign(2, 'pre-prepare', 1, 1, digestA) };
    expect(lone.deliver(1, forged).refused).toEqual(['bad-signature']);
  });

  test('Q prepares of one value in the current round are answered by a commit; fewer are not', () => {
    const lone = new Lone(4, 0);
    lone.deliver(1, lone.proposal(1, 1, A));
    expect(sentOf(lone.deliver(1, lone.vote('prepare', 1, 1, 1, digestA)), 'commit')).toEqual([]);
    expect(sentOf(lone.deliver(1, lone.vote('prepare', 1, 1, 1, digestA)), 'commit')).toEqual([]);
    expect(sentOf(lone.deliver(2, lone.vote('prepare', 2, 1, 1, digestA)), 'commit')).toHaveLength(1);
    expect(sentOf(lone.deliver(3, lone.vote('prepare', 3, 1, 1, digestA)), 'commit')).toEqual([]);
  });

  test('prepares of another round, another value, or without a valid signature do not count', () => {
    const lone = new Lone(4, 0);
    lone.deliver(1, lone.proposal(1, 1, A));
    const bad = { ...lone.vote('prepare', 3, 1, 1, digestA), signature: lone.sign(1, 'prepare', 1, 1, digestA) };
    const votes = [
      { from: 1, vote: lone.vote('prepare', 1, 1, 2, digestA) },
      { from: 2, vote: lone.vote('prepare', 2, 1, 1, sha3_256(B)) },
      { from: 3, vote: bad },
      { from: 1, vote: lone.vote('prepare', 1, 1, 1, digestA) },
    ];
    for (const { from, vote } of votes) expect(sentOf(lone.deliver(from, vote), 'commit')).toEqual([]);
  });

  test('Q commits decide and stop the timer; the certificate verifies offline, under QBFT’s own domain alone', () => {
    const lone = new Lone(4, 0);
    lone.deliver(1, lone.proposal(1, 1, A));
    for (const by of [1, 2]) lone.deliver(by, lone.vote('prepare', by, 1, 1, digestA));
    expect(lone.deliver(1, lone.vote('commit', 1, 1, 1, digestA)).commits).toEqual([]);
    const { commits, cancelled } = lone.deliver(2, lone.vote('commit', 2, 1, 1, digestA));
    expect(cancelled).toEqual(['qbft-round']);
    const [commit] = commits;
    if (commit === undefined) throw new Error('nothing was decided');
    expect(commit).toMatchObject({ height: 1, payload: A, finality: 'deterministic' });
    expect(verifyQbftCommit(lone.keys.set, commit)).toMatchObject({ ok: true });
    expect(verifyCommit(lone.keys.set, commit)).toMatchObject({ reason: 'bad-signature' });
    expect(verifyQbftCommit(lone.keys.set, { ...commit, height: 2 })).toMatchObject({ reason: 'bad-signature' });
    expect(verifyQbftCommit({ ...lone.keys.set, epoch: 1 }, commit)).toMatchObject({ reason: 'wrong-epoch' });
  });

  test('Q commits decide also for one who has not prepared, in whichever round they are', () => {
    const lone = new Lone(4, 0);
    lone.deliver(1, lone.proposal(1, 1, A));
    lone.timeOut();
    expect(lone.engine.status.view).toBe(2);
    const commits = lone.others.flatMap((by) => [...lone.deliver(by, lone.vote('commit', by, 1, 1, digestA)).commits]);
    expect(commits).toHaveLength(1);
  });

  test('the next height has the next proposer', () => {
    const lone = new Lone(4, 2);
    lone.deliver(1, lone.decided(1, A, [0, 1, 3]));
    expect(sentOf(lone.request(66), 'proposal')).toMatchObject([{ height: 2, round: 1 }]);
  });
});

describe('round changes (Algorithm 3)', () => {
  test('when its timer expires, a replica turns to the next round and says so, with nothing prepared', () => {
    const lone = new Lone(4, 0);
    lone.request(65);
    const outcome = lone.timeOut();
    const [change] = sentOf(outcome, 'round-change');
    expect(change).toMatchObject({ height: 1, round: 2, preparedRound: 0, prepares: [] });
    expect(change?.payload).toHaveLength(0);
  });

  test('or with what it has prepared, its round, its value and the Q prepares', () => {
    const lone = new Lone(4, 0);
    lone.deliver(1, lone.proposal(1, 1, A));
    for (const by of [1, 2]) lone.deliver(by, lone.vote('prepare', by, 1, 1, digestA));
    const [change] = sentOf(lone.timeOut(), 'round-change');
    expect(change).toMatchObject({ round: 2, preparedRound: 1, preparedDigest: digestA, payload: A });
    expect(change?.prepares.map(({ replica }) => replica)).toEqual([0, 1, 2]);
  });

  test('the timeout doubles with each round, up to 64 times', () => {
    const lone = new Lone(4, 0);
    lone.request(65);
    const delays: number[] = [];
    for (let round = 2; round <= 9; round++) {
      lone.timeOut();
      for (const by of [1, 2]) {
        const { timers } = lone.deliver(by, lone.roundChange(by, 1, round));
        delays.push(...timers.filter(({ id }) => id === 'qbft-round').map(({ delayMs }) => delayMs * 4));
      }
    }
    expect(delays).toEqual([2000, 4000, 8000, 16_000, 32_000, 64_000, 64_000, 64_000]);
  });

  test('the timer of a later round runs from when a quorum is there: nobody runs ahead alone', () => {
    const lone = new Lone(4, 0);
    lone.request(65);
    expect(lone.timeOut().timers).toEqual([]);
    lone.timeOut();
    expect(lone.engine.status.view).toBe(2);
    lone.deliver(1, lone.roundChange(1, 1, 2));
    lone.timeOut();
    expect(lone.engine.status.view).toBe(2);
    lone.deliver(2, lone.roundChange(2, 1, 2));
    lone.timeOut();
    expect(lone.engine.status.view).toBe(3);
  });

  test('f + 1 round-changes above the own round: it joins the lowest of them; f do not move it', () => {
    const lone = new Lone(4, 0);
    expect(lone.deliver(1, lone.roundChange(1, 1, 7)).sent).toEqual([]);
    expect(lone.engine.status.view).toBe(1);
    const outcome = lone.deliver(2, lone.roundChange(2, 1, 5));
    expect(sentOf(outcome, 'round-change')).toMatchObject([{ round: 5 }]);
    expect(lone.engine.status.view).toBe(5);
  });

  test('one who hurries ahead moves nobody, however far it goes and however often it says so', () => {
    const lone = new Lone(7, 0);
    for (let round = 2; round < 40; round++) lone.deliver(1, lone.roundChange(1, 1, round));
    lone.deliver(2, lone.roundChange(2, 1, 1000));
    expect(lone.engine.status.view).toBe(1);
    lone.deliver(3, lone.roundChange(3, 1, 2));
    expect(lone.engine.status.view).toBe(2);
  });

  test('Q round-changes let the proposer of their round propose its own value where nobody has prepared', () => {
    const lone = new Lone(4, 2);
    lone.request(66);
    lone.timeOut();
    expect(sentOf(lone.deliver(0, lone.roundChange(0, 1, 2)), 'proposal')).toEqual([]);
    const [proposal] = sentOf(lone.deliver(1, lone.roundChange(1, 1, 2)), 'proposal');
    expect(proposal).toMatchObject({ round: 2, payload: B, prepares: [] });
    expect(proposal?.roundChanges.map(({ replica }) => replica)).toEqual([0, 1, 2]);
  });

  test('and binds it to the value prepared in the highest round where somebody has', () => {
    const lone = new Lone(4, 3);
    lone.request(67);
    const [lower, higher] = [
      { round: 1, payload: A, prepares: lone.signatures('prepare', [0, 1, 2], 1, 1, digestA) },
      { round: 2, payload: B, prepares: lone.signatures('prepare', [0, 1, 2], 1, 2, sha3_256(B)) },
    ];
    lone.deliver(0, lone.roundChange(0, 1, 3, lower));
    const [proposal] = sentOf(lone.deliver(1, lone.roundChange(1, 1, 3, higher)), 'proposal');
    expect(proposal).toMatchObject({ round: 3, payload: B, prepares: higher.prepares });
  });

  test('a claim without its prepares binds no proposer, and does not count among the Q', () => {
    const lone = new Lone(4, 3);
    lone.request(67);
    const bogus = { round: 2, payload: A, prepares: lone.signatures('prepare', [0, 1], 1, 2, digestA) };
    lone.deliver(0, lone.roundChange(0, 1, 3, bogus));
    expect(sentOf(lone.deliver(1, lone.roundChange(1, 1, 3)), 'proposal')).toEqual([]);
    expect(sentOf(lone.deliver(2, lone.roundChange(2, 1, 3)), 'proposal')).toMatchObject([
      { payload: batchOf(67), prepares: [] },
    ]);
  });

  test('a replica that has decided answers round-changes with its certificate', () => {
    const lone = new Lone(4, 0);
    lone.deliver(1, lone.decided(1, A, [1, 2, 3]));
    const { sent } = lone.deliver(3, lone.roundChange(3, 1, 2));
    expect(sent).toMatchObject([{ to: 3, message: { kind: 'decided', height: 1, payload: A } }]);
    const [answer] = sent.map(({ message }) => message);
    if (answer?.kind !== 'decided') throw new Error('no answer');
    expect(verifyQbftCommit(lone.keys.set, answer)).toMatchObject({ ok: true });
  });
});

describe('what justifies a proposal (Algorithm 4)', () => {
  const lone = new Lone(4, 0);
  const rounds = (by: readonly number[], round = 2) => by.map((one) => lone.quoted(one, 1, round));
  const proved = lone.signatures('prepare', [0, 1, 2], 1, 1, digestA);
  const locked = lone.quoted(1, 1, 3, { preparedRound: 1, preparedDigest: digestA });
  const lockedHigher = lone.quoted(2, 1, 3, { preparedRound: 2, preparedDigest: sha3_256(B) });
  const provedHigher = lone.signatures('prepare', [0, 1, 2], 1, 2, sha3_256(B));
  const others = [lone.quoted(2, 1, 3), lone.quoted(3, 1, 3)];

  const good = {
    'the first round needs nothing': lone.proposal(1, 1, A),
    'Q round-changes without anything prepared allow any value': lone.proposal(1, 2, B, {
      roundChanges: rounds([1, 2, 3]),
    }),
    'more than Q do too': lone.proposal(1, 2, B, { roundChanges: rounds([0, 1, 2, 3]) }),
    'the prepared value with its Q prepares': lone.proposal(1, 3, A, {
      roundChanges: [locked, ...others],
      prepares: proved,
    }),
    'of two prepared values the one of the higher round': lone.proposal(1, 3, B, {
      roundChanges: [locked, lockedHigher, lone.quoted(3, 1, 3)],
      prepares: provedHigher,
    }),
  };

  test.each(Object.entries(good))('accepted: %s', (_, proposal) => {
    const fresh = new Lone(4, 0);
    const outcome = fresh.deliver(fresh.proposerOf(1, proposal.round), proposal);
    expect([outcome.refused, sentOf(outcome, 'prepare').length]).toEqual([[], 1]);
    expect(fresh.engine.status.view).toBe(proposal.round);
  });

  const { signature } = lone.quoted(1, 1, 2);
  const bad = {
    'a reason in the first round': lone.proposal(1, 1, A, { roundChanges: rounds([1, 2, 3], 1) }),
    'none in a later one': lone.proposal(1, 2, A),
    'fewer than Q round-changes': lone.proposal(1, 2, A, { roundChanges: rounds([1, 2]) }),
    'one round-change counted twice': lone.proposal(1, 2, A, { roundChanges: rounds([1, 1, 2]) }),
    'round-changes in disorder': lone.proposal(1, 2, A, { roundChanges: rounds([3, 2, 1]) }),
    'round-changes into another round': lone.proposal(1, 2, A, { roundChanges: rounds([1, 2, 3], 3) }),
    'round-changes of another height': lone.proposal(1, 2, A, {
      roundChanges: [1, 2, 3].map((by) => lone.quoted(by, 2, 2)),
    }),
    'a round-change that somebody else signed': lone.proposal(1, 2, A, {
      roundChanges: [...rounds([1, 2]), { ...lone.quoted(3, 1, 2), signature }],
    }),
    'a claim that its signature does not cover': lone.proposal(1, 3, A, {
      roundChanges: [{ ...locked, preparedRound: 0, preparedDigest: new Uint8Array(32) }, ...others],
    }),
    'something prepared in the round itself': lone.proposal(1, 3, A, {
      roundChanges: [lone.quoted(1, 1, 3, { preparedRound: 3, preparedDigest: digestA }), ...others],
      prepares: lone.signatures('prepare', [0, 1, 2], 1, 3, digestA),
    }),
    'a prepared value without its prepares': lone.proposal(1, 3, A, { roundChanges: [locked, ...others] }),
    'with fewer than Q of them': lone.proposal(1, 3, A, {
      roundChanges: [locked, ...others],
      prepares: proved.slice(1),
    }),
    'with prepares of another round': lone.proposal(1, 3, A, {
      roundChanges: [locked, ...others],
      prepares: lone.signatures('prepare', [0, 1, 2], 1, 2, digestA),
    }),
    'with commits in the place of prepares': lone.proposal(1, 3, A, {
      roundChanges: [locked, ...others],
      prepares: lone.signatures('commit', [0, 1, 2], 1, 1, digestA),
    }),
    'another value than the prepared one': lone.proposal(1, 3, B, {
      roundChanges: [locked, ...others],
      prepares: proved,
    }),
    'the value of the lower of two rounds': lone.proposal(1, 3, A, {
      roundChanges: [locked, lockedHigher, lone.quoted(3, 1, 3)],
      prepares: proved,
    }),
    'prepares where nothing is said to be prepared': lone.proposal(1, 3, A, {
      roundChanges: [lone.quoted(1, 1, 3), ...others],
      prepares: proved,
    }),
  };

  test.each(Object.entries(bad))('refused: %s', (_, proposal) => {
    const fresh = new Lone(4, 0);
    const outcome = fresh.deliver(fresh.proposerOf(1, proposal.round), proposal);
    expect(outcome.refused).toEqual([expect.stringMatching(/^un(justified|bound)-proposal$/)]);
    expect([sentOf(outcome, 'prepare'), fresh.engine.status.view]).toEqual([[], 1]);
  });

  test.each([
    ['prepared in its own round', { preparedRound: 2, preparedDigest: digestA }, A],
    ['without the value it names', { preparedRound: 1, preparedDigest: digestA }, B],
    ['a digest where nothing is prepared', { preparedRound: 0, preparedDigest: digestA }, new Uint8Array(0)],
    ['a value where nothing is prepared', { preparedRound: 0, preparedDigest: new Uint8Array(32) }, A],
  ])('a round-change is malformed: %s', (_, claim, payload) => {
    const fresh = new Lone(4, 0);
    const message = { ...fresh.roundChange(1, 1, 2), ...fresh.quoted(1, 1, 2, claim), payload };
    const { replica: _replica, ...change } = message;
    expect(fresh.deliver(1, change).refused).toEqual(['malformed-round-change']);
  });
});

test('a batch that is none, is too large, or comes from another time is not voted for', () => {
  const refusals = (payload: Uint8Array) => {
    const lone = new Lone(4, 0, { maxBatchBytes: 300, maxBatchRequests: 4, maxRequestBytes: 100 });
    const outcome = lone.deliver(1, lone.proposal(1, 1, payload));
    expect(sentOf(outcome, 'prepare')).toEqual([]);
    return outcome.refused;
  };
  expect(refusals(Uint8Array.of(1, 2, 3))).toEqual(['bad-batch']);
  expect(refusals(batchOf(1, 2, 3, 4, 5))).toEqual(['bad-batch']);
  expect(refusals(batchOf(...new Array<number>(200).fill(7)))).toEqual(['bad-batch']);
  expect(refusals(encodeBatch({ timeMs: 1, requests: [] }))).toEqual(['wrong-time']);
});
