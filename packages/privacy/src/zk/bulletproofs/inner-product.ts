import { assert } from '@murmuration/core';
import { type Point, scalars } from '../group/group.ts';
import { publicMsm } from '../group/msm.ts';
import { innerProduct } from '../group/vectors.ts';
import type { Term } from '../transcript/equations.ts';
import type { Transcript } from '../transcript/transcript.ts';

/** Foldings of the vectors before the bases are folded too: three at once cost a third of one by one. */
const ROUNDS_A_FOLD = 3;

/**
 * P = Σ aᵢ·gᵢ + Σ bᵢ·factorᵢ·hᵢ + <a, b>·q for vectors a, b of length n, a power of two. There may be several times n
 * of g: those that are n apart stand in one place, each with its factor. Not zero knowledge: a and b
 * are no secrets here (a Bulletproof has masked them), so variable-time arithmetic is right.
 */
export interface InnerProductBases {
  readonly g: readonly Point[];
  /** One for each of g. @default ones */
  readonly gFactors?: readonly bigint[];
  /** Empty where b is public. */
  readonly h: readonly Point[];
  /** One for each of h. */
  readonly hFactors: readonly bigint[];
  /** q = weight × point. */
  readonly q: Term;
}

export interface InnerProductProof {
  /** L and R of each round, as encoded. */
  readonly said: readonly Uint8Array[];
  readonly a: bigint;
  readonly b: bigint;
}

/** log₂ n rounds. @see Bünz et al. 2018, "Bulletproofs", protocol 2 */
export function proveInnerProduct(
  bases: InnerProductBases,
  aStart: readonly bigint[],
  bStart: readonly bigint[],
  transcript: Transcript,
): InnerProductProof {
  let [a, b] = [aStart, bStart];
  let g = unfolded(bases.g, bases.gFactors, a.length);
  let h = unfolded(bases.h, bases.hFactors, bases.h.length);
  const said: Uint8Array[] = [];
  let rounds = 0;
  while (a.length > 1) {
    const half = a.length / 2;
    const [aLow, aHigh, bLow, bHigh] = [a.slice(0, half), a.slice(half), b.slice(0, half), b.slice(half)];
    const left = cross(g, h, aLow, bHigh, bases.q, true).toBytes();
    const right = cross(g, h, aHigh, bLow, bases.q, false).toBytes();
    transcript.absorb('L', left);
    transcript.absorb('R', right);
    said.push(left, right);
    const u = transcript.challenge('u');
    const inverse = scalars.inv(u);
    a = mix(aLow, u, aHigh, inverse);
    b = mix(bLow, inverse, bHigh, u);
    g = fold(g, inverse, u);
    h = fold(h, u, inverse);
    if (++rounds % ROUNDS_A_FOLD === 0) [g, h] = [collapse(g), collapse(h)];
  }
  assert(a.length === 1, 'vectors fold to one number');
  transcript.absorbScalars('ab', [a[0] as bigint, b[0] as bigint]);
  return { said, a: a[0] as bigint, b: b[0] as bigint };
}

export interface InnerProductChallenges {
  /** For each base of g what its folding multiplies it by; that of h is the inverse, which is this read backwards. */
  readonly s: readonly bigint[];
  /** u² for each L, u⁻² for each R, in the order of `points`. */
  readonly sides: readonly Term[];
}

/** The verifier's half: draws the challenges, and leaves the sum to one big multiplication. */
export function readInnerProduct(
  n: number,
  points: readonly Point[],
  encoded: readonly Uint8Array[],
  transcript: Transcript,
): InnerProductChallenges {
  let s: bigint[] = [1n];
  const sides: Term[] = [];
  for (let round = 0; 2 ** round < n; round++) {
    transcript.absorb('L', encoded[2 * round] as Uint8Array);
    transcript.absorb('R', encoded[2 * round + 1] as Uint8Array);
    const u = transcript.challenge('u');
    const inverse = scalars.inv(u);
    sides.push({ scalar: scalars.sqr(u), point: points[2 * round] as Point });
    sides.push({ scalar: scalars.sqr(inverse), point: points[2 * round + 1] as Point });
    s = s.flatMap((factor) => [scalars.mul(factor, inverse), scalars.mul(factor, u)]);
  }
  return { s, sides };
}

/** Bases after some foldings: base j stands in place j mod n of the folded ones, times its factor. */
interface Folded {
  readonly bases: readonly Point[];
  readonly factors: readonly bigint[];
  readonly n: number;
}

function unfolded(
  bases: readonly Point[],
  factors = bases.map(() => 1n) as readonly bigint[],
  n = bases.length,
): Folded {
  return { bases, factors, n };
}

/** Low half times `low` plus high half times `high`, without touching a point. */
function fold({ bases, factors, n }: Folded, low: bigint, high: bigint): Folded {
  const half = n / 2;
  return { bases, factors: factors.map((factor, j) => scalars.mul(factor, j % n < half ? low : high)), n: half };
}

function collapse({ bases, factors, n }: Folded): Folded {
  if (n === 0 || n === bases.length) return { bases, factors, n };
  const places = Array.from({ length: n }, (_, i) => i);
  const inPlace = <T>(all: readonly T[], i: number) => all.filter((_, j) => j % n === i);
  return unfolded(places.map((i) => publicMsm(inPlace(bases, i), inPlace(factors, i))));
}

/** Σ aᵢ·g + Σ bᵢ·h + <a, b>·q: L pairs a's low half with g's high half, R the other way. */
function cross(g: Folded, h: Folded, a: readonly bigint[], b: readonly bigint[], q: Term, isLeft: boolean): Point {
  const points: Point[] = [q.point];
  const weights = [scalars.mul(q.scalar, innerProduct(a, b))];
  const add = ({ bases, factors, n }: Folded, values: readonly bigint[], high: boolean) => {
    for (let j = 0; j < bases.length; j++) {
      const place = j % n;
      if (place >= n / 2 !== high) continue;
      points.push(bases[j] as Point);
      weights.push(scalars.mul(factors[j] as bigint, values[high ? place - n / 2 : place] as bigint));
    }
  };
  add(g, a, isLeft);
  add(h, b, !isLeft);
  return publicMsm(points, weights);
}

function mix(low: readonly bigint[], lowFactor: bigint, high: readonly bigint[], highFactor: bigint): bigint[] {
  return low.map((value, i) => scalars.add(scalars.mul(value, lowFactor), scalars.mul(high[i] as bigint, highFactor)));
}
