import { isMurmurError } from '@murmuration/core';
import { expect, test } from 'vitest';
import { ed25519Verify } from '../../src/sign/ed25519.ts';
import { dealShares } from '../../src/threshold/dealer.ts';
import type { SecretShare, ThresholdGroup } from '../../src/threshold/group.ts';
import { createNonces, type NonceCommitment, type NoncePair } from '../../src/threshold/nonces.ts';
import { combineShares, signShare, verifySignatureShare } from '../../src/threshold/signing.ts';
import { openSession, type Session, seededEntropy } from './fixtures.ts';

const MESSAGE = Uint8Array.of(1, 2, 3);

function setUp(threshold = 3, size = 5) {
  return dealShares(threshold, size, seededEntropy('dealer'));
}

function signAll({ set, pairs }: Session, signers: readonly SecretShare[]): Map<number, Uint8Array> {
  return new Map(
    signers.map((share) => {
      const pair = pairs.get(share.holder);
      if (pair === undefined) throw new Error('no nonces');
      const pending = signShare(set, share, pair);
      if (!pending.ok) throw new Error(pending.reason);
      return [share.holder, pending.value.releaseOnceDurable()];
    }),
  );
}

function pick(shares: readonly SecretShare[], ...holders: readonly number[]): SecretShare[] {
  return holders.map((holder) => shares[holder - 1] as SecretShare);
}

test('any threshold of holders signs, and everyone verifies it as the one Ed25519 signature of the group', () => {
  const { group, shares } = setUp();
  for (const holders of [
    [1, 2, 3],
    [5, 1, 4],
    [1, 2, 3, 4, 5],
  ] as const) {
    const signers = pick(shares, ...holders);
    const session = openSession(group, signers, MESSAGE);
    const signature = combineShares(session.set, signAll(session, signers));
    if (!signature.ok) throw new Error(signature.reason);
    expect(ed25519Verify('murmur/test/1', MESSAGE, signature.value, group.publicKey)).toBe(true);
    expect(ed25519Verify('murmur/other/1', MESSAGE, signature.value, group.publicKey)).toBe(false);
  }
});

test('one holder fewer than the threshold cannot sign', () => {
  const { group, shares } = setUp();
  const signers = pick(shares, 1, 2);
  const { set, pairs } = openSession(group, signers, MESSAGE);
  const refused = signShare(set, signers[0] as SecretShare, pairs.get(1) as NoncePair);
  expect(refused).toMatchObject({ ok: false, reason: 'wrong-number' });
  // Claiming a smaller threshold makes shares that do not add up.
  const lied: ThresholdGroup = { ...group, threshold: 2 };
  const session = openSession(lied, signers, MESSAGE);
  expect(combineShares(session.set, signAll(session, signers)).ok).toBe(false);
});

test('a wrong share names its holder, and only its holder', () => {
  const { group, shares } = setUp();
  const signers = pick(shares, 1, 3, 4);
  for (const liar of [1, 3, 4]) {
    const session = openSession(group, signers, MESSAGE);
    const sent = signAll(session, signers);
    const share = sent.get(liar) as Uint8Array;
    share[0] = (share[0] as number) ^ 1;
    expect(combineShares(session.set, sent)).toMatchObject({ ok: false, reason: 'bad-share', cheaters: [liar] });
    for (const { holder } of signers) {
      expect(verifySignatureShare(session.set, holder, sent.get(holder) as Uint8Array)).toBe(holder !== liar);
    }
  }
});

test('a share that is not a scalar below the group order names its holder', () => {
  const { group, shares } = setUp();
  const signers = pick(shares, 1, 3, 4);
  const session = openSession(group, signers, MESSAGE);
  const sent = signAll(session, signers).set(3, new Uint8Array(32).fill(0xff));
  expect(combineShares(session.set, sent)).toMatchObject({ reason: 'bad-share', cheaters: [3] });
  expect(combineShares(session.set, sent.set(3, new Uint8Array(31)))).toMatchObject({
    reason: 'missing-share',
    cheaters: [3],
  });
});

test('a pair of nonces signs once: the second use is CRYPTO_NONCES_USED, a copy of the pair too', () => {
  const { group, shares } = setUp();
  const signers = pick(shares, 1, 2, 3);
  const { set, pairs } = openSession(group, signers, MESSAGE);
  const [first] = signers as [SecretShare];
  const pair = pairs.get(1) as NoncePair;
  expect(() => signShare(set, first, { ...pair })).toThrow(expect.objectContaining({ code: 'CRYPTO_NONCES_USED' }));
  expect(signShare(set, first, pair).ok).toBe(true);
  for (const message of [MESSAGE, Uint8Array.of(9)]) {
    expect(() => signShare({ ...set, message }, first, pair)).toThrow(
      expect.objectContaining({ code: 'CRYPTO_NONCES_USED' }),
    );
  }
});

test('the secret of a pair is in no property of it', () => {
  const { shares } = setUp();
  const pair = createNonces(shares[0] as SecretShare, seededEntropy('one'));
  expect(Reflect.ownKeys(pair).sort()).toEqual(['commitment', 'holder', 'id']);
  expect(Reflect.ownKeys(pair.commitment).sort()).toEqual(['binding', 'hiding', 'holder']);
});

test('entropy that repeats itself after a restart cannot bring used nonces back', () => {
  const { group, shares } = setUp();
  const signers = pick(shares, 1, 2, 3);
  const { set } = openSession(group, signers, MESSAGE);
  const [first] = signers as [SecretShare];
  const pair = createNonces(first, seededEntropy('snapshot'));
  const own = set.commitments.map((one) => (one.holder === 1 ? pair.commitment : one));
  const pending = signShare({ ...set, commitments: own }, first, pair);
  if (!pending.ok) throw new Error(pending.reason);
  const used = new Set([pending.value.usedNonces]);
  let thrown: unknown;
  try {
    createNonces(first, seededEntropy('snapshot'), used);
  } catch (error) {
    thrown = error;
  }
  expect(isMurmurError(thrown, 'CRYPTO_NONCES_USED')).toBe(true);
  expect(createNonces(first, seededEntropy('fresh'), used).holder).toBe(1);
});

test('a set that is malformed is refused with a reason, and spends no nonces', () => {
  const { group, shares } = setUp();
  const signers = pick(shares, 1, 2, 3);
  const { set, pairs } = openSession(group, signers, MESSAGE);
  const [a, b, c] = set.commitments as [NonceCommitment, NonceCommitment, NonceCommitment];
  const first = signers[0] as SecretShare;
  const pair = pairs.get(1) as NoncePair;
  const identity = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 1 : 0));
  const cases: [NonceCommitment[], string, number[]][] = [
    [[a, b], 'wrong-number', []],
    [[a, b, b], 'holder-twice', []],
    [[a, b, { ...c, holder: 6 }], 'unknown-holder', []],
    [[a, b, { ...c, hiding: identity }], 'bad-commitment', [3]],
    [[a, b, { ...c, binding: new Uint8Array(32).fill(2) }], 'bad-commitment', [3]],
    [[b, c, { ...c, holder: 4 }], 'own-commitment-missing', []],
    [[{ ...b, holder: 1 }, b, c], 'own-commitment-missing', []],
  ];
  for (const [commitments, reason, cheaters] of cases) {
    expect(signShare({ ...set, commitments }, first, pair)).toMatchObject({ ok: false, reason, cheaters });
  }
  expect(signShare(set, first, pair).ok).toBe(true);
});
