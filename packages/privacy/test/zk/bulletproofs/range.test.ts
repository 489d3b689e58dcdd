import { utf8 } from '@murmuration/core';
import { describe, expect, test } from 'vitest';
import { bitsOf, weightsTo } from '../../../src/zk/bulletproofs/bits.ts';
import {
  proveRanges,
  type RangeStatement,
  ranges,
  verifyRangeBatch,
  verifyRanges,
} from '../../../src/zk/bulletproofs/range.ts';
import { scalars } from '../../../src/zk/group/group.ts';
import { commit, type Opening, openingOf } from '../../../src/zk/group/pedersen.ts';
import { allHold } from '../../../src/zk/transcript/equations.ts';
import { Transcript } from '../../../src/zk/transcript/transcript.ts';
import { flipBit, proofOf, seededEntropy, termsOf, verdict } from '../world.ts';

const entropy = seededEntropy('range');
const MAX_64 = (1n << 64n) - 1n;

function stated(
  values: readonly bigint[],
  maxima: readonly bigint[],
): { statement: RangeStatement; openings: Opening[] } {
  const openings = values.map((value) => openingOf(value, entropy));
  const commitments = openings.map((opening) => commit(opening).toBytes());
  return { statement: { context: utf8('test'), commitments, maxima }, openings };
}

function outcome(statement: RangeStatement, proof: Uint8Array): string {
  const result = verifyRanges(statement, proof);
  return result.ok ? 'holds' : result.reason;
}

test('bits under the weights reach each number from 0 to max, and no other: every max to 40', () => {
  for (let max = 0; max <= 40; max++) {
    const weights = weightsTo(BigInt(max));
    expect(weights.reduce((sum, weight) => sum + weight, 0n)).toBe(BigInt(max));
    for (let value = 0; value <= max; value++) {
      const bits = bitsOf(BigInt(value), BigInt(max));
      expect(bits.every((bit) => bit === 0 || bit === 1)).toBe(true);
      expect(bits.reduce((sum, bit, i) => sum + BigInt(bit) * (weights[i] ?? 0n), 0n)).toBe(BigInt(value));
    }
  }
});

test('a 64-bit proof has 672 bytes, at most 1 KB, and its extremes hold', () => {
  for (const value of [0n, MAX_64]) {
    const { statement, openings } = stated([value], [MAX_64]);
    const proof = proveRanges(statement, openings, entropy);
    expect(proof.length).toBe(672);
    expect(outcome(statement, proof)).toBe('holds');
  }
});

test('every value from 0 to an odd bound holds; one more and one less than the range are refused', () => {
  const max = 5n;
  for (const value of [0n, 3n, 4n, 5n, 6n, 7n, -1n, 1n << 200n]) {
    const opening = openingOf(value, entropy);
    const item = { commitment: termsOf(commit(opening)), max };
    const proof = proofOf(ranges('r', [{ ...item, opening }]));
    expect(verdict(proof, ranges('r', [item])), `${value}`).toBe(value >= 0n && value <= max ? 'holds' : 'false-proof');
  }
});

test('a bound of zero shows that the value is zero', () => {
  for (const value of [0n, 1n]) {
    const opening = openingOf(value, entropy);
    const item = { commitment: termsOf(commit(opening)), max: 0n };
    const proof = proofOf(ranges('r', [{ ...item, opening }]));
    expect(verdict(proof, ranges('r', [item]))).toBe(value === 0n ? 'holds' : 'false-proof');
  }
});

