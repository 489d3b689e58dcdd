import { accept, assert, concatBytes } from '@murmuration/core';
import type { Clause } from '../clause.ts';
import { decodePoint, POINT_BYTES, type Point, scalars } from '../group/group.ts';
import { vectorBases } from '../group/pedersen.ts';
import type { Term } from '../transcript/equations.ts';
import { partsBytes, readParts } from '../transcript/parts.ts';
import type { Transcript } from '../transcript/transcript.ts';
import { bitEquations, CORE_SCALARS, corePoints, proveBits } from './range-core.ts';
import { type VectorWitness, vectorOpening } from './vector-opening.ts';

export interface BitVectorWitness {
  /** 0 or 1 each. */
  readonly bits: readonly number[];
  readonly blinding: bigint;
}

/**
 * "This vector commitment Σ bᵢ·gᵢ + blinding·H holds only bits", for `size` of them, a power of two.
 *
 * The Bulletproof's point A is the commitment V plus a point A', which travels. A second proof ties the two: for a
 * challenge c drawn after A', V + c·(A' + Σ hᵢ) opens over the bases gᵢ + c·hᵢ. So A' has no part in the g's, whose
 * bits are V's then; and V none in the h's, which the Bulletproof by itself would let it have.
 */
export function bitVector(name: string, size: number, commitment: readonly Term[], witness?: BitVectorWitness): Clause {
  const coreBytes = partsBytes(corePoints(size), CORE_SCALARS);
  const [g, h] = [vectorBases('g', size), vectorBases('h', size)];
  const statement = { size, sums: [], vector: commitment };
  const bind = (transcript: Transcript) => {
    transcript.absorbNumber('size', size);
    transcript.absorbTerms('commitment', commitment);
  };
  const tie = (point: Point, c: bigint, opened?: VectorWitness) => {
    const image = [...commitment, ...[point, ...h].map((each) => ({ scalar: c, point: each }))];
    const bases = [
      { points: g, factor: 1n },
      { points: h, factor: c },
    ] as const;
    return vectorOpening(`${name}, tied`, { bases, image }, opened);
  };
  return {
    name,
    proofBytes: coreBytes + partsBytes(1 + 2 * Math.log2(size), 2),
    prove: (transcript, entropy) => {
      bind(transcript);
      assert(witness !== undefined, `${name} is proven with its bits`);
      const { bits, blinding } = witness;
      const core = proveBits(statement, { bits, blindings: [], vectorBlinding: blinding }, transcript, entropy);
      const point = decodePoint(core.proof.subarray(0, POINT_BYTES));
      assert(typeof point === 'object', 'a point that we encoded');
      const c = transcript.challenge('tie');
      const both = scalars.add(blinding, scalars.mul(c, core.alpha));
      const opened = { vector: bits.map(BigInt), blinding: both, valueBlinding: 0n };
      return concatBytes(core.proof, tie(point, c, opened).prove(transcript, entropy));
    },
    read: (transcript, proof) => {
      bind(transcript);
      const parts = readParts(proof.subarray(0, coreBytes), corePoints(size), CORE_SCALARS);
      if (!parts.ok) return parts;
      const equations = bitEquations(statement, parts.value, transcript);
      const c = transcript.challenge('tie');
      const rest = tie(parts.value.points[0] as Point, c).read(transcript, proof.subarray(coreBytes));
      return rest.ok ? accept([...equations, ...rest.value]) : rest;
    },
  };
}
