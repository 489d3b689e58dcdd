import { describe, expect, test } from 'vitest';
import { bitVector } from '../../../src/zk/bulletproofs/bit-vector.ts';
import { vectorOpening } from '../../../src/zk/bulletproofs/vector-opening.ts';
import { randomScalar } from '../../../src/zk/group/group.ts';
import { commit, commitVector, openingOf, vectorBases } from '../../../src/zk/group/pedersen.ts';
import { innerProduct } from '../../../src/zk/group/vectors.ts';
import { flipBit, proofOf, seededEntropy, termsOf, verdict } from '../world.ts';

const entropy = seededEntropy('vectors');

describe('opening of a vector with a linear form', () => {
  const vector = [3n, 1n, 4n, 1n, 5n, 9n, 2n, 6n];
  const coefficients = [2n, 7n, 1n, 8n, 2n, 8n, 1n, 8n];
  const blinding = randomScalar(entropy);
  const value = openingOf(innerProduct(vector, coefficients), entropy);
  const statement = {
    bases: [{ points: vectorBases('g', 8), factor: 1n }] as const,
    image: termsOf(commitVector(vector, blinding)),
    form: { coefficients, value: termsOf(commit(value)) },
  };
  const witness = { vector, blinding, valueBlinding: value.blinding };

  test('the vector that was committed to convinces', () => {
    expect(verdict(proofOf(vectorOpening('v', statement, witness)), vectorOpening('v', statement))).toBe('holds');
  });

  test('another vector, blinding, value or form is refused', () => {
    const liars = [
      { ...witness, vector: [4n, ...vector.slice(1)] },
      { ...witness, blinding: blinding + 1n },
      { ...witness, valueBlinding: value.blinding + 1n },
    ];
    for (const liar of liars) {
      expect(verdict(proofOf(vectorOpening('v', statement, liar)), vectorOpening('v', statement))).toBe('false-proof');
    }
    const wrongValue = { ...statement, form: { coefficients, value: termsOf(commit({ ...value, value: 1n })) } };
    const forged = proofOf(vectorOpening('v', wrongValue, witness));
    expect(verdict(forged, vectorOpening('v', wrongValue))).toBe('false-proof');
    const otherForm = { ...statement, form: { ...statement.form, coefficients: coefficients.toReversed() } };
    expect(verdict(proofOf(vectorOpening('v', statement, witness)), vectorOpening('v', otherForm))).toBe('false-proof');
  });

  test('flipped bits are refused', () => {
    const proof = proofOf(vectorOpening('v', statement, witness));
    for (let bit = 0; bit < 8 * proof.length; bit += 131) {
      expect(verdict(flipBit(proof, bit), vectorOpening('v', statement)), `bit ${bit}`).not.toBe('holds');
    }
  });
});

describe('vector of bits', () => {
  const bits = [1, 0, 0, 1, 1, 1, 0, 1];
  const blinding = randomScalar(entropy);
  const attempt = (committed: readonly bigint[], claimed: readonly number[]) => {
    const image = termsOf(commitVector(committed, blinding));
    return verdict(proofOf(bitVector('b', 8, image, { bits: claimed, blinding })), bitVector('b', 8, image));
  };

  test('bits convince, all zeros and all ones too', () => {
    for (const vector of [bits, bits.map(() => 0), bits.map(() => 1)]) {
      expect(attempt(vector.map(BigInt), vector)).toBe('holds');
    }
  });

  test('a place that is no bit is refused, whichever bits are claimed', () => {
    for (const bad of [2n, -1n]) {
      const committed = bits.map((bit, i) => (i === 3 ? bad : BigInt(bit)));
      expect(attempt(committed, bits)).toBe('false-proof');
      expect(attempt(committed, committed.map(Number))).toBe('false-proof');
    }
  });

  test('a true proof does not move to another commitment', () => {
    const image = termsOf(commitVector(bits.map(BigInt), blinding));
    const other = termsOf(commitVector(bits.map(BigInt), blinding + 1n));
    expect(verdict(proofOf(bitVector('b', 8, image, { bits, blinding })), bitVector('b', 8, other))).toBe(
      'false-proof',
    );
  });
});
