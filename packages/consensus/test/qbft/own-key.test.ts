import { sha3_256 } from '@murmuration/crypto';
import { describe, expect, test } from 'vitest';
import { claimDigest, type QbftMessageOf } from '../../src/qbft/messages.ts';
import type { SignedStatement } from '../../src/quorum/statement.ts';
import { batchOf, Lone, NOTHING, type Outcome, sentOf } from './lone.ts';

const A = batchOf(65);
const B = batchOf(66);
const [digestA, digestB] = [sha3_256(A), sha3_256(B)];

function answer(
  statements: readonly SignedStatement[] = [],
  newest: QbftMessageOf<'recalled'>['newest'] = null,
): QbftMessageOf<'recalled'> {
  return { kind: 'recalled', newest, statements: [...statements] };
}

/** Replica 0 of 4, booted with nothing on its disk and asking; Q - 1 = 2. */
function asking(lone = new Lone(4, 0)): Lone {
  lone.asks = true;
  lone.journal.clear();
  lone.reboot(0);
  return lone;
}

const VOTES = ['proposal', 'prepare', 'commit', 'round-change'];
const votes = ({ sent }: Outcome) => sent.filter(({ message }) => VOTES.includes(message.kind));

describe('a replica that has just booted', () => {
  test('asks, again at each tick, and signs nothing before Q - 1 have answered; then what came meanwhile', () => {
    const lone = new Lone(4, 0);
    lone.asks = true;
    expect(sentOf(lone.reboot(), 'recall')).toHaveLength(1);
    expect(sentOf(lone.tick(), 'recall')).toHaveLength(1);
    const early = lone.deliver(1, lone.proposal(1, 1, A));
    expect([early.refused, votes(early)]).toEqual([[], []]);
    expect(votes(lone.timeOut())).toEqual([]);
    expect(votes(lone.deliver(1, answer()))).toEqual([]);
    expect(sentOf(lone.deliver(3, answer()), 'prepare')).toMatchObject([{ digest: digestA }]);
    expect(sentOf(lone.tick(), 'recall')).toEqual([]);
  });

  test('says its old words again once it may speak, and no others in their place', () => {
    const lone = new Lone(4, 0);
    const [first] = sentOf(lone.deliver(1, lone.proposal(1, 1, A)), 'prepare');
    lone.asks = true;
    expect(votes(lone.reboot())).toEqual([]);
    const own = lone.signed(0, 'prepare', 1, 1, digestA);
    lone.deliver(1, answer([own]));
    const outcome = lone.deliver(2, answer([own]));
    expect([sentOf(outcome, 'prepare'), outcome.duplicated]).toEqual([[first], []]);
  });

  test('is free at once where its host is sure of its records, or where it is alone', () => {
    const sure = new Lone(4, 1);
    expect(sentOf(sure.request(65), 'proposal')).toHaveLength(1);
    const alone = new Lone(1, 0);
    alone.asks = true;
    alone.reboot();
    expect(alone.request(65).commits).toHaveLength(1);
  });

  test('decides by certificates meanwhile', () => {
    const lone = asking();
    expect(lone.deliver(1, lone.decided(1, A, [1, 2, 3])).commits).toHaveLength(1);
  });
});

describe('what others hold of its key and its journal does not', () => {
  const unknown: [string, (lone: Lone) => SignedStatement][] = [
    ['a proposal', (lone) => lone.signed(0, 'pre-prepare', 4, 1, digestA)],
    ['a prepare', (lone) => lone.signed(0, 'prepare', 1, 1, digestA)],
    ['a commit', (lone) => lone.signed(0, 'commit', 7, 2, digestA)],
    ['a round-change', (lone) => lone.signed(0, 'round-change', 1, 2, claimDigest(NOTHING))],
  ];

  test.each(unknown)('%s silences it: it says so once, and goes on hearing decisions', (_, make) => {
    const lone = asking();
    const outcome = lone.deliver(1, answer([make(lone)]));
    expect([outcome.duplicated, outcome.refused]).toEqual([[false], ['own-key-elsewhere']]);
    expect(lone.deliver(2, answer([make(lone)])).duplicated).toEqual([]);
    expect(votes(lone.deliver(1, lone.proposal(1, 1, A)))).toEqual([]);
    expect(votes(lone.timeOut())).toEqual([]);
    expect(lone.deliver(1, lone.decided(1, A, [1, 2, 3])).commits).toHaveLength(1);
  });

  test('a later answer than the Q - 1 first silences it still', () => {
    const lone = asking();
    for (const by of [1, 2]) lone.deliver(by, answer());
    expect(lone.deliver(3, answer([lone.signed(0, 'prepare', 1, 1, digestA)])).duplicated).toEqual([false]);
  });

  test('a commit where its journal has the prepare alone; another digest is a contradiction', () => {
    for (const [digest, conflicting] of [
      [digestA, false],
      [digestB, true],
    ] as const) {
      const lone = new Lone(4, 0);
      lone.deliver(1, lone.proposal(1, 1, A));
      lone.asks = true;
      lone.reboot();
      expect(lone.deliver(1, answer([lone.signed(0, 'commit', 1, 1, digest)])).duplicated).toEqual([conflicting]);
    }
  });

  test('its own words of earlier rounds and heights are its own', () => {
    const lone = new Lone(4, 0);
    lone.deliver(1, lone.proposal(1, 1, A));
    lone.timeOut();
    lone.asks = true;
    lone.reboot();
    const change = lone.signed(0, 'round-change', 1, 2, claimDigest(NOTHING));
    const outcome = lone.deliver(1, answer([lone.signed(0, 'prepare', 1, 1, digestA), change]));
    expect([outcome.duplicated, outcome.refused]).toEqual([[], []]);
  });
});

