import { describe, expect, test } from 'vitest';
import { scalars } from '../../../src/zk/group/group.ts';
import { commit, type Opening, openingOf, VALUE_BASE } from '../../../src/zk/group/pedersen.ts';
import { oneOutOfMany } from '../../../src/zk/sigma/one-out-of-many.ts';
import type { Term } from '../../../src/zk/transcript/equations.ts';
import { flipBit, proofOf, seededEntropy, termsOf, verdict } from '../world.ts';

const entropy = seededEntropy('one out of many');

/** "The opening's value is one of these." */
function membersOf(opening: Opening, values: readonly bigint[]): Term[][] {
  const point = commit(opening);
  return values.map((value) => [
    { scalar: 1n, point },
    { scalar: scalars.neg(value), point: VALUE_BASE },
  ]);
}

test.each([1, 2, 5])('each member of a set of %i convinces, at its own place only', (n) => {
  const values = Array.from({ length: n }, (_, i) => BigInt(10 + i));
  for (const [index, value] of values.entries()) {
    const opening = openingOf(value, entropy);
    const members = membersOf(opening, values);
    const attempt = (at: number) =>
      verdict(
        proofOf(oneOutOfMany('m', members, { index: at, blinding: opening.blinding })),
        oneOutOfMany('m', members),
      );
    expect(attempt(index)).toBe('holds');
    if (n > 1) expect(attempt((index + 1) % n)).toBe('false-proof');
  }
});

test('what is not in the set is refused, whichever place it claims', () => {
  const opening = openingOf(99n, entropy);
  const members = membersOf(opening, [10n, 11n, 12n, 13n]);
  for (let index = 0; index < 4; index++) {
    const proof = proofOf(oneOutOfMany('m', members, { index, blinding: opening.blinding }));
    expect(verdict(proof, oneOutOfMany('m', members))).toBe('false-proof');
  }
});

describe('a list of separate commitments', () => {
  const openings = [5n, 0n, 7n].map((value) => openingOf(value, entropy));
  const members = openings.map((opening) => termsOf(commit(opening)));
  const proof = proofOf(oneOutOfMany('z', members, { index: 1, blinding: openings[1]?.blinding ?? 0n }));

  test('the one that holds zero convinces', () => {
    expect(verdict(proof, oneOutOfMany('z', members))).toBe('holds');
  });

  test('a wrong blinding, another order of the list and a list without the zero are refused', () => {
    const wrong = proofOf(oneOutOfMany('z', members, { index: 1, blinding: 1n }));
    expect(verdict(wrong, oneOutOfMany('z', members))).toBe('false-proof');
    expect(verdict(proof, oneOutOfMany('z', members.toReversed()))).not.toBe('holds');
    const others = [members[0] ?? [], members[2] ?? [], members[2] ?? []];
    expect(verdict(proof, oneOutOfMany('z', others))).toBe('false-proof');
  });

  test('a sample of flipped bits, across all elements, is refused', () => {
    for (let bit = 3; bit < 8 * proof.length; bit += 97) {
      expect(verdict(flipBit(proof, bit), oneOutOfMany('z', members)), `bit ${bit}`).not.toBe('holds');
    }
  });
});

test('the proof says nothing of the place by its length', () => {
  const opening = openingOf(10n, entropy);
  const members = membersOf(opening, [10n, 10n]);
  const lengths = [0, 1].map(
    (index) => proofOf(oneOutOfMany('m', members, { index, blinding: opening.blinding })).length,
  );
  expect(lengths[0]).toBe(lengths[1]);
});
