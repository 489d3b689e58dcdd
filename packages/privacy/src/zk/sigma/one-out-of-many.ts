import { accept, assert, type Entropy } from '@murmuration/core';
import type { Clause } from '../clause.ts';
import { type Point, randomScalar, scalars } from '../group/group.ts';
import { secretMsm } from '../group/msm.ts';
import { BLINDING_BASE, commit, VALUE_BASE } from '../group/pedersen.ts';
import { nextPowerOfTwo, powers } from '../group/vectors.ts';
import { type Equation, scale, type Term } from '../transcript/equations.ts';
import { partsBytes, readParts, writeParts } from '../transcript/parts.ts';
import type { Transcript } from '../transcript/transcript.ts';

export const MAX_MEMBERS = 1024;

/** Which of the members is a commitment to zero, and its blinding. */
export interface Membership {
  readonly index: number;
  readonly blinding: bigint;
}

/**
 * "One of these commitments opens to zero, and I know its blinding", without saying which. 1 to 1024 members; a
 * list is filled up to a power of two N = 2^m with its last member. 4m points and 3m + 1 scalars.
 *
 * A member is given as terms: D - sᵢ·G for all sᵢ of a set says "D commits to one of the set" and costs the verifier
 * two points, not N.
 * @see Groth and Kohlweiss 2015, "One-out-of-many proofs", figure 2
 */
export function oneOutOfMany(name: string, list: readonly (readonly Term[])[], witness?: Membership): Clause {
  assert(list.length >= 1 && list.length <= MAX_MEMBERS, `${name} has 1 to ${MAX_MEMBERS} members`);
  const size = Math.max(2, nextPowerOfTwo(list.length));
  const m = Math.log2(size);
  const members = Array.from({ length: size }, (_, i) => list[Math.min(i, list.length - 1)] as readonly Term[]);
  return {
    name,
    proofBytes: partsBytes(4 * m, 3 * m + 1),
    prove: (transcript, entropy) => {
      for (const member of members) transcript.absorbTerms('member', member);
      assert(witness !== undefined, `${name} is proven with a witness`);
      return prove(members, m, witness, transcript, entropy);
    },
    read: (transcript, proof) => {
      for (const member of members) transcript.absorbTerms('member', member);
      const parts = readParts(proof, 4 * m, 3 * m + 1);
      if (!parts.ok) return parts;
      return accept(equationsOf(members, m, parts.value, transcript));
    },
  };
}

function prove(
  members: readonly (readonly Term[])[],
  m: number,
  { index, blinding }: Membership,
  transcript: Transcript,
  entropy: Entropy,
): Uint8Array {
  const masks = transcript.masks(entropy, [BigInt(index), blinding]);
  const fresh = () => Array.from({ length: m }, () => randomScalar(masks));
  const [r, a, s, t, rho] = [fresh(), fresh(), fresh(), fresh(), fresh()] as const;
  const bits = r.map((_, j) => BigInt((index >> j) & 1));
  const at = (values: readonly bigint[], j: number) => values[j] as bigint;
  const pointsB = bits.map((bit, j) => commit({ value: bit, blinding: at(r, j) }).toBytes());
  const pointsA = a.map((value, j) => commit({ value, blinding: at(s, j) }).toBytes());
  const pointsC = a.map((value, j) => commit({ value: scalars.mul(at(bits, j), value), blinding: at(t, j) }).toBytes());
  const coefficients = members.map((_, i) => polynomialOf(i, bits, a));
  const pointsD = rho.map((mask, k) => combine(members, (i) => at(coefficients[i] as bigint[], k), mask).toBytes());
  const said = [...pointsB, ...pointsA, ...pointsC, ...pointsD];
  for (const point of said) transcript.absorb('say', point);
  const x = transcript.challenge('x');
  const f = bits.map((bit, j) => scalars.add(scalars.mul(bit, x), at(a, j)));
  const za = r.map((value, j) => scalars.add(scalars.mul(value, x), at(s, j)));
  const zb = r.map((value, j) => scalars.add(scalars.mul(value, scalars.sub(x, at(f, j))), at(t, j)));
  const power = powers(x, m + 1);
  const masked = rho.reduce((sum, mask, k) => scalars.add(sum, scalars.mul(mask, at(power, k))), 0n);
  const zd = scalars.sub(scalars.mul(blinding, at(power, m)), masked);
  const answers = [...f, ...za, ...zb, zd];
  transcript.absorbScalars('answer', answers);
  return writeParts(said, answers);
}