describe('where it was away for long', () => {
  test('it signs nothing at heights that are proved to be decided, and goes on from there', () => {
    const lone = asking();
    const { certificate } = lone.decided(4, A, [1, 2, 3]);
    const newest = { height: 4, digest: digestA, certificate };
    lone.deliver(1, answer([], newest));
    lone.deliver(2, answer([], newest));
    expect(votes(lone.deliver(1, lone.proposal(1, 1, B)))).toEqual([]);
    for (let height = 1; height <= 4; height++) lone.deliver(1, lone.decided(height, A, [1, 2, 3]));
    expect(sentOf(lone.deliver(1, lone.proposal(5, 1, A)), 'prepare')).toHaveLength(1);
  });

  test('an unproved height moves nothing, and its answer does not count', () => {
    const lone = asking();
    const { certificate } = lone.decided(4, A, [1, 2]);
    const bad = answer([], { height: 4, digest: digestA, certificate });
    expect(lone.deliver(1, bad).refused).toEqual(['bad-certificate']);
    lone.deliver(2, answer());
    expect(votes(lone.deliver(1, lone.proposal(1, 1, A)))).toEqual([]);
    expect(sentOf(lone.deliver(3, answer()), 'prepare')).toHaveLength(1);
  });
});

describe('answers', () => {
  test('a forged word, one of another replica or epoch, and a second answer are refused and silence nobody', () => {
    const lone = asking();
    const own = lone.signed(0, 'prepare', 1, 1, digestA);
    const refusal = (from: number, statement: SignedStatement) => lone.deliver(from, answer([statement])).refused;
    expect(refusal(1, { ...own, signature: new Uint8Array(64) })).toEqual(['bad-signature']);
    expect(refusal(1, lone.signed(2, 'prepare', 1, 1, digestA))).toEqual(['no-recall']);
    expect(refusal(1, { ...own, epoch: 1 })).toEqual(['no-recall']);
    expect(lone.deliver(1, answer()).refused).toEqual([]);
    expect(lone.deliver(1, answer()).refused).toEqual(['unasked-recall']);
    expect(sentOf(lone.tick(), 'recall')).toHaveLength(1);
  });

  test('carry the last words held at each height, the round-change, what came early, and the newest decision', () => {
    const lone = new Lone(4, 3);
    lone.deliver(2, lone.vote('prepare', 2, 1, 1, digestA));
    lone.deliver(2, lone.vote('commit', 2, 1, 1, digestA));
    lone.deliver(1, lone.decided(1, A, [0, 1, 2]));
    lone.deliver(2, lone.proposal(2, 1, A));
    lone.deliver(2, lone.roundChange(2, 2, 2));
    lone.deliver(2, lone.vote('prepare', 2, 3, 1, digestB));
    const [told] = sentOf(lone.deliver(2, { kind: 'recall' }), 'recalled');
    expect(told?.newest?.height).toBe(1);
    expect(told?.statements.map(({ phase, height, view }) => [phase, height, view])).toEqual([
      ['commit', 1, 1],
      ['pre-prepare', 2, 1],
      ['round-change', 2, 2],
      ['prepare', 3, 1],
    ]);
    const asker = new Lone(4, 2);
    asker.asks = true;
    asker.reboot(0);
    expect(asker.deliver(3, told as QbftMessageOf<'recalled'>).duplicated).toEqual([false]);
  });

  test('are three for each replica between two ticks', () => {
    const lone = new Lone(4, 3);
    const refused = Array.from({ length: 5 }, () => lone.deliver(2, { kind: 'recall' }).refused).flat();
    expect(refused).toEqual(['asks-too-often', 'asks-too-often']);
    lone.tick();
    expect(sentOf(lone.deliver(2, { kind: 'recall' }), 'recalled')).toHaveLength(1);
  });
});
