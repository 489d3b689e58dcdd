import { sha3_256 } from '@murmuration/crypto';
import { describe, expect, test } from 'vitest';
import { encodeEvidence } from '../../src/evidence/schema.ts';
import { evidenceId, qbftChain, verifyEvidence } from '../../src/index.ts';
import { type Claim, claimDigest, encodeClaim, type QbftMessageOf } from '../../src/qbft/messages.ts';
import { type Phase, type SignedStatement, signStatement } from '../../src/quorum/statement.ts';
import type { Keys } from '../cluster/keys.ts';
import { batchOf, Lone, type Outcome, sentOf } from './lone.ts';

const A = batchOf(65);
const B = batchOf(66);
const [digestA, digestB] = [sha3_256(A), sha3_256(B)];

/** What the only evidence of an outcome proves, checked offline. */
function verdict(lone: Lone, { evidence }: Outcome, accused: number) {
  expect(evidence).toHaveLength(1);
  const key = lone.keys.set.replicas[accused]?.key as Uint8Array;
  const [wire] = evidence as [Uint8Array];
  // Not a proof in any other protocol's domain.
  expect(verifyEvidence(wire, key, lone.keys.set.chainId)).toMatchObject({ reason: 'bad-signature' });
  const facts = verifyEvidence(wire, key, qbftChain(lone.keys.set).chainId);
  return facts.ok ? facts.value : facts.reason;
}

describe('two words of one replica at one height and round convict it', () => {
  test('proposals: the second brings evidence, tells everybody, and ends the round', () => {
    const lone = new Lone(4, 0);
    lone.deliver(1, lone.proposal(1, 1, A));
    const outcome = lone.deliver(1, lone.proposal(1, 1, B));
    expect(verdict(lone, outcome, 1)).toMatchObject({
      class: 'conflicting-proposals',
      accusedIndex: 1,
      view: 1,
      height: 1,
    });
    expect(sentOf(outcome, 'witness')[0]?.statements.length).toBeGreaterThanOrEqual(2);
    expect(sentOf(outcome, 'round-change')).toMatchObject([{ round: 2 }]);
  });

  test('votes, whichever came first', () => {
    for (const [first, second] of [
      ['prepare', 'prepare'],
      ['prepare', 'commit'],
      ['commit', 'commit'],
    ] as const) {
      const lone = new Lone(4, 0);
      lone.deliver(2, lone.vote(first, 2, 1, 1, digestA));
      const outcome = lone.deliver(2, lone.vote(second, 2, 1, 1, digestB));
      expect(outcome.refused).toEqual(['conflicting-vote']);
      expect(verdict(lone, outcome, 2)).toMatchObject({ class: 'conflicting-votes', accusedIndex: 2 });
    }
  });

  test('a proposal and the proposer’s own vote for something else', () => {
    const lone = new Lone(4, 0);
    lone.deliver(1, lone.proposal(1, 1, A));
    const outcome = lone.deliver(1, lone.vote('prepare', 1, 1, 1, digestB));
    expect(verdict(lone, outcome, 1)).toMatchObject({ class: 'conflicting-votes' });
  });

  test('round-changes, heard from the replica itself or quoted by a proposer', () => {
    const prepared = { round: 1, payload: A };
    const direct = new Lone(4, 0);
    direct.deliver(2, direct.roundChange(2, 1, 2));
    const prepares = direct.signatures('prepare', [1, 2, 3], 1, 1, digestA);
    const outcome = direct.deliver(2, direct.roundChange(2, 1, 2, { ...prepared, prepares }));
    expect(verdict(direct, outcome, 2)).toMatchObject({ class: 'conflicting-round-changes', view: 2 });

    const quoted = new Lone(4, 0);
    quoted.deliver(3, quoted.roundChange(3, 1, 2, { ...prepared, prepares }));
    const roundChanges = [1, 2, 3].map((by) => quoted.quoted(by, 1, 2));
    expect(verdict(quoted, quoted.deliver(2, quoted.proposal(1, 2, B, { roundChanges })), 3)).toMatchObject({
      class: 'conflicting-round-changes',
    });
  });

  test('votes that come after the height is decided', () => {
    const lone = new Lone(4, 0);
    lone.deliver(1, lone.proposal(1, 1, A));
    lone.deliver(2, lone.vote('commit', 2, 1, 1, digestA));
    lone.deliver(1, lone.decided(1, A, [1, 2, 3]));
    expect(lone.engine.status.height).toBe(1);
    expect(verdict(lone, lone.deliver(2, lone.vote('commit', 2, 1, 1, digestB)), 2)).toMatchObject({ height: 1 });
  });

  test('a proposal shown to others alone: they pass on what differs, and both have the proof', () => {
    const [one, other] = [new Lone(4, 0), new Lone(4, 2)];
    one.deliver(1, one.proposal(1, 1, A));
    const theirs = sentOf(other.deliver(1, other.proposal(1, 1, B)), 'prepare')[0] as QbftMessageOf<'prepare'>;
    const [witness] = sentOf(one.deliver(2, theirs), 'witness');
    if (witness === undefined) throw new Error('nothing was passed on');
    expect(verdict(other, other.deliver(0, witness), 1)).toMatchObject({ class: 'conflicting-proposals' });
  });
});

