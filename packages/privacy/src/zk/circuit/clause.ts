import { accept, assert, checkInteger, type Entropy, utf8 } from '@murmuration/core';
import { proveInnerProduct, readInnerProduct } from '../bulletproofs/inner-product.ts';
import type { Clause } from '../clause.ts';
import { type Point, randomScalar, scalars } from '../group/group.ts';
import { secretMsm } from '../group/msm.ts';
import { BLINDING_BASE, commit, MAX_VECTOR, type Opening, VALUE_BASE, vectorBases } from '../group/pedersen.ts';
import { innerProduct, nextPowerOfTwo, powers } from '../group/vectors.ts';
import { type Equation, scale, type Term } from '../transcript/equations.ts';
import { type Parts, partsBytes, readParts, writeParts } from '../transcript/parts.ts';
import type { Transcript } from '../transcript/transcript.ts';
import { type Circuit, CircuitBuilder } from './builder.ts';
import { type Flat, flatten } from './flatten.ts';
import { Linear } from './linear.ts';

/** A_I, A_O, S and T₁, T₃, T₄, T₅, T₆, besides two a round. */
const POINTS = 8;
/** t, τ, μ, a, b. */
const SCALARS = 5;
/** Powers of x in t(x) that are committed to; t₂ is what the constraints say. */
const COMMITTED_POWERS = [1, 3, 4, 5, 6] as const;

/**
 * "The committed inputs satisfy this circuit." Proofs of 2·log₂ n + 13 elements for n multiplications, at most 8192.
 * The circuit is part of the statement: both sides must run the same one.
 * @see Bünz et al. 2018, §5; the notation is that of dalek's "Constraint system proofs", in one phase
 */
export function circuitClause(
  name: string,
  circuit: Circuit,
  commitments: readonly (readonly Term[])[],
  openings?: readonly Opening[],
): Clause {
  const shape = new CircuitBuilder();
  const inputs = commitments.map((_, i) => Linear.wire('input', i));
  circuit(shape, inputs);
  const size = nextPowerOfTwo(Math.max(shape.size, 1));
  checkInteger('multiplications of a circuit', size, 1, MAX_VECTOR);
  const pointCount = POINTS + 2 * Math.log2(size);
  const flat = (z: bigint) => flatten(shape.constraints, size, commitments.length, z);
  return {
    name,
    proofBytes: partsBytes(pointCount, SCALARS),
    prove: (transcript, entropy) => {
      bind(transcript, shape, commitments);
      assert(openings?.length === commitments.length, `${name} is proven with openings`);
      const run = new CircuitBuilder(openings.map(({ value }) => value));
      circuit(run, inputs);
      return prove(run.values, openings, size, flat, transcript, entropy);
    },
    read: (transcript, proof) => {
      bind(transcript, shape, commitments);
      const parts = readParts(proof, pointCount, SCALARS);
      if (!parts.ok) return parts;
      return accept(equationsOf(parts.value, commitments, size, flat, transcript));
    },
  };
}

function bind(
  transcript: Transcript,
  { size, constraints }: CircuitBuilder,
  commitments: readonly (readonly Term[])[],
): void {
  transcript.absorbNumber('multiplications', size);
  transcript.absorbNumber('constraints', constraints.length);
  for (const commitment of commitments) transcript.absorbTerms('input', commitment);
  const written = constraints.map(({ terms }) =>
    terms.map(([{ kind, index }, factor]) => `${kind} ${index} ${factor}`).join(' + '),
  );
  transcript.absorb('constraints', utf8(written.join('\n')));
}

