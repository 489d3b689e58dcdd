import type { Entropy } from '@murmuration/core';
import { type Point, randomScalar, scalars } from '../group/group.ts';
import { secretMsm, select } from '../group/msm.ts';
import { BLINDING_BASE, commit, VALUE_BASE, vectorBases } from '../group/pedersen.ts';
import { innerProduct, powers, sumOf } from '../group/vectors.ts';
import { type Equation, scale, type Term } from '../transcript/equations.ts';
import { type Parts, writeParts } from '../transcript/parts.ts';
import type { Transcript } from '../transcript/transcript.ts';
import { proveInnerProduct, readInnerProduct } from './inner-product.ts';

/** A commitment V, as terms, and the places of the bits whose weighted sum it commits to. */
export interface WeighedBits {
  readonly commitment: readonly Term[];
  /** Place of its first bit. */
  readonly from: number;
  readonly weights: readonly bigint[];
}

/** What a proof over `size` bits (a power of two) says: points A, S, T₁, T₂, L and R of each round; five scalars. */
export interface BitStatement {
  readonly size: number;
  readonly sums: readonly WeighedBits[];
  /** A commitment Σ bitᵢ·gᵢ + blinding·H that the bits must also be those of; A then travels without it. */
  readonly vector?: readonly Term[];
}

export interface BitWitness {
  /** `size` of them, 0 or 1. */
  readonly bits: readonly number[];
  /** Of each sum's commitment. */
  readonly blindings: readonly bigint[];
  /** Of `vector`. */
  readonly vectorBlinding?: bigint;
}

export interface ProvenBits {
  readonly proof: Uint8Array;
  /** Blinding of the point A that travelled. */
  readonly alpha: bigint;
}

export function corePoints(size: number): number {
  return 4 + 2 * Math.log2(size);
}

export const CORE_SCALARS = 5;

/**
 * Bulletproof: every bitᵢ is 0 or 1, and each commitment is to the weighted sum of its bits. Bits meet only selects
 * over both points, fixed-sequence multiplication and masks; the inner-product argument sees what random masks have
 * already hidden.
 * @see Bünz et al. 2018, §4.1 and §4.2
 */
export function proveBits(
  { size, sums, vector }: BitStatement,
  { bits, blindings, vectorBlinding = 0n }: BitWitness,
  transcript: Transcript,
  entropy: Entropy,
): ProvenBits {
  const masks = transcript.masks(entropy, [...bits.map(BigInt), ...blindings, vectorBlinding]);
  const fresh = () => randomScalar(masks);
  const [g, h] = [vectorBases('g', size), vectorBases('h', size)];
  const [alpha, rho, tau1, tau2] = [fresh(), fresh(), fresh(), fresh()];
  const sLeft = Array.from({ length: size }, fresh);
  const sRight = Array.from({ length: size }, fresh);
  const commitmentA = commitBits(bits, alpha, g, h, vector !== undefined).toBytes();
  const commitmentS = secretMsm([BLINDING_BASE, ...g, ...h], [rho, ...sLeft, ...sRight]).toBytes();
  transcript.absorb('A', commitmentA);
  transcript.absorb('S', commitmentS);
  const [y, z] = [transcript.challenge('y'), transcript.challenge('z')];
  const yPowers = powers(y, size);
  const zWeights = placeWeights(sums, size, z);
  // l(x) = a - z + s x, r(x) = y ∘ (a - 1 + z + s' x) + z-weights
  const l0 = bits.map((bit) => scalars.sub(BigInt(bit), z));
  const r0 = bits.map((bit, i) =>
    scalars.add(scalars.mul(yPowers[i] as bigint, scalars.create(BigInt(bit) - 1n + z)), zWeights[i] as bigint),
  );
  const r1 = sRight.map((value, i) => scalars.mul(yPowers[i] as bigint, value));
  const t1 = scalars.add(innerProduct(l0, r1), innerProduct(sLeft, r0));
  const t2 = innerProduct(sLeft, r1);
  const said = [t1, t2].map((value, i) => commit({ value, blinding: i === 0 ? tau1 : tau2 }).toBytes());
  transcript.absorb('T1', said[0] as Uint8Array);
  transcript.absorb('T2', said[1] as Uint8Array);
  const x = transcript.challenge('x');
  const l = l0.map((value, i) => scalars.add(value, scalars.mul(x, sLeft[i] as bigint)));
  const r = r0.map((value, i) => scalars.add(value, scalars.mul(x, r1[i] as bigint)));
  const zPowers = powers(z, sums.length + 2).slice(2);
  const tau = sumOf([scalars.mul(tau1, x), tau2 * scalars.sqr(x), innerProduct(zPowers, blindings)]);
  const mu = scalars.add(scalars.add(alpha, vectorBlinding), scalars.mul(rho, x));
  const answers = [innerProduct(l, r), tau, mu];
  transcript.absorbScalars('answers', answers);
  const q = { scalar: transcript.challenge('w'), point: VALUE_BASE };
  const inner = proveInnerProduct({ g, h, hFactors: powers(scalars.inv(y), size), q }, l, r, transcript);
  return {
    proof: writeParts([commitmentA, commitmentS, ...said, ...inner.said], [...answers, inner.a, inner.b]),
    alpha,
  };
}