describe('a commit, and a round-change that denies what it rests on, convict', () => {
  const facts = { class: 'vote-against-lock', accusedIndex: 2, view: 2, height: 1 };
  const commit = (lone: Lone) => lone.deliver(2, lone.vote('commit', 2, 1, 1, digestA));
  const denial = (lone: Lone) => lone.deliver(2, lone.roundChange(2, 1, 2));

  test('whichever came first', () => {
    const lone = new Lone(4, 0);
    expect(commit(lone).evidence).toEqual([]);
    expect(verdict(lone, denial(lone), 2)).toMatchObject(facts);
    const late = new Lone(4, 0);
    expect(denial(late).evidence).toEqual([]);
    const outcome = commit(late);
    expect(verdict(late, outcome, 2)).toMatchObject(facts);
    expect(late.reboot().evidence).toEqual(outcome.evidence);
  });

  test('also where it claims another batch of that round, or is quoted by a proposer alone', () => {
    const other = new Lone(4, 0);
    commit(other);
    const prepares = other.signatures('prepare', [1, 2, 3], 1, 1, digestB);
    const claimed = other.deliver(2, other.roundChange(2, 1, 2, { round: 1, payload: B, prepares }));
    expect(verdict(other, claimed, 2)).toMatchObject(facts);
    const quoted = new Lone(4, 0);
    commit(quoted);
    const roundChanges = [1, 2, 3].map((by) => quoted.quoted(by, 1, 2));
    expect(verdict(quoted, quoted.deliver(2, quoted.proposal(1, 2, B, { roundChanges })), 2)).toMatchObject(facts);
  });

  test('but not where it claims that batch, a later one, or nothing was committed', () => {
    const prepared = (lone: Lone, round: number, payload: Uint8Array) => {
      const prepares = lone.signatures('prepare', [1, 2, 3], 1, round, sha3_256(payload));
      return { round, payload, prepares };
    };
    const same = new Lone(4, 0);
    commit(same);
    expect(same.deliver(2, same.roundChange(2, 1, 2, prepared(same, 1, A))).evidence).toEqual([]);
    const later = new Lone(4, 0);
    commit(later);
    expect(later.deliver(2, later.roundChange(2, 1, 3, prepared(later, 2, B))).evidence).toEqual([]);
    const unprepared = new Lone(4, 0);
    unprepared.deliver(2, unprepared.vote('prepare', 2, 1, 1, digestA));
    expect(denial(unprepared).evidence).toEqual([]);
    const another = new Lone(4, 0);
    another.deliver(3, another.vote('commit', 3, 1, 1, digestA));
    expect(denial(another).evidence).toEqual([]);
    const forged = new Lone(4, 0);
    forged.deliver(2, { ...forged.vote('commit', 2, 1, 1, digestA), signature: new Uint8Array(64) });
    expect(denial(forged).evidence).toEqual([]);
  });

  test('and the judge refuses every near miss that is put before it', () => {
    const lone = new Lone(4, 0);
    const { chainId } = qbftChain(lone.keys.set);
    const key = lone.keys.set.replicas[2]?.key as Uint8Array;
    const none = { preparedRound: 0, preparedDigest: new Uint8Array(32) };
    const judged = (
      vote: SignedStatement,
      claim: Claim,
      at: { height?: number; round?: number; phase?: Phase; body?: Uint8Array } = {},
    ) => {
      const { height = 1, round = 5, phase = 'round-change', body = encodeClaim(claim) } = at;
      const change = lone.signed(2, phase, height, round, claimDigest(claim));
      const wire = encodeEvidence({ kind: 'forgotten-lock', commit: vote, change, body });
      const result = verifyEvidence(wire, key, chainId);
      return result.ok ? result.value.class : result.reason;
    };
    const signed = lone.signed(2, 'commit', 1, 3, digestA);
    expect(judged(signed, none)).toBe('vote-against-lock');
    expect(judged(signed, { preparedRound: 2, preparedDigest: digestA })).toBe('vote-against-lock');
    expect(judged(signed, { preparedRound: 3, preparedDigest: digestB })).toBe('vote-against-lock');
    expect(judged(signed, { preparedRound: 3, preparedDigest: digestA })).toBe('no-offence');
    expect(judged(signed, { preparedRound: 4, preparedDigest: digestB })).toBe('no-offence');
    expect(judged(signed, none, { round: 3 })).toBe('no-offence');
    expect(judged(signed, none, { round: 2 })).toBe('no-offence');
    expect(judged(signed, none, { height: 2 })).toBe('no-offence');
    expect(judged(signed, none, { phase: 'view-change' })).toBe('no-offence');
    expect(judged(lone.signed(2, 'prepare', 1, 3, digestA), none)).toBe('no-offence');
    const body = encodeClaim({ preparedRound: 1, preparedDigest: digestA });
    expect(judged(signed, none, { body })).toBe('wrong-body');
    expect(judged({ ...signed, signature: new Uint8Array(64) }, none)).toBe('bad-signature');
    expect(judged(lone.signed(3, 'commit', 1, 3, digestA), none)).toBe('two-signers');
  });
});