function prove(
  { left, right, output }: CircuitBuilder['values'],
  openings: readonly Opening[],
  size: number,
  flat: (z: bigint) => Flat,
  transcript: Transcript,
  entropy: Entropy,
): Uint8Array {
  const masks = transcript.masks(entropy, [...openings.flatMap(({ value, blinding }) => [value, blinding]), ...left]);
  const fresh = () => randomScalar(masks);
  const padded = (values: readonly bigint[]) => [...values, ...new Array<bigint>(size - values.length).fill(0n)];
  const [aL, aR, aO] = [padded(left), padded(right), padded(output)];
  const [sL, sR] = [Array.from({ length: size }, fresh), Array.from({ length: size }, fresh)];
  const [alpha, beta, rho] = [fresh(), fresh(), fresh()];
  const [g, h] = [vectorBases('g', size), vectorBases('h', size)];
  const said = [
    secretMsm([BLINDING_BASE, ...g, ...h], [alpha, ...aL, ...aR]).toBytes(),
    secretMsm([BLINDING_BASE, ...g], [beta, ...aO]).toBytes(),
    secretMsm([BLINDING_BASE, ...g, ...h], [rho, ...sL, ...sR]).toBytes(),
  ];
  for (const point of said) transcript.absorb('A', point);
  const [y, z] = [transcript.challenge('y'), transcript.challenge('z')];
  const weights = flat(z);
  const yPowers = powers(y, size);
  const inverses = powers(scalars.inv(y), size);
  const each = (f: (i: number) => bigint) => yPowers.map((_, i) => f(i));
  const at = (values: readonly bigint[], i: number) => values[i] as bigint;
  const zeros = new Array<bigint>(size).fill(0n);
  // l(x) = Σ lₖ xᵏ and r(x) = Σ rₖ xᵏ, k from 0 to 3
  const l = [
    zeros,
    each((i) => scalars.add(at(aL, i), scalars.mul(at(inverses, i), at(weights.right, i)))),
    aO,
    sL,
  ] as const;
  const r = [
    each((i) => scalars.sub(at(weights.output, i), at(yPowers, i))),
    each((i) => scalars.add(scalars.mul(at(yPowers, i), at(aR, i)), at(weights.left, i))),
    zeros,
    each((i) => scalars.mul(at(yPowers, i), at(sR, i))),
  ] as const;
  const coefficient = (power: number) =>
    l.reduce((sum, lk, k) => scalars.add(sum, innerProduct(lk, r[power - k] ?? zeros)), 0n);
  const taus = COMMITTED_POWERS.map(() => fresh());
  for (const [k, power] of COMMITTED_POWERS.entries()) {
    const point = commit({ value: coefficient(power), blinding: at(taus, k) }).toBytes();
    transcript.absorb(`T${power}`, point);
    said.push(point);
  }
  const x = transcript.challenge('x');
  const xPowers = powers(x, 7);
  const evaluate = (parts: readonly (readonly bigint[])[]) =>
    each((i) => parts.reduce((sum, part, k) => scalars.add(sum, scalars.mul(at(part, i), at(xPowers, k))), 0n));
  const [lx, rx] = [evaluate(l), evaluate(r)];
  const ofInputs = innerProduct(
    weights.input,
    openings.map(({ blinding }) => blinding),
  );
  const ofPowers = innerProduct(
    taus,
    COMMITTED_POWERS.map((power) => at(xPowers, power)),
  );
  const tau = scalars.sub(ofPowers, scalars.mul(at(xPowers, 2), ofInputs));
  const mu = innerProduct([alpha, beta, rho], xPowers.slice(1, 4));
  const answers = [innerProduct(lx, rx), tau, mu];
  transcript.absorbScalars('answers', answers);
  const q = { scalar: transcript.challenge('w'), point: VALUE_BASE };
  const inner = proveInnerProduct({ g, h, hFactors: inverses, q }, lx, rx, transcript);
  return writeParts([...said, ...inner.said], [...answers, inner.a, inner.b]);
}

function equationsOf(
  { points, encoded, scalars: answers }: Parts,
  commitments: readonly (readonly Term[])[],
  size: number,
  flat: (z: bigint) => Flat,
  transcript: Transcript,
): readonly Equation[] {
  const [t, tau, mu, a, b] = answers as readonly [bigint, bigint, bigint, bigint, bigint];
  for (const point of encoded.slice(0, 3)) transcript.absorb('A', point);
  const [y, z] = [transcript.challenge('y'), transcript.challenge('z')];
  const weights = flat(z);
  for (const [k, power] of COMMITTED_POWERS.entries()) transcript.absorb(`T${power}`, encoded[3 + k] as Uint8Array);
  const x = transcript.challenge('x');
  transcript.absorbScalars('answers', [t, tau, mu]);
  const w = transcript.challenge('w');
  const { s, sides } = readInnerProduct(size, points.slice(POINTS), encoded.slice(POINTS), transcript);
  transcript.absorbScalars('ab', [a, b]);
  const at = (values: readonly bigint[], i: number) => values[i] as bigint;
  const term = (scalar: bigint, point: Point | undefined): Term => ({ scalar, point: point as Point });
  const xPowers = powers(x, 7);
  const inverses = powers(scalars.inv(y), size);
  const scaledRight = inverses.map((inverse, i) => scalars.mul(inverse, at(weights.right, i)));
  const delta = innerProduct(scaledRight, weights.left);
  const x2 = at(xPowers, 2);
  // t·G + τ·H = x²·(δ - constants)·G - x²·Σ inputⱼ·Vⱼ + Σ xᵏ·Tₖ
  const constant = scalars.mul(x2, scalars.sub(delta, at(weights.one, 0)));
  const polynomial: Equation = [
    term(scalars.sub(t, constant), VALUE_BASE),
    term(tau, BLINDING_BASE),
    ...commitments.flatMap((commitment, j) => scale(scalars.mul(x2, at(weights.input, j)), commitment)),
    ...COMMITTED_POWERS.map((power, k) => term(scalars.neg(at(xPowers, power)), points[3 + k])),
  ];
  const vectors: Equation = [
    term(x, points[0]),
    term(x2, points[1]),
    term(at(xPowers, 3), points[2]),
    term(scalars.neg(mu), BLINDING_BASE),
    ...vectorBases('g', size).map((point, i) =>
      term(scalars.sub(scalars.mul(x, at(scaledRight, i)), scalars.mul(a, at(s, i))), point),
    ),
    ...vectorBases('h', size).map((point, i) => {
      const known = scalars.add(scalars.mul(x, at(weights.left, i)), at(weights.output, i));
      const folded = scalars.mul(b, at(s, size - 1 - i));
      return term(scalars.sub(scalars.mul(at(inverses, i), scalars.sub(known, folded)), 1n), point);
    }),
    term(scalars.mul(w, scalars.sub(t, scalars.mul(a, b))), VALUE_BASE),
    ...sides,
  ];
  return [polynomial, vectors];
}
