import { utf8 } from '@murmuration/core';
import { describe, expect, test } from 'vitest';
import { proveInnerProduct } from '../../../src/zk/bulletproofs/inner-product.ts';
import { vectorOpening } from '../../../src/zk/bulletproofs/vector-opening.ts';
import type { Clause } from '../../../src/zk/clause.ts';
import { type Point, randomScalar, scalars } from '../../../src/zk/group/group.ts';
import { publicMsm } from '../../../src/zk/group/msm.ts';
import {
  BLINDING_BASE,
  commit,
  commitVector,
  type Opening,
  openingOf,
  VALUE_BASE,
  vectorBases,
} from '../../../src/zk/group/pedersen.ts';
import { innerProduct } from '../../../src/zk/group/vectors.ts';
import { nonZero } from '../../../src/zk/sigma/linear-relation.ts';
import { oneOutOfMany } from '../../../src/zk/sigma/one-out-of-many.ts';
import { pointOf, type Term } from '../../../src/zk/transcript/equations.ts';
import { writeParts } from '../../../src/zk/transcript/parts.ts';
import { Transcript } from '../../../src/zk/transcript/transcript.ts';
import { seededEntropy, termsOf, verdict } from '../world.ts';

const entropy = seededEntropy('forged members');
const fresh = () => randomScalar(entropy);

function named(name: string): Transcript {
  const transcript = new Transcript('test');
  transcript.absorb('clause', utf8(name));
  return transcript;
}

/** Which of a proof's equations hold. */
function equationsOf(clause: Clause, proof: Uint8Array): readonly boolean[] {
  const read = clause.read(named(clause.name), proof);
  if (!read.ok) throw new Error(read.reason);
  return read.value.map((equation) => pointOf(equation).is0());
}

describe('one out of two', () => {
  /** "The opening's value is one of these two." */
  function membersOf(opening: Opening, values: readonly [bigint, bigint]): Term[][] {
    const point = commit(opening);
    return values.map((value) => [
      { scalar: 1n, point },
      { scalar: scalars.neg(value), point: VALUE_BASE },
    ]);
  }

  /** The prover of Groth and Kohlweiss for an index that may be any scalar: it weighs both members with it. */
  function forge(members: readonly Term[][], index: bigint, blinding: bigint): Uint8Array {
    const transcript = named('m');
    for (const member of members) transcript.absorbTerms('member', member);
    const [r, a, s, t, rho] = [fresh(), fresh(), fresh(), fresh(), fresh()];
    const [low, high] = members.map((terms) => pointOf(terms)) as [Point, Point];
    // Σ weights = index·high + (1 - index)·low, times x, plus a·(high - low).
    const D = publicMsm([high, low, BLINDING_BASE], [a, scalars.neg(a), rho]);
    const points = [
      commit({ value: index, blinding: r }),
      commit({ value: a, blinding: s }),
      commit({ value: scalars.mul(index, a), blinding: t }),
      D,
    ].map((point) => point.toBytes());
    for (const point of points) transcript.absorb('say', point);
    const x = transcript.challenge('x');
    const f = scalars.create(index * x + a);
    const za = scalars.create(r * x + s);
    const zb = scalars.create(r * (x - f) + t);
    const zd = scalars.create(blinding * x - rho);
    return writeParts(points, [f, za, zb, zd]);
  }

  test('the forger is a true prover for a true index: positive control', () => {
    for (const index of [0, 1] as const) {
      const opening = openingOf(([10n, 11n] as const)[index], entropy);
      const members = membersOf(opening, [10n, 11n]);
      expect(verdict(forge(members, BigInt(index), opening.blinding), oneOutOfMany('m', members))).toBe('holds');
    }
  });

  test('an index between the two, under which neither member but their mean is zero, breaks the bit alone', () => {
    const opening = openingOf(99n, entropy);
    const members = membersOf(opening, [10n, 11n]);
    // index·(99 - 11) + (1 - index)·(99 - 10) = 0
    const proof = forge(members, 89n, opening.blinding);
    const clause = oneOutOfMany('m', members);
    expect(equationsOf(clause, proof)).toEqual([true, false, true]);
    expect(verdict(proof, clause)).toBe('false-proof');
  });

  test('a true bit for the wrong member breaks the sum alone', () => {
    const opening = openingOf(99n, entropy);
    const members = membersOf(opening, [10n, 11n]);
    const proof = forge(members, 1n, opening.blinding);
    expect(equationsOf(oneOutOfMany('m', members), proof)).toEqual([true, true, false]);
  });
});

