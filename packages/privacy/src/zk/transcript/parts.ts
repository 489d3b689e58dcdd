import { accept, concatBytes, type Result, refuse } from '@murmuration/core';
import { decodePoint, decodeScalar, type ElementRefusal, POINT_BYTES, type Point, scalars } from '../group/group.ts';

/** A proof: points, then scalars, 32 bytes each; how many follows from the statement, so no length travels. */
export interface Parts {
  readonly points: readonly Point[];
  /** The same as received, for the transcript. */
  readonly encoded: readonly Uint8Array[];
  readonly scalars: readonly bigint[];
}

/** Never throws: every wrong length, non-canonical or identity point and scalar ≥ the group order is a reason. */
export function readParts(proof: Uint8Array, pointCount: number, scalarCount: number): Result<Parts, ElementRefusal> {
  const wanted = partsBytes(pointCount, scalarCount);
  if (proof.length !== wanted) return refuse('wrong-length', `${proof.length} bytes, not ${wanted}`);
  const pieces = Array.from({ length: pointCount + scalarCount }, (_, i) =>
    proof.subarray(i * POINT_BYTES, (i + 1) * POINT_BYTES),
  );
  const encoded = pieces.slice(0, pointCount);
  const points: Point[] = [];
  const numbers: bigint[] = [];
  for (const piece of pieces.slice(pointCount)) {
    const scalar = decodeScalar(piece);
    if (typeof scalar === 'string') return refuse(scalar);
    numbers.push(scalar);
  }
  for (const piece of encoded) {
    const point = decodePoint(piece);
    if (typeof point === 'string') return refuse(point);
    points.push(point);
  }
  return accept({ points, encoded, scalars: numbers });
}

export function writeParts(encoded: readonly Uint8Array[], values: readonly bigint[]): Uint8Array {
  return concatBytes(...encoded, ...values.map((value) => scalars.toBytes(value)));
}

export function partsBytes(pointCount: number, scalarCount: number): number {
  return (pointCount + scalarCount) * POINT_BYTES;
}
