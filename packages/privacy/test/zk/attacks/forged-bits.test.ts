import { utf8 } from '@murmuration/core';
import { describe, expect, test } from 'vitest';
import { bitVector } from '../../../src/zk/bulletproofs/bit-vector.ts';
import { weightsTo } from '../../../src/zk/bulletproofs/bits.ts';
import { ranges } from '../../../src/zk/bulletproofs/range.ts';
import { bitEquations, corePoints } from '../../../src/zk/bulletproofs/range-core.ts';
import { vectorOpening } from '../../../src/zk/bulletproofs/vector-opening.ts';
import { decodePoint, type Point, randomScalar, scalars } from '../../../src/zk/group/group.ts';
import { commit, commitVector, openingOf, vectorBases } from '../../../src/zk/group/pedersen.ts';
import { allHold, pointOf } from '../../../src/zk/transcript/equations.ts';
import { readParts } from '../../../src/zk/transcript/parts.ts';
import { Transcript } from '../../../src/zk/transcript/transcript.ts';
import { seededEntropy, termsOf, verdict } from '../world.ts';
import { proveRogueBits, type RogueWitness } from './rogue.ts';

const entropy = seededEntropy('forged bits');

/** A transcript as it stands once a clause is named. */
function named(name: string): Transcript {
  const transcript = new Transcript('test');
  transcript.absorb('clause', utf8(name));
  return transcript;
}

describe('ranges', () => {
  /** What the verifier says where `value` is "from 0 to max" by these vectors. */
  function forged(value: bigint, max: bigint, left: readonly bigint[], right: readonly bigint[]): string {
    const opening = openingOf(value, entropy);
    const commitment = termsOf(commit(opening));
    const transcript = named('r');
    transcript.absorbNumber('items', 1);
    transcript.absorbTerms('commitment', commitment);
    transcript.absorb('max', utf8(String(max)));
    const statement = { size: left.length, sums: [{ commitment, from: 0, weights: weightsTo(max) }] };
    const witness: RogueWitness = { left, right, blindings: [opening.blinding] };
    const { proof } = proveRogueBits(statement, witness, transcript, entropy);
    return verdict(proof, ranges('r', [{ commitment, max }]));
  }
  const less = (values: readonly bigint[]) => values.map((value) => value - 1n);

  test('the forger is a true prover where its bits are bits: positive control', () => {
    expect(forged(2n, 3n, [0n, 1n], [-1n, 0n])).toBe('holds');
    expect(forged(5n, 5n, [1n, 1n, 1n, 0n], [0n, 0n, 0n, -1n])).toBe('holds');
  });

  test.each<[string, bigint, bigint, readonly bigint[]]>([
    ['4 in two bits, by a bit that is 2', 4n, 3n, [2n, 1n]],
    ['-1, by a bit that is -1', -1n, 3n, [-1n, 0n]],
    ['-1 as group order - 1, all in one bit', scalars.ORDER - 1n, 3n, [scalars.ORDER - 1n, 0n]],
    ['a half, by half a bit', scalars.inv(2n), 1n, [scalars.inv(2n)]],
    ['2^128, in the highest bit', 1n << 128n, 3n, [0n, 1n << 127n]],
    ['one above an odd bound', 6n, 5n, [0n, 2n, 1n, 0n]],
  ])('%s: the sum is right, the bit is none', (_, value, max, left) => {
    expect(forged(value, max, left, less(left))).toBe('false-proof');
  });

  test('both halves zero: left × right vanishes, but left - 1 = right does not hold', () => {
    expect(forged(4n, 3n, [2n, 1n], [0n, 0n])).toBe('false-proof');
    expect(forged(4n, 3n, [4n, 0n], [0n, -1n])).toBe('false-proof');
  });

  test('bits that are bits, of another number', () => {
    expect(forged(4n, 3n, [1n, 1n], [0n, 0n])).toBe('false-proof');
    expect(forged(3n, 3n, [1n, 0n], [0n, -1n])).toBe('false-proof');
  });

  test('errors of two equations that cancel in a plain sum do not under weights', () => {
    const opening = openingOf(2n, entropy);
    const commitment = termsOf(commit(opening));
    const statement = { size: 2, sums: [{ commitment, from: 0, weights: weightsTo(3n) }] };
    const witness = { left: [0n, 1n], right: [-1n, 0n], blindings: [opening.blinding], moved: 77n };
    const { proof } = proveRogueBits(statement, witness, new Transcript('d'), entropy);
    const parts = readParts(proof, corePoints(2), 5);
    if (!parts.ok) throw new Error(parts.reason);
    const equations = bitEquations(statement, parts.value, new Transcript('d'));
    expect(equations.map((equation) => pointOf(equation).is0())).toEqual([false, false]);
    expect(pointOf(equations.flat()).is0()).toBe(true);
    expect(allHold([{ equations, digest: new Uint8Array(32) }])).toBe(false);
  });
});

