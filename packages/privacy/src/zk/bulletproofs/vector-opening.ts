import { accept, assert } from '@murmuration/core';
import type { Clause } from '../clause.ts';
import { type Point, randomScalar, scalars } from '../group/group.ts';
import { secretMsm } from '../group/msm.ts';
import { BLINDING_BASE, commit, VALUE_BASE } from '../group/pedersen.ts';
import { innerProduct } from '../group/vectors.ts';
import { scale, type Term } from '../transcript/equations.ts';
import { partsBytes, readParts, writeParts } from '../transcript/parts.ts';
import type { Transcript } from '../transcript/transcript.ts';
import { proveInnerProduct, readInnerProduct } from './inner-product.ts';

export interface VectorStatement {
  /** Bases of the vector, a power of two of them. */
  readonly bases: readonly Point[];
  /** Commits to the vector: Σ vᵢ·baseᵢ + blinding·H. */
  readonly image: readonly Term[];
  /** Says also that `value` commits to Σ coefficientᵢ·vᵢ. */
  readonly form?: { readonly coefficients: readonly bigint[]; readonly value: readonly Term[] };
}

export interface VectorWitness {
  readonly vector: readonly bigint[];
  readonly blinding: bigint;
  /** Of the form's value; 0 without a form. */
  readonly valueBlinding: bigint;
}

function bind(transcript: Transcript, { bases, image, form }: VectorStatement): void {
  transcript.absorbNumber('length', bases.length);
  transcript.absorbTerms('image', image);
  transcript.absorbScalars('coefficients', form?.coefficients ?? []);
  transcript.absorbTerms('value', form?.value ?? []);
}

/**
 * "I can open this vector commitment, and a public linear form of it is this committed value", in 2·log₂ n + 2
 * points and 3 scalars: a Schnorr proof whose answer, a masked vector, is shown by an inner-product argument instead
 * of being sent.
 * @see Attema and Cramer 2020, "Compressed Σ-protocol theory", §4
 */
export function vectorOpening(name: string, statement: VectorStatement, witness?: VectorWitness): Clause {
  const { bases, image, form } = statement;
  const rounds = Math.log2(bases.length);
  const coefficients = form?.coefficients ?? bases.map(() => 0n);
  const forms = form === undefined ? 0 : 1;
  const [pointCount, scalarCount] = [1 + forms + 2 * rounds, 2 + forms];
  return {
    name,
    proofBytes: partsBytes(pointCount, scalarCount),
    prove: (transcript, entropy) => {
      bind(transcript, statement);
      assert(witness !== undefined && witness.vector.length === bases.length, `${name} is proven with a vector`);
      const mask = bases.map(() => randomScalar(entropy));
      const [kappa, eta] = [randomScalar(entropy), randomScalar(entropy)];
      const said = [secretMsm([...bases, BLINDING_BASE], [...mask, kappa]).toBytes()];
      if (form !== undefined) said.push(commit({ value: innerProduct(coefficients, mask), blinding: eta }).toBytes());
      for (const point of said) transcript.absorb('T', point);
      const c = transcript.challenge('c');
      const answer = (nonce: bigint, secret: bigint) => scalars.add(nonce, scalars.mul(c, secret));
      const answers = [answer(kappa, witness.blinding)];
      if (form !== undefined) answers.push(answer(eta, witness.valueBlinding));
      transcript.absorbScalars('z', answers);
      const q = { scalar: scalars.mul(transcript.challenge('w'), BigInt(forms)), point: VALUE_BASE };
      const masked = mask.map((nonce, i) => answer(nonce, witness.vector[i] as bigint));
      const inner = proveInnerProduct({ g: bases, h: [], hFactors: [], q }, masked, coefficients, transcript);
      return writeParts([...said, ...inner.said], [...answers, inner.a]);
    },
    read: (transcript, proof) => {
      bind(transcript, statement);
      const parts = readParts(proof, pointCount, scalarCount);
      if (!parts.ok) return parts;
      const { points, encoded } = parts.value;
      const answers = parts.value.scalars.slice(0, 1 + forms);
      const a = parts.value.scalars.at(-1) as bigint;
      for (const point of encoded.slice(0, 1 + forms)) transcript.absorb('T', point);
      const c = transcript.challenge('c');
      transcript.absorbScalars('z', answers);
      const w = scalars.mul(transcript.challenge('w'), BigInt(forms));
      const from = 1 + forms;
      const { s, sides } = readInnerProduct(bases.length, points.slice(from), encoded.slice(from), transcript);
      const b = innerProduct(coefficients, s);
      transcript.absorbScalars('ab', [a, b]);
      const ofForm: readonly Term[] =
        form === undefined
          ? []
          : [
              { scalar: w, point: points[1] as Point },
              ...scale(scalars.mul(w, c), form.value),
              { scalar: scalars.neg(scalars.mul(w, answers[1] as bigint)), point: BLINDING_BASE },
              { scalar: scalars.neg(scalars.mul(w, scalars.mul(a, b))), point: VALUE_BASE },
            ];
      return accept([
        [
          { scalar: 1n, point: points[0] as Point },
          ...scale(c, image),
          { scalar: scalars.neg(answers[0] as bigint), point: BLINDING_BASE },
          ...bases.map((point, i) => ({ scalar: scalars.neg(scalars.mul(a, s[i] as bigint)), point })),
          ...sides,
          ...ofForm,
        ],
      ]);
    },
  };
}