describe('not zero', () => {
  test('two commitments to one value: their difference is refused, also as the same point twice', () => {
    const [one, other] = [openingOf(7n, entropy), openingOf(7n, entropy)];
    for (const second of [other, one]) {
      const difference = commit(one).subtract(commit(second));
      const opening = { value: 0n, blinding: scalars.sub(one.blinding, second.blinding) };
      for (const claimed of [opening, { ...opening, value: 1n }]) {
        const proof = nonZero('n', difference, claimed).prove(named('n'), entropy);
        expect(verdict(proof, nonZero('n', difference))).toBe('false-proof');
      }
    }
  });
});

describe('vector opening', () => {
  const SIZE = 2;
  const g = vectorBases('g', SIZE);
  const coefficients = [3n, 5n];
  /** Orthogonal to the form. */
  const kernel = [5n, scalars.create(-3n)];

  /**
   * A value that is no commitment over G and H: it also holds a vector over the g's that the form does not see. The
   * prover adds that vector to what it opens, weighed as the verifier weighs the value.
   */
  function smuggle(hidden: bigint) {
    const vector = [2n, 4n];
    const [rho, beta, kappa, eta] = [fresh(), fresh(), fresh(), fresh()];
    const mask = [fresh(), fresh()];
    const extra = kernel.map((place) => scalars.mul(place, hidden));
    const value = commit({ value: innerProduct(coefficients, vector), blinding: beta }).add(publicMsm(g, extra));
    const image = termsOf(commitVector(vector, rho));
    const bases = [{ points: g, factor: 1n }] as const;
    const clause = vectorOpening('v', { bases, image, form: { coefficients, value: termsOf(value) } });
    const transcript = named('v');
    const onG = g.map((point) => ({ scalar: 1n, point }));
    transcript.absorbTerms('bases', onG);
    transcript.absorbTerms('image', image);
    transcript.absorbScalars('coefficients', coefficients);
    transcript.absorbTerms('value', termsOf(value));
    const said = [
      publicMsm([...g, BLINDING_BASE], [...mask, kappa]).toBytes(),
      commit({ value: innerProduct(coefficients, mask), blinding: eta }).toBytes(),
    ];
    for (const point of said) transcript.absorb('T', point);
    const c = transcript.challenge('c');
    const masked = mask.map((nonce, i) => scalars.create(nonce + c * (vector[i] as bigint)));
    const answers = [
      scalars.create(kappa + c * rho),
      scalars.create(eta + c * beta),
      innerProduct(coefficients, masked),
    ];
    transcript.absorbScalars('z', answers);
    const q = { scalar: transcript.challenge('w'), point: VALUE_BASE };
    const inner = proveInnerProduct({ g, h: [], hFactors: [], q }, masked, coefficients, transcript);
    return { clause, proof: writeParts([...said, ...inner.said], [...answers, inner.a]) };
  }

  test('the forger is a true prover where the value hides nothing: positive control', () => {
    const { clause, proof } = smuggle(0n);
    expect(verdict(proof, clause)).toBe('holds');
  });

  test('a value with a part in the bases that the form does not see breaks the value alone', () => {
    const { clause, proof } = smuggle(6n);
    expect(equationsOf(clause, proof)).toEqual([true, false]);
    expect(verdict(proof, clause)).toBe('false-proof');
  });
});
