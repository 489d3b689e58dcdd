import { accept, assert, concatBytes } from '@murmuration/core';
import type { Clause } from '../clause.ts';
import { type Point, scalars } from '../group/group.ts';
import { commit, type Opening, openingOf } from '../group/pedersen.ts';
import { nonZero } from '../sigma/linear-relation.ts';
import { oneOutOfMany } from '../sigma/one-out-of-many.ts';
import type { Equation } from '../transcript/equations.ts';
import { partsBytes, readParts } from '../transcript/parts.ts';

/** Which commitments are shown to differ. */
export interface DistinctWitness {
  readonly openings: readonly Opening[];
  readonly chosen: readonly number[];
}

/**
 * "At least `count` of these commitments hold values that are not zero and pairwise distinct", without saying which.
 * Fresh commitments B₁… are said; each is shown to hold the value of one of the list (one-out-of-many over their
 * differences) and not to be zero, and so is each difference of two.
 */
export function distinctValues(
  name: string,
  commitments: readonly Point[],
  count: number,
  witness?: DistinctWitness,
): Clause {
  const steps = (said: readonly Point[], fresh?: readonly Opening[]): Clause[] => [
    ...said.map((point, k) => memberOf(`${name}, ${k} is of the list`, commitments, point, k, witness, fresh)),
    ...said.map((point, k) => nonZero(`${name}, ${k} is not zero`, point, fresh?.[k])),
    ...pairs(count).map(([i, j]) => {
      const difference = (said[i] as Point).subtract(said[j] as Point);
      const opening = fresh && minus(fresh[i] as Opening, fresh[j] as Opening);
      return nonZero(`${name}, ${i} is not ${j}`, difference, opening);
    }),
  ];
  const list = commitments.map((point) => ({ scalar: 1n, point }));
  const lengths = steps(commitments.slice(0, count)).map(({ proofBytes }) => proofBytes);
  return {
    name,
    proofBytes: partsBytes(count, 0) + lengths.reduce((sum, length) => sum + length, 0),
    prove: (transcript, entropy) => {
      transcript.absorbNumber('count', count);
      transcript.absorbTerms('list', list);
      assert(witness?.chosen.length === count, `${name} is proven with ${count} places`);
      const masks = transcript.masks(
        entropy,
        witness.openings.flatMap(({ value, blinding }) => [value, blinding]),
      );
      const fresh = witness.chosen.map((i) => openingOf((witness.openings[i] as Opening).value, masks));
      const said = fresh.map(commit);
      const encoded = said.map((point) => point.toBytes());
      for (const point of encoded) transcript.absorb('B', point);
      return concatBytes(...encoded, ...steps(said, fresh).map((step) => step.prove(transcript, entropy)));
    },
    read: (transcript, proof) => {
      transcript.absorbNumber('count', count);
      transcript.absorbTerms('list', list);
      const head = readParts(proof.subarray(0, partsBytes(count, 0)), count, 0);
      if (!head.ok) return head;
      for (const point of head.value.encoded) transcript.absorb('B', point);
      const equations: Equation[] = [];
      let at = partsBytes(count, 0);
      for (const step of steps(head.value.points)) {
        const read = step.read(transcript, proof.subarray(at, at + step.proofBytes));
        if (!read.ok) return read;
        equations.push(...read.value);
        at += step.proofBytes;
      }
      return accept(equations);
    },
  };
}

function memberOf(
  name: string,
  commitments: readonly Point[],
  point: Point,
  k: number,
  witness?: DistinctWitness,
  fresh?: readonly Opening[],
): Clause {
  const members = commitments.map((commitment) => [
    { scalar: 1n, point: commitment },
    { scalar: scalars.neg(1n), point },
  ]);
  if (witness === undefined || fresh === undefined) return oneOutOfMany(name, members);
  const index = witness.chosen[k] as number;
  const { blinding } = minus(witness.openings[index] as Opening, fresh[k] as Opening);
  return oneOutOfMany(name, members, { index, blinding });
}

function minus(a: Opening, b: Opening): Opening {
  return { value: scalars.sub(a.value, b.value), blinding: scalars.sub(a.blinding, b.blinding) };
}

function pairs(count: number): (readonly [number, number])[] {
  const all: [number, number][] = [];
  for (let i = 0; i < count; i++) for (let j = i + 1; j < count; j++) all.push([i, j]);
  return all;
}