describe('nobody else is convicted', () => {
  test('what a correct replica says over a height is no evidence', () => {
    const lone = new Lone(4, 0);
    const outcomes = [
      lone.deliver(1, lone.proposal(1, 1, A)),
      ...[1, 2].map((by) => lone.deliver(by, lone.vote('prepare', by, 1, 1, digestA))),
      ...[1, 2].map((by) => lone.deliver(by, lone.roundChange(by, 1, 2))),
      lone.deliver(2, lone.proposal(1, 2, B, { roundChanges: [1, 2, 3].map((by) => lone.quoted(by, 1, 2)) })),
      ...[1, 2].map((by) => lone.deliver(by, lone.vote('prepare', by, 1, 2, digestB))),
    ];
    expect(outcomes.flatMap(({ evidence }) => evidence)).toEqual([]);
  });

  test('a word that somebody else signed convicts neither', () => {
    const lone = new Lone(4, 0);
    lone.deliver(2, lone.vote('prepare', 2, 1, 1, digestA));
    const forged = { ...lone.vote('prepare', 3, 1, 1, digestB) };
    expect(lone.deliver(2, forged)).toMatchObject({ evidence: [], refused: ['bad-signature'] });
    const framed = { ...lone.signed(3, 'prepare', 1, 1, digestB), replica: 2 };
    expect(lone.deliver(3, { kind: 'witness', statements: [framed] })).toMatchObject({ evidence: [] });
  });

  test('a vote of PBFT on the same chain is no vote of QBFT, and the other way round', () => {
    const lone = new Lone(4, 0);
    const statement = { epoch: 0, phase: 'prepare', view: 1, height: 1, digest: digestB } as const;
    const signature = signStatement(lone.keys.signers[2] as Keys['signers'][number], lone.keys.set.chainId, statement);
    lone.deliver(2, lone.vote('prepare', 2, 1, 1, digestA));
    const foreign = { kind: 'witness', statements: [{ replica: 2, ...statement, signature }] } as const;
    expect(lone.deliver(3, foreign)).toMatchObject({ evidence: [], refused: ['bad-signature'] });
  });

  test('a replica does not accuse itself, nor after a restart', () => {
    const lone = new Lone(4, 0);
    lone.deliver(1, lone.proposal(1, 1, A));
    lone.reboot();
    const own = lone.signed(0, 'prepare', 1, 1, digestA);
    expect(lone.deliver(2, { kind: 'witness', statements: [own] })).toMatchObject({ evidence: [], refused: [] });
    const elsewhere = lone.signed(0, 'prepare', 1, 1, digestB);
    const outcome = lone.deliver(2, { kind: 'witness', statements: [elsewhere] });
    expect(outcome.evidence).toEqual([]);
    expect(outcome.refused).toEqual(['own-key-elsewhere']);
  });

  test('a replica whose key signs elsewhere says so and signs nothing more, but still hears decisions', () => {
    const lone = new Lone(4, 0);
    const elsewhere = lone.signed(0, 'prepare', 1, 1, digestB);
    expect(lone.deliver(2, { kind: 'witness', statements: [elsewhere] }).duplicated).toEqual([false]);
    expect(lone.deliver(2, { kind: 'witness', statements: [elsewhere] }).duplicated).toEqual([]);
    expect(sentOf(lone.deliver(1, lone.proposal(1, 1, A)), 'prepare')).toEqual([]);
    expect(lone.timeOut().sent).toEqual([]);
    expect(lone.deliver(1, lone.decided(1, A, [1, 2, 3])).commits).toHaveLength(1);
    const voted = new Lone(4, 0);
    voted.deliver(1, voted.proposal(1, 1, A));
    expect(voted.deliver(2, { kind: 'witness', statements: [elsewhere] }).duplicated).toEqual([true]);
  });
});

test('evidence is told again after a restart, and no liar fills the journal with more than four proofs', () => {
  const lone = new Lone(4, 0);
  const told: string[] = [];
  for (let height = 1; height <= 7; height++) {
    lone.deliver(2, lone.vote('prepare', 2, height, 1, digestA));
    told.push(...lone.deliver(2, lone.vote('prepare', 2, height, 1, digestB)).evidence.map(evidenceId));
    lone.deliver(1, lone.decided(height, A, [1, 2, 3]));
  }
  expect(new Set(told).size).toBe(4);
  expect(lone.reboot().evidence.map(evidenceId).sort()).toEqual(told.sort());
});
