import { utf8 } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { expect, test } from 'vitest';
import { bitVector } from '../../../src/zk/bulletproofs/bit-vector.ts';
import { ranges } from '../../../src/zk/bulletproofs/range.ts';
import { vectorOpening } from '../../../src/zk/bulletproofs/vector-opening.ts';
import { circuitClause } from '../../../src/zk/circuit/clause.ts';
import { mustNotBeZero } from '../../../src/zk/circuit/gadgets.ts';
import type { Clause } from '../../../src/zk/clause.ts';
import { decodePoint, randomScalar, scalars } from '../../../src/zk/group/group.ts';
import { commit, VALUE_BASE, vectorBases } from '../../../src/zk/group/pedersen.ts';
import { linearRelation, nonZero } from '../../../src/zk/sigma/linear-relation.ts';
import { oneOutOfMany } from '../../../src/zk/sigma/one-out-of-many.ts';
import { type Equation, pointOf } from '../../../src/zk/transcript/equations.ts';
import { Transcript } from '../../../src/zk/transcript/transcript.ts';
import { seededEntropy, termsOf, verdict } from '../world.ts';
import { blankProof } from './challenges.ts';

const entropy = seededEntropy('simulated');

/** A verifier whose challenges are known before a word is said. */
class Foreseen extends Transcript {
  #count = 0;

  override challenge(): bigint {
    return BigInt(`0x${Buffer.from(sha3_256(utf8(`challenge ${this.#count++}`))).toString('hex')}`) % scalars.ORDER;
  }
}

function read(clause: Clause, proof: Uint8Array): readonly Equation[] {
  const result = clause.read(new Foreseen('test'), proof);
  if (!result.ok) throw new Error(`${clause.name}: ${result.reason}`);
  return result.value;
}

/** Random elements, then each equation solved for one of its points: no secret is needed, and none exists. */
function simulate(clause: Clause, pointPlaces: readonly number[], solvedFor: readonly number[]): Uint8Array {
  const proof = blankProof(clause);
  for (let place = 0; place < proof.length / 32; place++) {
    const random = randomScalar(entropy);
    const isPoint = pointPlaces.includes(place);
    proof.set(isPoint ? VALUE_BASE.multiply(random).toBytes() : scalars.toBytes(random), 32 * place);
  }
  for (const [k, place] of solvedFor.entries()) {
    const encoded = proof.subarray(32 * place, 32 * (place + 1));
    const unknown = decodePoint(encoded);
    const equation = read(clause, proof)[k] ?? [];
    if (typeof unknown === 'string') throw new Error(unknown);
    const [mine, others] = [true, false].map((wanted) =>
      equation.filter((term) => term.point.equals(unknown) === wanted),
    );
    const factor = (mine ?? []).reduce((sum, { scalar }) => scalars.add(sum, scalar), 0n);
    encoded.set(
      pointOf(others ?? [])
        .multiply(scalars.inv(scalars.neg(factor)))
        .toBytes(),
    );
  }
  return proof;
}

const places = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const g2 = [{ points: vectorBases('g', 2), factor: 1n }] as const;
/** Nobody knows what these hold, and most of what is said of them is false. */
const [P, Q] = [commit({ value: 5n, blinding: 6n }), commit({ value: 7n, blinding: 8n })];
const SPECIMENS: readonly (readonly [string, Clause, readonly number[], readonly number[]])[] = [
  ['knowledge', linearRelation('k', [{ image: termsOf(P), bases: [{ secret: 0, base: VALUE_BASE }] }]), [0], [0]],
  ['not zero', nonZero('n', P), [0], [0]],
  ['one out of two', oneOutOfMany('m', [termsOf(P), termsOf(Q)]), places(0, 4), [1, 2, 3]],
  ['Bulletproof', ranges('r', [{ commitment: termsOf(P), max: 3n }]), places(0, 6), [2, 1]],
  [
    'vector opening',
    vectorOpening('v', { bases: g2, image: termsOf(P), form: { coefficients: [1n, 2n], value: termsOf(Q) } }),
    places(0, 4),
    [0, 1],
  ],
  ['bit vector', bitVector('b', 2, termsOf(P)), [...places(0, 6), ...places(11, 14)], [2, 1, 11]],
  [
    'circuit',
    circuitClause('c', (builder, [x]) => void (x && mustNotBeZero(builder, x)), [termsOf(P)]),
    places(0, 8),
    [3, 2],
  ],
];

test.each(SPECIMENS)(
  '%s: who foresees the challenges convinces without a secret, so a proof shows nothing but that nobody could',
  (_, clause, pointPlaces, solvedFor) => {
    const proof = simulate(clause, pointPlaces, solvedFor);
    expect(read(clause, proof).map((equation) => pointOf(equation).is0())).toEqual(solvedFor.map(() => true));
    expect(verdict(proof, clause)).toBe('false-proof');
  },
);