describe('a commitment to bits', () => {
  const SIZE = 4;
  const bits = [1n, 0n, 1n, 1n];
  const blinding = randomScalar(entropy);
  const [g, h] = [vectorBases('g', SIZE), vectorBases('h', SIZE)];
  const h0 = h[0] as Point;

  /**
   * A commitment to these places that also holds `hidden` times the first of the other bases, and the best proof that
   * its owner can make: A' takes the hidden part away again, so that the Bulletproof sees nothing of it.
   */
  function smuggled(hidden: bigint, places: readonly bigint[] = bits) {
    const image = termsOf(commitVector(places, blinding).add(h0.multiplyUnsafe(scalars.create(hidden))));
    const transcript = named('b');
    transcript.absorbNumber('size', SIZE);
    transcript.absorbTerms('commitment', image);
    const statement = { size: SIZE, sums: [], vector: image };
    const witness = {
      left: places,
      right: places.map((place) => place - 1n),
      blindings: [],
      vectorBlinding: blinding,
      smuggled: h0.multiplyUnsafe(scalars.create(-hidden)),
    };
    const core = proveRogueBits(statement, witness, transcript, entropy);
    const point = decodePoint(core.proof.subarray(0, 32));
    if (typeof point === 'string') throw new Error(point);
    const c = transcript.challenge('tie');
    const bases = [
      { points: g, factor: 1n },
      { points: h, factor: c },
    ] as const;
    const tied = { bases, image: [...image, ...[point, ...h].map((each) => ({ scalar: c, point: each }))] };
    const opened = {
      vector: places.map((place) => scalars.create(place)),
      blinding: scalars.add(blinding, scalars.mul(c, core.alpha)),
      valueBlinding: 0n,
    };
    const rest = vectorOpening('b, tied', tied, opened).prove(transcript, entropy);
    return { image, statement, core: core.proof, proof: Uint8Array.from([...core.proof, ...rest]) };
  }

  test('the forger is a true prover where it hides nothing: positive control', () => {
    const { image, proof } = smuggled(0n);
    expect(verdict(proof, bitVector('b', SIZE, image))).toBe('holds');
  });

  test('one that holds more than bits, in bases of the other family, is refused; the Bulletproof by itself takes it', () => {
    const { image, statement, core, proof } = smuggled(123_456_789n);
    const transcript = named('b');
    transcript.absorbNumber('size', SIZE);
    transcript.absorbTerms('commitment', image);
    const parts = readParts(core, corePoints(SIZE), 5);
    if (!parts.ok) throw new Error(parts.reason);
    const equations = bitEquations(statement, parts.value, transcript);
    expect(allHold([{ equations, digest: new Uint8Array(32) }])).toBe(true);
    expect(verdict(proof, bitVector('b', SIZE, image))).toBe('false-proof');
  });

  test.each([[[2n, 0n, 1n, 1n]], [[scalars.ORDER - 1n, 0n, 1n, 1n]], [[scalars.inv(2n), 0n, 0n, 0n]]])(
    'a place that is no bit is refused: %s',
    (places) => {
      const { image, proof } = smuggled(0n, places);
      expect(verdict(proof, bitVector('b', SIZE, image))).toBe('false-proof');
    },
  );
});
