import { accept, assert, type Entropy } from '@murmuration/core';
import type { Clause } from '../clause.ts';
import { type Point, randomScalar, scalars } from '../group/group.ts';
import { secretMsm } from '../group/msm.ts';
import { BLINDING_BASE, commit, VALUE_BASE } from '../group/pedersen.ts';
import { innerProduct } from '../group/vectors.ts';
import { type Equation, scale, type Term } from '../transcript/equations.ts';
import { type Parts, partsBytes, readParts, writeParts } from '../transcript/parts.ts';
import type { Transcript } from '../transcript/transcript.ts';
import { proveInnerProduct, readInnerProduct } from './inner-product.ts';

/** Points, a power of two of them, that the places of a vector are multiplied by, times a factor. */
export interface BaseFamily {
  readonly points: readonly Point[];
  readonly factor: bigint;
}

export interface VectorStatement {
  /** Base i is Σ factor·points[i], over all families, which are of one length. */
  readonly bases: readonly [BaseFamily, ...BaseFamily[]];
  /** Commits to the vector: Σ vᵢ·baseᵢ + blinding·H. */
  readonly image: readonly Term[];
  /** Says also that `value` is a commitment, over G and H, to Σ coefficientᵢ·vᵢ. */
  readonly form?: { readonly coefficients: readonly bigint[]; readonly value: readonly Term[] };
}

export interface VectorWitness {
  readonly vector: readonly bigint[];
  readonly blinding: bigint;
  /** Of the form's value; 0 without a form. */
  readonly valueBlinding: bigint;
}

/**
 * "I can open this vector commitment, and a public linear form of it is this committed value", in 2·log₂ n + 2
 * points and 4 scalars, one and two fewer without a form: a Schnorr proof whose answer, a masked vector, is shown by
 * an inner-product argument instead of being sent.
 * @see Attema and Cramer 2020, "Compressed Σ-protocol theory", §4
 */
export function vectorOpening(name: string, statement: VectorStatement, witness?: VectorWitness): Clause {
  const bases = flat(statement);
  assert(
    statement.bases.every(({ points }) => points.length === bases.length),
    `${name} has families of bases of one length`,
  );
  const forms = statement.form === undefined ? 0 : 1;
  const [pointCount, scalarCount] = [1 + forms + 2 * Math.log2(bases.length), 2 + 2 * forms];
  return {
    name,
    proofBytes: partsBytes(pointCount, scalarCount),
    prove: (transcript, entropy) => {
      bind(transcript, statement);
      assert(witness?.vector.length === bases.length, `${name} is proven with a vector`);
      return prove(statement, bases, witness, transcript, entropy);
    },
    read: (transcript, proof) => {
      bind(transcript, statement);
      const parts = readParts(proof, pointCount, scalarCount);
      return parts.ok ? accept(equationsOf(statement, bases, parts.value, transcript)) : parts;
    },
  };
}

/** All families behind each other: base j stands in place j mod `length`. */
interface FlatBases {
  readonly g: readonly Point[];
  readonly gFactors: readonly bigint[];
  readonly length: number;
}

function flat({ bases }: VectorStatement): FlatBases {
  const g = bases.flatMap(({ points }) => points);
  const gFactors = bases.flatMap(({ points, factor }) => points.map(() => factor));
  return { g, gFactors, length: bases[0].points.length };
}

function bind(transcript: Transcript, { bases, image, form }: VectorStatement): void {
  for (const { points, factor } of bases) {
    transcript.absorbTerms(
      'bases',
      points.map((point) => ({ scalar: factor, point })),
    );
  }
  transcript.absorbTerms('image', image);
  transcript.absorbScalars('coefficients', form?.coefficients ?? []);
  transcript.absorbTerms('value', form?.value ?? []);
}

function coefficientsOf({ form }: VectorStatement, length: number): readonly bigint[] {
  return form?.coefficients ?? new Array<bigint>(length).fill(0n);
}

function prove(
  statement: VectorStatement,
  { g, gFactors, length }: FlatBases,
  { vector, blinding, valueBlinding }: VectorWitness,
  transcript: Transcript,
  entropy: Entropy,
): Uint8Array {
  const hasForm = statement.form !== undefined;
  const coefficients = coefficientsOf(statement, length);
  const masks = transcript.masks(entropy, [...vector, blinding, valueBlinding]);
  const mask = vector.map(() => randomScalar(masks));
  const [kappa, eta] = [randomScalar(masks), randomScalar(masks)];
  const weights = gFactors.map((factor, j) => scalars.mul(factor, mask[j % length] as bigint));
  const said = [secretMsm([...g, BLINDING_BASE], [...weights, kappa]).toBytes()];
  if (hasForm) said.push(commit({ value: innerProduct(coefficients, mask), blinding: eta }).toBytes());
  for (const point of said) transcript.absorb('T', point);
  const c = transcript.challenge('c');
  const answer = (nonce: bigint, secret: bigint) => scalars.add(nonce, scalars.mul(c, secret));
  const masked = mask.map((nonce, i) => answer(nonce, vector[i] as bigint));
  const answers = [answer(kappa, blinding)];
  if (hasForm) answers.push(answer(eta, valueBlinding), innerProduct(coefficients, masked));
  transcript.absorbScalars('z', answers);
  const q = { scalar: hasForm ? transcript.challenge('w') : 0n, point: VALUE_BASE };
  const inner = proveInnerProduct({ g, gFactors, h: [], hFactors: [], q }, masked, coefficients, transcript);
  return writeParts([...said, ...inner.said], [...answers, inner.a]);
}

/** Σ zᵢ·baseᵢ + ζ·H = T + c·image, by what the folding left of z; with a form, t·G + η·H = T' + c·value and <form, z> = t. */
function equationsOf(
  statement: VectorStatement,
  { g, gFactors, length }: FlatBases,
  { points, encoded, scalars: numbers }: Parts,
  transcript: Transcript,
): readonly Equation[] {
  const { image, form } = statement;
  const forms = form === undefined ? 0 : 1;
  const [zeta, eta, t] = numbers as readonly [bigint, bigint, bigint];
  const a = numbers.at(-1) as bigint;
  for (const point of encoded.slice(0, 1 + forms)) transcript.absorb('T', point);
  const c = transcript.challenge('c');
  transcript.absorbScalars('z', numbers.slice(0, -1));
  const w = form === undefined ? 0n : transcript.challenge('w');
  const sides = 1 + forms;
  const folded = readInnerProduct(length, points.slice(sides), encoded.slice(sides), transcript);
  const b = innerProduct(coefficientsOf(statement, length), folded.s);
  transcript.absorbScalars('ab', [a, b]);
  const minus = (value: bigint) => scalars.neg(value);
  const vector: Equation = [
    { scalar: 1n, point: points[0] as Point },
    ...scale(c, image),
    { scalar: minus(zeta), point: BLINDING_BASE },
    ...g.map((point, j) => {
      const factor = scalars.mul(gFactors[j] as bigint, folded.s[j % length] as bigint);
      return { scalar: minus(scalars.mul(a, factor)), point };
    }),
    ...folded.sides,
  ];
  if (form === undefined) return [vector];
  const value: Equation = [
    { scalar: 1n, point: points[1] as Point },
    ...scale(c, form.value),
    { scalar: minus(t), point: VALUE_BASE },
    { scalar: minus(eta), point: BLINDING_BASE },
  ];
  return [[...vector, { scalar: scalars.mul(w, scalars.sub(t, scalars.mul(a, b))), point: VALUE_BASE }], value];
}
