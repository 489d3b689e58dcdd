import { accept, assert, concatBytes } from '@murmuration/core';
import { type RangeItem, ranges } from '../bulletproofs/range.ts';
import { vectorOpening } from '../bulletproofs/vector-opening.ts';
import type { Clause } from '../clause.ts';
import { type Point, scalars } from '../group/group.ts';
import { commit, type Opening, openingOf, VALUE_BASE, vectorBases } from '../group/pedersen.ts';
import { innerProduct, powers } from '../group/vectors.ts';
import { partsBytes, readParts } from '../transcript/parts.ts';
import { Transcript } from '../transcript/transcript.ts';

export interface NormBound {
  /** r rows of -1, 0 and 1, as long as the vector, a power of two; from `drawRows`. */
  readonly rows: readonly Int8Array[];
  /** k: each projection is in [-2^(k-1), 2^(k-1)). */
  readonly boundBits: number;
}

export interface VectorSecrets {
  readonly vector: readonly bigint[];
  readonly blinding: bigint;
}

/**
 * "The committed vector's inner product with each of r rows is from -2^(k-1) to 2^(k-1) - 1, modulo the group order."
 *
 * Says a commitment to each projection, shows their ranges in one Bulletproof, and that a random combination of them
 * is the same combination of the vector.
 */
export function normBound(name: string, update: Point, bound: NormBound, secrets?: VectorSecrets): Clause {
  const { rows, boundBits } = bound;
  const [projections, length] = [rows.length, rows[0]?.length ?? 0];
  const half = 1n << BigInt(boundBits - 1);
  const max = 2n * half - 1n;
  const shift = { scalar: half, point: VALUE_BASE };
  const rangesOf = (said: readonly Point[], openings?: readonly Opening[]) =>
    ranges(
      `${name}, ranges`,
      said.map((point, j) => itemOf(point, openings?.[j])),
    );
  const itemOf = (point: Point, opening?: Opening): RangeItem => {
    const item = { commitment: [{ scalar: 1n, point }, shift], max };
    if (opening === undefined) return item;
    return { ...item, opening: { value: scalars.add(opening.value, half), blinding: opening.blinding } };
  };
  const opensTo = (said: readonly Point[], c: bigint, openings?: readonly Opening[]) => {
    const weights = powers(c, projections);
    const statement = {
      bases: [{ points: vectorBases('g', length), factor: 1n }] as const,
      image: [{ scalar: 1n, point: update }],
      form: {
        coefficients: combineRows(rows, weights, length),
        value: said.map((point, j) => ({ scalar: weights[j] as bigint, point })),
      },
    };
    if (secrets === undefined || openings === undefined) return vectorOpening(`${name}, combined`, statement);
    const valueBlinding = innerProduct(
      weights,
      openings.map(({ blinding }) => blinding),
    );
    return vectorOpening(`${name}, combined`, statement, { ...secrets, valueBlinding });
  };
  const bind = (transcript: Transcript) => {
    transcript.absorbNumber('bits of a projection', boundBits);
    transcript.absorbNumber('projections', projections);
    for (const row of rows) transcript.absorb('row', new Uint8Array(row.buffer, row.byteOffset, row.length));
    transcript.absorbPoint('vector', update);
  };
  const headBytes = partsBytes(projections, 0);
  const rangeBytes = rangesOf(new Array<Point>(projections).fill(update)).proofBytes;
  const tailBytes = partsBytes(2 + 2 * Math.log2(length), 4);
  return {
    name,
    proofBytes: headBytes + rangeBytes + tailBytes,
    prove: (transcript, entropy) => {
      bind(transcript);
      assert(secrets?.vector.length === length, `${name} is proven with its vector`);
      const masks = transcript.masks(entropy, [...secrets.vector, secrets.blinding]);
      const openings = project(rows, secrets.vector).map((value) => openingOf(value, masks));
      const said = openings.map(commit);
      const encoded = said.map((point) => point.toBytes());
      for (const point of encoded) transcript.absorb('projection', point);
      const ranged = rangesOf(said, openings).prove(transcript, entropy);
      const c = transcript.challenge('combine');
      return concatBytes(...encoded, ranged, opensTo(said, c, openings).prove(transcript, entropy));
    },
    read: (transcript, proof) => {
      bind(transcript);
      const head = readParts(proof.subarray(0, headBytes), projections, 0);
      if (!head.ok) return head;
      for (const point of head.value.encoded) transcript.absorb('projection', point);
      const said = head.value.points;
      const ranged = rangesOf(said).read(transcript, proof.subarray(headBytes, headBytes + rangeBytes));
      if (!ranged.ok) return ranged;
      const c = transcript.challenge('combine');
      const opened = opensTo(said, c).read(transcript, proof.subarray(headBytes + rangeBytes));
      return opened.ok ? accept([...ranged.value, ...opened.value]) : opened;
    },
  };
}

/**
 * r rows of -1, 0 and 1 with chances 1/4, 1/2, 1/4, for a vector that was committed to before `seed` was known: they
 * must not follow from anything that the prover can still choose, or it tries until they suit it.
 *
 * Signs alone would do for whole numbers, but not modulo the group order: two places that hold 1/2 add up to a whole
 * number under all signs. With zeros some pair of rows differs by one place alone, so a place that is not small fails
 * every other row.
 */
export function drawRows(seed: Uint8Array, projections: number, length: number): Int8Array[] {
  const transcript = new Transcript('projections');
  transcript.absorb('seed', seed);
  const rowBytes = Math.ceil(length / 4);
  const bytes = transcript.bytes(projections * rowBytes);
  return Array.from({ length: projections }, (_, j) =>
    Int8Array.from({ length }, (_, i) => {
      const pair = (bytes[j * rowBytes + (i >> 2)] as number) >> (2 * (i & 3));
      return (pair & 1) - ((pair >> 1) & 1);
    }),
  );
}

/** The inner product of the vector with each row. */
export function project(rows: readonly Int8Array[], vector: readonly bigint[]): bigint[] {
  return rows.map((row) => vector.reduce((sum, value, i) => sum + BigInt(row[i] as number) * value, 0n));
}

/** Σⱼ weightⱼ × rowⱼ, for each place. */
function combineRows(rows: readonly Int8Array[], weights: readonly bigint[], length: number): bigint[] {
  return Array.from({ length }, (_, i) =>
    scalars.create(rows.reduce((sum, row, j) => sum + BigInt(row[i] as number) * (weights[j] as bigint), 0n)),
  );
}
