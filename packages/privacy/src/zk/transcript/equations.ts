import { type Point, scalars } from '../group/group.ts';
import { publicMsm } from '../group/msm.ts';
import { Transcript } from './transcript.ts';

/** scalar × point, both public. */
export interface Term {
  readonly scalar: bigint;
  readonly point: Point;
}

/** A sum of terms that must be the identity. */
export type Equation = readonly Term[];

/** What is left to check of one proof once its bytes are read: its equations, and a digest of all that it said. */
export interface Pending {
  readonly equations: readonly Equation[];
  /** Follows from statement and proof, every response included. */
  readonly digest: Uint8Array;
}

/**
 * Whether all equations of all proofs hold, by one random combination of them in one multi-scalar multiplication.
 * The weights follow from the digests of all proofs together: were they drawn for each proof by itself, a
 * generalised-birthday search could make the errors of many proofs cancel. A false equation passes with
 * probability 2^-252 for each try.
 */
export function allHold(pending: readonly Pending[]): boolean {
  const transcript = new Transcript('weights');
  for (const { digest } of pending) transcript.absorb('proof', digest);
  const sums = new Map<Point, bigint>();
  for (const equation of pending.flatMap(({ equations }) => equations)) {
    const weight = transcript.challenge('weight');
    for (const { scalar, point } of equation) {
      sums.set(point, scalars.add(sums.get(point) ?? 0n, scalars.mul(weight, scalar)));
    }
  }
  return publicMsm([...sums.keys()], [...sums.values()]).is0();
}

/** Every term times `factor`. */
export function scale(factor: bigint, terms: readonly Term[]): Term[] {
  return terms.map(({ scalar, point }) => ({ scalar: scalars.mul(factor, scalar), point }));
}

/** The point that terms stand for. */
export function pointOf(terms: readonly Term[]): Point {
  return publicMsm(
    terms.map(({ point }) => point),
    terms.map(({ scalar }) => scalars.create(scalar)),
  );
}