/** Coefficients, lowest first, of Πⱼ (iⱼ = 1 ? lⱼx + aⱼ : (1 - lⱼ)x - aⱼ): degree m for the secret index alone. */
function polynomialOf(i: number, bits: readonly bigint[], a: readonly bigint[]): bigint[] {
  let product = [1n];
  for (let j = 0; j < bits.length; j++) {
    const isSet = ((i >> j) & 1) === 1;
    const slope = isSet ? (bits[j] as bigint) : 1n - (bits[j] as bigint);
    const constant = isSet ? (a[j] as bigint) : scalars.neg(a[j] as bigint);
    const next = new Array<bigint>(product.length + 1).fill(0n);
    for (let k = 0; k < product.length; k++) {
      next[k] = scalars.add(next[k] as bigint, scalars.mul(product[k] as bigint, constant));
      next[k + 1] = scalars.add(next[k + 1] as bigint, scalars.mul(product[k] as bigint, slope));
    }
    product = next;
  }
  return product;
}

/** Σ weight(i) × memberᵢ + mask · H, secret weights; terms over one point are added up first. */
function combine(members: readonly (readonly Term[])[], weight: (i: number) => bigint, mask: bigint): Point {
  const sums = new Map<Point, bigint>([[BLINDING_BASE, mask]]);
  for (const [i, terms] of members.entries()) {
    const factor = weight(i);
    for (const { scalar, point } of terms) {
      sums.set(point, scalars.add(sums.get(point) ?? 0n, scalars.mul(factor, scalar)));
    }
  }
  return secretMsm([...sums.keys()], [...sums.values()]);
}

function equationsOf(
  members: readonly (readonly Term[])[],
  m: number,
  parts: { points: readonly Point[]; encoded: readonly Uint8Array[]; scalars: readonly bigint[] },
  transcript: Transcript,
): Equation[] {
  for (const point of parts.encoded) transcript.absorb('say', point);
  const x = transcript.challenge('x');
  transcript.absorbScalars('answer', parts.scalars);
  const point = (family: number, j: number) => parts.points[family * m + j] as Point;
  const answer = (family: number, j: number) => parts.scalars[family * m + j] as bigint;
  const minus = scalars.neg(1n);
  const equations: Equation[] = [];
  for (let j = 0; j < m; j++) {
    const f = answer(0, j);
    // x·B + A = commit(f, za)
    equations.push([
      { scalar: x, point: point(0, j) },
      { scalar: 1n, point: point(1, j) },
      { scalar: scalars.neg(f), point: VALUE_BASE },
      { scalar: scalars.neg(answer(1, j)), point: BLINDING_BASE },
    ]);
    // (x - f)·B + C = commit(0, zb): the committed bit is 0 or 1
    equations.push([
      { scalar: scalars.sub(x, f), point: point(0, j) },
      { scalar: 1n, point: point(2, j) },
      { scalar: scalars.neg(answer(2, j)), point: BLINDING_BASE },
    ]);
  }
  const power = powers(x, m);
  const choice = productsOf(parts.scalars.slice(0, m), x);
  // Σ Πⱼ f · member - Σ xᵏ·D = commit(0, zd)
  equations.push([
    ...members.flatMap((terms, i) => scale(choice[i] as bigint, terms)),
    ...power.map((factor, k) => ({ scalar: scalars.mul(minus, factor), point: point(3, k) })),
    { scalar: scalars.neg(answer(3, 0)), point: BLINDING_BASE },
  ]);
  return equations;
}

/** For every i: Πⱼ (iⱼ = 1 ? fⱼ : x - fⱼ). */
function productsOf(f: readonly bigint[], x: bigint): bigint[] {
  let products = [1n];
  for (const value of f) {
    const other = scalars.sub(x, value);
    products = [
      ...products.map((product) => scalars.mul(product, other)),
      ...products.map((product) => scalars.mul(product, value)),
    ];
  }
  return products;
}