describe('aggregated', () => {
  const maxima = [255n, 5n, 1000n];
  const { statement, openings } = stated([255n, 0n, 999n], maxima);
  const proof = proveRanges(statement, openings, entropy);

  test('three different ranges hold in one proof', () => {
    expect(outcome(statement, proof)).toBe('holds');
  });

  test('one value out of its range spoils it, whichever it is', () => {
    for (let bad = 0; bad < 3; bad++) {
      const values = maxima.map((max, i) => (i === bad ? max + 1n : max));
      const items = values.map((value, i) => {
        const opening = openingOf(value, entropy);
        return { commitment: termsOf(commit(opening)), max: maxima[i] ?? 0n, opening };
      });
      const checked = items.map(({ commitment, max }) => ({ commitment, max }));
      expect(verdict(proofOf(ranges('r', items)), ranges('r', checked))).toBe('false-proof');
    }
  });

  test('other bounds, commitments in another order, another context and a changed commitment are refused', () => {
    const { commitments } = statement;
    const others: RangeStatement[] = [
      { ...statement, maxima: [255n, 5n, 1001n] },
      { ...statement, maxima: [254n, 5n, 1000n] },
      { ...statement, commitments: commitments.toReversed(), maxima: maxima.toReversed() },
      { ...statement, context: utf8('other') },
      { ...statement, commitments: [commitments[1] ?? proof, commitments[1] ?? proof, commitments[2] ?? proof] },
    ];
    for (const other of others) expect(outcome(other, proof)).toBe('false-proof');
  });

  test('a statement without, or with malformed, commitments is a reason', () => {
    expect(outcome({ ...statement, commitments: [] }, proof)).toBe('bad-statement');
    expect(outcome({ ...statement, maxima: [255n, 5n] }, proof)).toBe('bad-statement');
    expect(outcome({ ...statement, maxima: [255n, 5n, -1n] }, proof)).toBe('bad-statement');
    const many = new Array<Uint8Array>(64).fill(statement.commitments[0] ?? proof);
    expect(outcome({ ...statement, commitments: many, maxima: many.map(() => 1n << 128n) }, proof)).toBe(
      'bad-statement',
    );
    const identity = [new Uint8Array(32), ...statement.commitments.slice(1)];
    expect(outcome({ ...statement, commitments: identity }, proof)).toBe('identity-point');
    const torn = [new Uint8Array(31), ...statement.commitments.slice(1)];
    expect(outcome({ ...statement, commitments: torn }, proof)).toBe('wrong-length');
  });

  test('truncated, lengthened, identity points and scalars ≥ the order are reasons', () => {
    expect(outcome(statement, proof.subarray(0, proof.length - 1))).toBe('wrong-length');
    expect(outcome(statement, proof.subarray(0, proof.length - 32))).toBe('wrong-length');
    expect(outcome(statement, new Uint8Array(0))).toBe('wrong-length');
    expect(outcome(statement, Uint8Array.from([...proof, ...new Uint8Array(32)]))).toBe('wrong-length');
    const withBytes = (at: number, fill: number) => Uint8Array.from(proof).fill(fill, at, at + 32);
    expect(outcome(statement, withBytes(0, 0))).toBe('identity-point');
    expect(outcome(statement, withBytes(0, 255))).toBe('bad-point');
    expect(outcome(statement, withBytes(proof.length - 32, 255))).toBe('bad-scalar');
  });
});

test.each([
  [8, 32, (1n << 8n) - 1n],
  [64, 4, MAX_64],
])('flipped bits of a %i-bit proof are refused: a sample of %i across all elements', (_, samples, max) => {
  const { statement, openings } = stated([77n], [max]);
  const proof = proveRanges(statement, openings, entropy);
  const batch = Array.from({ length: samples }, (__, i) => {
    const bit = Math.floor(((i + 0.5) * 8 * proof.length) / samples);
    return { statement, proof: flipBit(proof, bit) };
  });
  for (const [i, result] of verifyRangeBatch(batch).entries()) expect(result.ok, `sample ${i}`).toBe(false);
});

test('a value out of range is refused by the prover, with a code', () => {
  const { statement, openings } = stated([256n], [255n]);
  expect(() => proveRanges(statement, openings, entropy)).toThrow(
    expect.objectContaining({ code: 'PRIVACY_STATEMENT_FALSE' }),
  );
});

describe('batch', () => {
  const batch = [3n, 4n, 5n, 6n].map((value) => {
    const { statement, openings } = stated([value], [255n]);
    return { statement, proof: proveRanges(statement, openings, entropy) };
  });

  test('all of an honest batch hold; an empty one is nothing', () => {
    expect(verifyRangeBatch(batch).every(({ ok }) => ok)).toBe(true);
    expect(verifyRangeBatch([])).toEqual([]);
  });

  test('the bad one is found, and the others still hold', () => {
    const [first, second, ...rest] = batch;
    if (first === undefined || second === undefined) throw new Error('a batch of four');
    const swapped = [first, { statement: second.statement, proof: first.proof }, ...rest];
    expect(verifyRangeBatch(swapped).map(({ ok }) => ok)).toEqual([true, false, true, true]);
  });

  test('errors that cancel in a plain sum do not cancel under weights', () => {
    const opening = openingOf(9n, entropy);
    const point = commit(opening);
    const error = (sign: bigint) => ({ scalar: scalars.create(sign * 5n), point });
    const pending = [1n, -1n].map((sign) => ({
      equations: [[error(sign)]],
      digest: new Transcript(String(sign)).bytes(32),
    }));
    expect(
      allHold([{ equations: [pending.flatMap(({ equations }) => equations.flat())], digest: new Uint8Array(32) }]),
    ).toBe(true);
    expect(allHold(pending)).toBe(false);
  });
});
