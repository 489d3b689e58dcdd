import type { Entropy } from '@murmuration/core';
import { proveInnerProduct } from '../../../src/zk/bulletproofs/inner-product.ts';
import type { BitStatement } from '../../../src/zk/bulletproofs/range-core.ts';
import { IDENTITY, type Point, randomScalar, scalars } from '../../../src/zk/group/group.ts';
import { publicMsm } from '../../../src/zk/group/msm.ts';
import { BLINDING_BASE, commit, VALUE_BASE, vectorBases } from '../../../src/zk/group/pedersen.ts';
import { innerProduct, powers, sumOf } from '../../../src/zk/group/vectors.ts';
import { writeParts } from '../../../src/zk/transcript/parts.ts';
import type { Transcript } from '../../../src/zk/transcript/transcript.ts';

/** What a cheat puts where an honest prover has bits: any scalars. */
export interface RogueWitness {
  readonly left: readonly bigint[];
  readonly right: readonly bigint[];
  readonly blindings: readonly bigint[];
  readonly vectorBlinding?: bigint;
  /** Added to A, besides what the protocol puts there. */
  readonly smuggled?: Point;
  /** Added to τ and to μ: errors of both equations, equal and opposite. */
  readonly moved?: bigint;
}

/**
 * The prover of Bünz et al. §4.1 for any two vectors, true to every equation but those that its vectors break. What
 * it is refused for is then the constraint itself, not a slip of the prover.
 */
export function proveRogueBits(
  { size, sums, vector }: BitStatement,
  { left, right, blindings, vectorBlinding = 0n, smuggled = IDENTITY, moved = 0n }: RogueWitness,
  transcript: Transcript,
  entropy: Entropy,
): { readonly proof: Uint8Array; readonly alpha: bigint } {
  const fresh = () => randomScalar(entropy);
  const [g, h] = [vectorBases('g', size), vectorBases('h', size)];
  const [alpha, rho, tau1, tau2] = [fresh(), fresh(), fresh(), fresh()];
  const [sLeft, sRight] = [Array.from({ length: size }, fresh), Array.from({ length: size }, fresh)];
  const reduced = (values: readonly bigint[]) => values.map((value) => scalars.create(value));
  const own = vector === undefined ? left : left.map(() => 0n);
  const A = publicMsm([BLINDING_BASE, ...g, ...h], reduced([alpha, ...own, ...right])).add(smuggled);
  const S = publicMsm([BLINDING_BASE, ...g, ...h], [rho, ...sLeft, ...sRight]);
  transcript.absorb('A', A.toBytes());
  transcript.absorb('S', S.toBytes());
  const [y, z] = [transcript.challenge('y'), transcript.challenge('z')];
  const yPowers = powers(y, size);
  const zPowers = powers(z, sums.length + 2);
  const weights = new Array<bigint>(size).fill(0n);
  for (const [j, { from, weights: own }] of sums.entries()) {
    for (const [i, weight] of own.entries()) weights[from + i] = scalars.mul(zPowers[j + 2] ?? 0n, weight);
  }
  const at = (values: readonly bigint[], i: number) => values[i] ?? 0n;
  const l0 = left.map((value) => scalars.create(value - z));
  const r0 = right.map((value, i) => scalars.create(at(yPowers, i) * (value + z) + at(weights, i)));
  const r1 = sRight.map((value, i) => scalars.mul(at(yPowers, i), value));
  const t1 = scalars.add(innerProduct(l0, r1), innerProduct(sLeft, r0));
  const t2 = innerProduct(sLeft, r1);
  const T1 = commit({ value: t1, blinding: tau1 }).toBytes();
  const T2 = commit({ value: t2, blinding: tau2 }).toBytes();
  transcript.absorb('T1', T1);
  transcript.absorb('T2', T2);
  const x = transcript.challenge('x');
  const l = l0.map((value, i) => scalars.create(value + x * at(sLeft, i)));
  const r = r0.map((value, i) => scalars.create(value + x * at(r1, i)));
  const tau = sumOf([moved, tau1 * x, tau2 * scalars.sqr(x), innerProduct(zPowers.slice(2), blindings)]);
  const mu = scalars.create(moved + alpha + vectorBlinding + rho * x);
  const answers = [innerProduct(l, r), tau, mu];
  transcript.absorbScalars('answers', answers);
  const q = { scalar: transcript.challenge('w'), point: VALUE_BASE };
  const inner = proveInnerProduct({ g, h, hFactors: powers(scalars.inv(y), size), q }, l, r, transcript);
  const said = [A.toBytes(), S.toBytes(), T1, T2, ...inner.said];
  return { proof: writeParts(said, [...answers, inner.a, inner.b]), alpha };
}
