import { accept, concatBytes, type Result, refuse, utf8 } from '@murmuration/core';
import { hkdfSha256, sha3_256, wipe } from '@murmuration/crypto';
import { decodePoint, POINT_BYTES, type Point, scalarFromWide, scalars } from '../zk/group/group.ts';
import { BLINDING_BASE, VALUE_BASE } from '../zk/group/pedersen.ts';
import { commitShort } from '../zk/group/short-commit.ts';
import type { Equation } from '../zk/transcript/equations.ts';
import type { AggregationPlan } from './plan.ts';
import type { Projections } from './projections.ts';

const BLINDING = utf8('murmur/secure-aggregation/mask-blinding/1');
const CONTEXT = utf8('murmur/secure-aggregation/norm-proof/1');

/** What opens the commitments to the projections of one mask. Whoever has its seed and the challenge finds it. */
export interface MaskOpening {
  readonly values: readonly number[];
  readonly blindings: readonly bigint[];
}

/** Both ends of a pair come to the same openings, so to the same commitments, without a word. */
export function openMask(seed: Uint8Array, challenge: Uint8Array, projections: Projections): MaskOpening {
  const wide = hkdfSha256(seed, challenge, BLINDING, 64);
  const blindings = Array.from({ length: projections.count }, (_, j) => {
    const bytes = hkdfSha256(wide, challenge, concatBytes(BLINDING, Uint8Array.of(j)), 64);
    const blinding = scalarFromWide(bytes);
    wipe(bytes);
    return blinding;
  });
  wipe(wide);
  return { values: projections.ofMask(seed), blindings };
}

export function commitMask({ values, blindings }: MaskOpening): Point[] {
  return values.map((value, j) => commitShort(value, blindings[j] as bigint));
}

/** The commitments are to this opening, as equations that must hold. */
export function openingEquations(commitments: readonly Point[], { values, blindings }: MaskOpening): Equation[] {
  return commitments.map((point, j) => [
    { scalar: 1n, point },
    { scalar: scalars.neg(BigInt(values[j] as number)), point: VALUE_BASE },
    { scalar: scalars.neg(blindings[j] as bigint), point: BLINDING_BASE },
  ]);
}

export function encodePoints(points: readonly Point[]): Uint8Array {
  return concatBytes(...points.map((point) => point.toBytes()));
}

/** Never throws. */
export function decodePoints(bytes: Uint8Array, count: number): Result<readonly Point[]> {
  if (bytes.length !== count * POINT_BYTES) return refuse('wrong-length', `${bytes.length} bytes of commitments`);
  const points: Point[] = [];
  for (let i = 0; i < count; i++) {
    const point = decodePoint(bytes.subarray(i * POINT_BYTES, (i + 1) * POINT_BYTES));
    if (typeof point === 'string') return refuse(point);
    points.push(point);
  }
  return accept(points);
}

/** Binds a proof to plan, member, challenge and masked vector. */
export function proofContext(
  plan: AggregationPlan,
  member: number,
  challenge: Uint8Array,
  words: Int32Array,
): Uint8Array {
  const number = new Uint8Array(4);
  new DataView(number.buffer).setUint32(0, member);
  const vector = sha3_256(new Uint8Array(words.buffer, words.byteOffset, words.byteLength));
  return sha3_256(CONTEXT, plan.digest, number, challenge, vector);
}