/** alpha·H + Σ bitᵢ·gᵢ + Σ (bitᵢ - 1)·hᵢ; without the g's where a vector commitment brings them. */
function commitBits(
  bits: readonly number[],
  alpha: bigint,
  g: readonly Point[],
  h: readonly Point[],
  isTied: boolean,
): Point {
  let sum = secretMsm([BLINDING_BASE], [alpha]);
  const zero = secretMsm([], []);
  for (let i = 0; i < bits.length; i++) {
    const negated = (h[i] as Point).negate();
    sum = sum.add(select([negated, isTied ? zero : (g[i] as Point)], bits[i] as number));
  }
  return sum;
}

/** z^(2 + j) × weight in the places of sum j, 0 elsewhere. */
function placeWeights(sums: readonly WeighedBits[], size: number, z: bigint): bigint[] {
  const places = new Array<bigint>(size).fill(0n);
  const zPowers = powers(z, sums.length + 2);
  for (const [j, { from, weights }] of sums.entries()) {
    for (const [i, weight] of weights.entries()) places[from + i] = scalars.mul(zPowers[j + 2] as bigint, weight);
  }
  return places;
}

/** The two equations of a proof: its polynomial is the one committed to, and its vectors are. */
export function bitEquations(
  { size, sums, vector = [] }: BitStatement,
  { points, encoded, scalars: answers }: Parts,
  transcript: Transcript,
): readonly Equation[] {
  const [A, S, T1, T2] = points as readonly [Point, Point, Point, Point];
  const [t, tau, mu, a, b] = answers as readonly [bigint, bigint, bigint, bigint, bigint];
  transcript.absorb('A', encoded[0] as Uint8Array);
  transcript.absorb('S', encoded[1] as Uint8Array);
  const [y, z] = [transcript.challenge('y'), transcript.challenge('z')];
  transcript.absorb('T1', encoded[2] as Uint8Array);
  transcript.absorb('T2', encoded[3] as Uint8Array);
  const x = transcript.challenge('x');
  transcript.absorbScalars('answers', [t, tau, mu]);
  const w = transcript.challenge('w');
  const { s, sides } = readInnerProduct(size, points.slice(4), encoded.slice(4), transcript);
  transcript.absorbScalars('ab', [a, b]);
  const [g, h] = [vectorBases('g', size), vectorBases('h', size)];
  const zPowers = powers(z, sums.length + 3);
  const zWeights = placeWeights(sums, size, z);
  const inverses = powers(scalars.inv(y), size);
  // δ = (z - z²)·Σ yⁱ - Σ z^(3 + j)·Σ weights
  const ofSums = sums.map(({ weights }, j) => scalars.mul(zPowers[j + 3] as bigint, sumOf(weights)));
  const delta = scalars.sub(scalars.mul(scalars.sub(z, scalars.sqr(z)), sumOf(powers(y, size))), sumOf(ofSums));
  const polynomial: Equation = [
    { scalar: scalars.sub(t, delta), point: VALUE_BASE },
    { scalar: tau, point: BLINDING_BASE },
    { scalar: scalars.neg(x), point: T1 },
    { scalar: scalars.neg(scalars.sqr(x)), point: T2 },
    ...sums.flatMap(({ commitment }, j) => scale(scalars.neg(zPowers[j + 2] as bigint), commitment)),
  ];
  const vectors: Equation = [
    { scalar: 1n, point: A },
    ...vector,
    { scalar: x, point: S },
    { scalar: scalars.neg(mu), point: BLINDING_BASE },
    ...g.map((point, i) => ({ scalar: scalars.neg(scalars.add(z, scalars.mul(a, s[i] as bigint))), point })),
    ...h.map((point, i) => {
      const folded = scalars.mul(b, s[size - 1 - i] as bigint);
      const scaled = scalars.mul(inverses[i] as bigint, scalars.sub(zWeights[i] as bigint, folded));
      return { scalar: scalars.add(z, scaled), point };
    }),
    { scalar: scalars.mul(w, scalars.sub(t, scalars.mul(a, b))), point: VALUE_BASE },
    ...sides,
  ];
  return [polynomial, vectors];
}
