import { accept, assert } from '@murmuration/core';
import type { Clause } from '../clause.ts';
import { decodePoint, POINT_BYTES, type Point, scalars } from '../group/group.ts';
import { vectorBases } from '../group/pedersen.ts';
import type { Term } from '../transcript/equations.ts';
import { partsBytes, readParts } from '../transcript/parts.ts';
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
 * The Bulletproof's point A is the commitment plus A', which travels. A second proof shows that A' has no part in the
 * bases g: so the bits that the Bulletproof speaks of are those of the commitment.
 */
export function bitVector(name: string, size: number, commitment: readonly Term[], witness?: BitVectorWitness): Clause {
  const coreBytes = partsBytes(corePoints(size), CORE_SCALARS);
  const bases = vectorBases('h', size);
  const statement = { size, sums: [], vector: commitment };
  const tail = (point: Point, opened?: VectorWitness) =>
    vectorOpening(`${name}, tied`, { bases, image: [{ scalar: 1n, point }] }, opened);
  return {
    name,
    proofBytes: coreBytes + partsBytes(1 + 2 * Math.log2(size), 2),
    prove: (transcript, entropy) => {
      transcript.absorbTerms('commitment', commitment);
      assert(witness !== undefined, `${name} is proven with its bits`);
      const { bits, blinding } = witness;
      const core = proveBits(statement, { bits, blindings: [], vectorBlinding: blinding }, transcript, entropy);
      const point = decodePoint(core.proof.subarray(0, POINT_BYTES));
      assert(typeof point === 'object', 'a point that we encoded');
      const vector = bits.map((bit) => scalars.create(BigInt(bit) - 1n));
      const opened = { vector, blinding: core.alpha, valueBlinding: 0n };
      const rest = tail(point, opened).prove(transcript, entropy);
      const whole = new Uint8Array(core.proof.length + rest.length);
      whole.set(core.proof);
      whole.set(rest, core.proof.length);
      return whole;
    },
    read: (transcript, proof) => {
      transcript.absorbTerms('commitment', commitment);
      const parts = readParts(proof.subarray(0, coreBytes), corePoints(size), CORE_SCALARS);
      if (!parts.ok) return parts;
      const equations = bitEquations(statement, parts.value, transcript);
      const rest = tail(parts.value.points[0] as Point).read(transcript, proof.subarray(coreBytes));
      return rest.ok ? accept([...equations, ...rest.value]) : rest;
    },
  };
}
