import { toHex } from '@murmuration/core';
import { expect, test } from 'vitest';
import { ed25519Verify } from '../../src/sign/ed25519.ts';
import { type DkgSharing, type DkgStart, startDkg } from '../../src/threshold/dkg.ts';
import type { SecretShare, ThresholdGroup } from '../../src/threshold/group.ts';
import type { NoncePair } from '../../src/threshold/nonces.ts';
import { combineShares, signShare } from '../../src/threshold/signing.ts';
import { openSession, seededEntropy } from './fixtures.ts';

function start(threshold: number, size: number): DkgStart[] {
  return Array.from({ length: size }, (_, i) => startDkg(i + 1, threshold, size, seededEntropy(`holder ${i + 1}`)));
}

function share(starts: readonly DkgStart[]): DkgSharing[] {
  return starts.map((one, i) => {
    const received = one.receive(starts.filter((_, j) => j !== i).map(({ broadcast }) => broadcast));
    if (!received.ok) throw new Error(received.reason);
    return received.value;
  });
}

function sharesFor(holder: number, sharings: readonly DkgSharing[]): Map<number, Uint8Array> {
  const own = sharings.map((one, j) => [j + 1, one.shares.get(holder)] as const);
  return new Map(own.filter((entry): entry is [number, Uint8Array] => entry[1] !== undefined));
}

test('holders who trust nobody get one key, and any threshold of them signs with it', () => {
  const sharings = share(start(2, 4));
  expect(new Set(sharings.map(({ transcript }) => toHex(transcript))).size).toBe(1);
  const keys = sharings.map((one, i) => {
    const finished = one.finish(sharesFor(i + 1, sharings));
    if (!finished.ok) throw new Error(finished.reason);
    return finished.value;
  });
  expect(new Set(keys.map(({ group }) => toHex(group.publicKey))).size).toBe(1);
  const { group } = keys[0] as { group: ThresholdGroup };
  const signers = [keys[1], keys[3]].map((key) => (key as { share: SecretShare }).share);
  const session = openSession(group, signers, Uint8Array.of(5));
  const sent = new Map(
    signers.map((one) => {
      const pending = signShare(session.set, one, session.pairs.get(one.holder) as NoncePair);
      if (!pending.ok) throw new Error(pending.reason);
      return [one.holder, pending.value.releaseOnceDurable()];
    }),
  );
  const signature = combineShares(session.set, sent);
  expect(signature.ok && ed25519Verify('murmur/test/1', Uint8Array.of(5), signature.value, group.publicKey)).toBe(true);
});

test('a damaged, missing, doubled or borrowed broadcast names its holder', () => {
  const starts = start(2, 3);
  const [self, second, third] = starts.map(({ broadcast }) => broadcast) as [Uint8Array, Uint8Array, Uint8Array];
  const [first] = starts as [DkgStart];
  const damaged = third.slice();
  damaged[damaged.length - 1] = (damaged[damaged.length - 1] as number) ^ 1;
  // Holder 3 repeats what holder 2 said under its own number: without a proof of knowledge it could cancel 2's part.
  const borrowed = second.slice();
  borrowed[1] = 3;
  expect(first.receive([second, damaged])).toMatchObject({ ok: false, reason: 'bad-broadcast', cheaters: [3] });
  expect(first.receive([second, borrowed])).toMatchObject({ ok: false, reason: 'bad-broadcast', cheaters: [3] });
  expect(first.receive([second])).toMatchObject({ ok: false, reason: 'wrong-number', cheaters: [3] });
  expect(first.receive([second, second])).toMatchObject({ ok: false, reason: 'wrong-number', cheaters: [3] });
  expect(first.receive([second, self])).toMatchObject({ ok: false, reason: 'wrong-number', cheaters: [3] });
  expect(first.receive([second, Uint8Array.of(0xc1)])).toMatchObject({ ok: false, cheaters: [3] });
  expect(first.receive([second, third]).ok).toBe(true);
});

test('a coefficient of nothing, which lowers the degree, names its holder', () => {
  const [first, second, third] = start(2, 3) as [DkgStart, DkgStart, DkgStart];
  const identity = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 1 : 0));
  const at = third.broadcast.length - 64 - 2 - 32;
  const lowered = Uint8Array.from(third.broadcast);
  lowered.set(identity, at);
  expect(first.receive([second.broadcast, lowered])).toMatchObject({ reason: 'bad-broadcast', cheaters: [3] });
});

test('a polynomial of the wrong degree names its holder', () => {
  const [first, second] = start(2, 3) as [DkgStart, DkgStart];
  const wrongDegree = startDkg(3, 3, 3, seededEntropy('too steep'));
  expect(first.receive([second.broadcast, wrongDegree.broadcast])).toMatchObject({
    reason: 'bad-broadcast',
    cheaters: [3],
  });
});

test('a share that does not fit the broadcast names its sender, and a right one then finishes', () => {
  const sharings = share(start(2, 3));
  const [first] = sharings as [DkgSharing];
  const right = sharesFor(1, sharings);
  const wrong = new Map(right).set(2, right.get(3) as Uint8Array);
  expect(first.finish(wrong)).toMatchObject({ ok: false, reason: 'bad-share', cheaters: [2] });
  expect(first.finish(new Map(right).set(3, new Uint8Array(5)))).toMatchObject({ reason: 'bad-share', cheaters: [3] });
  const short = new Map(right);
  short.delete(3);
  expect(first.finish(short)).toMatchObject({ reason: 'wrong-number', cheaters: [3] });
  // Who is not in the group, or claims to be ourselves, changes nothing.
  const crowded = new Map(right).set(1, new Uint8Array(3)).set(9, new Uint8Array(32)).set(0.5, new Uint8Array(32));
  expect(first.finish(crowded).ok).toBe(true);
  expect(() => first.finish(right)).toThrow(expect.objectContaining({ code: 'CRYPTO_DKG_FINISHED' }));
});

test('holders who were told different things have different transcripts', () => {
  const starts = start(2, 3);
  const twoFaced = startDkg(3, 2, 3, seededEntropy('the other face'));
  const [first, second, third] = starts as [DkgStart, DkgStart, DkgStart];
  const seenByFirst = first.receive([second.broadcast, third.broadcast]);
  const seenBySecond = second.receive([first.broadcast, twoFaced.broadcast]);
  if (!seenByFirst.ok || !seenBySecond.ok) throw new Error('refused');
  expect(toHex(seenByFirst.value.transcript)).not.toBe(toHex(seenBySecond.value.transcript));
});

test.each([
  [1, 1, 3],
  [1, 4, 3],
  [1, 2, 129],
  [0, 2, 3],
  [4, 2, 3],
])('holder %i with threshold %i of %i is OPTION_OUT_OF_RANGE', (holder, threshold, size) => {
  expect(() => startDkg(holder, threshold, size, seededEntropy('x'))).toThrow(
    expect.objectContaining({ code: 'OPTION_OUT_OF_RANGE' }),
  );
});
