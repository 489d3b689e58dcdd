import { accept, assert } from '@murmuration/core';
import type { Clause } from '../clause.ts';
import { type Point, randomScalar, scalars } from '../group/group.ts';
import { secretMsm } from '../group/msm.ts';
import { BLINDING_BASE, VALUE_BASE } from '../group/pedersen.ts';
import { scale, type Term } from '../transcript/equations.ts';
import { partsBytes, readParts, writeParts } from '../transcript/parts.ts';
import type { Transcript } from '../transcript/transcript.ts';

/** image = Σ secret[index] × base. */
export interface Row {
  readonly image: readonly Term[];
  readonly bases: readonly { readonly secret: number; readonly base: Point }[];
}

/**
 * "I know secrets s₀, s₁, … such that every row holds": one Schnorr proof for all of them. One row with one base is
 * knowledge of a discrete logarithm; two rows with one secret is equality of two; a row with several bases is a
 * linear relation (an opening of a commitment).
 *
 * Says T = Σ kᵢ × base for each row, answers zᵢ = kᵢ + c·sᵢ; holds where Σ zᵢ × base = T + c × image.
 * @see Maurer 2009, "Unifying zero-knowledge proofs of knowledge"
 */
export function linearRelation(name: string, rows: readonly Row[], secrets?: readonly bigint[]): Clause {
  assert(rows.length > 0 && rows.every(({ bases }) => bases.length > 0), `${name} has rows, and each of them bases`);
  const count = 1 + Math.max(...rows.flatMap(({ bases }) => bases.map(({ secret }) => secret)));
  return {
    name,
    proofBytes: partsBytes(rows.length, count),
    prove: (transcript, entropy) => {
      bind(transcript, rows);
      assert(secrets?.length === count, `${name} is proven with ${count} secrets`);
      const masks = transcript.masks(entropy, secrets);
      const nonces = secrets.map(() => randomScalar(masks));
      const said = rows.map(({ bases }) =>
        secretMsm(
          bases.map(({ base }) => base),
          bases.map(({ secret }) => nonces[secret] as bigint),
        ).toBytes(),
      );
      for (const point of said) transcript.absorb('T', point);
      const c = transcript.challenge('c');
      const answers = nonces.map((nonce, i) => scalars.add(nonce, scalars.mul(c, secrets[i] as bigint)));
      transcript.absorbScalars('z', answers);
      return writeParts(said, answers);
    },
    read: (transcript, proof) => {
      bind(transcript, rows);
      const parts = readParts(proof, rows.length, count);
      if (!parts.ok) return parts;
      for (const point of parts.value.encoded) transcript.absorb('T', point);
      const c = transcript.challenge('c');
      const answers = parts.value.scalars;
      transcript.absorbScalars('z', answers);
      return accept(
        rows.map(({ image, bases }, i) => [
          ...bases.map(({ secret, base }) => ({ scalar: answers[secret] as bigint, point: base })),
          { scalar: scalars.neg(1n), point: parts.value.points[i] as Point },
          ...scale(scalars.neg(c), image),
        ]),
      );
    },
  };
}

function bind(transcript: Transcript, rows: readonly Row[]): void {
  for (const { image, bases } of rows) {
    transcript.absorbTerms('image', image);
    transcript.absorbTerms(
      'bases',
      bases.map(({ secret, base }) => ({ scalar: BigInt(secret), point: base })),
    );
  }
}

/** "I can open this commitment." */
export function knowsOpening(commitment: Point): Row {
  return {
    image: [{ scalar: 1n, point: commitment }],
    bases: [
      { secret: 0, base: VALUE_BASE },
      { secret: 1, base: BLINDING_BASE },
    ],
  };
}

/**
 * "The committed value v is not zero": knowledge of a = 1/v and b = -blinding/v with G = a·C + b·H. Were v zero, this
 * would be a discrete logarithm of G to the base H, which nobody knows.
 */
export function nonZero(
  name: string,
  commitment: Point,
  opening?: { readonly value: bigint; readonly blinding: bigint },
): Clause {
  const row: Row = {
    image: [{ scalar: 1n, point: VALUE_BASE }],
    bases: [
      { secret: 0, base: commitment },
      { secret: 1, base: BLINDING_BASE },
    ],
  };
  if (opening === undefined) return linearRelation(name, [row]);
  // Fermat's power rather than the extended Euclid of noble's inverse, whose steps follow the secret; 0 gives 0.
  const inverse = scalars.pow(opening.value, scalars.ORDER - 2n);
  return linearRelation(name, [row], [inverse, scalars.neg(scalars.mul(inverse, opening.blinding))]);
}
