import { accept, assert, concatBytes, type Entropy, type Result, refuse } from '@murmuration/core';
import { type RangeItem, ranges } from '../bulletproofs/range.ts';
import { type ProofRefusal, proveAll, readAll } from '../clause.ts';
import { POINT_BYTES, type Point, randomScalar, scalars } from '../group/group.ts';
import { commit, VALUE_BASE } from '../group/pedersen.ts';
import type { Pending, Term } from '../transcript/equations.ts';
import { readParts } from '../transcript/parts.ts';
import { Transcript } from '../transcript/transcript.ts';

const MODULUS = 2n ** 32n;

/** A mask of the vector as the commitments say it: r of them, to its projections modulo 2^32. */
export interface CommittedMask {
  /** Whether the mask was added to the vector or taken away. */
  readonly sign: 1 | -1;
  readonly commitments: readonly Point[];
}

export interface MaskedNormStatement {
  /** Plan, member, challenge and vector: another context, another proof. */
  readonly context: Uint8Array;
  /** r projections of the masked vector, each from 0 to 2^32 − 1. */
  readonly targets: readonly number[];
  readonly masks: readonly CommittedMask[];
  /** β: projections of what is under the masks are from −β to β. */
  readonly bound: number;
}

export interface MaskedNormWitness {
  /** For each mask its r projections, from 0 to 2^32 − 1, and the blindings of their commitments. */
  readonly masks: readonly { readonly values: readonly number[]; readonly blindings: readonly bigint[] }[];
}

/** The projections of what is under the masks, as signed 32-bit integers. */
export function unmaskedProjections({ targets, masks }: MaskedNormStatement, witness: MaskedNormWitness): number[] {
  return targets.map((target, j) => {
    let left = target;
    for (const [i, { sign }] of masks.entries()) left = (left - sign * (witness.masks[i]?.values[j] as number)) | 0;
    return left | 0;
  });
}

/**
 * "For each j: targetⱼ = pⱼ + Σ ± maskⱼ + 2^32·wⱼ with |pⱼ| ≤ β and small wⱼ": the projections of the vector under the
 * masks are bounded modulo 2^32. Commits to each wⱼ; pⱼ is committed to by what is left; one Bulletproof ranges both.
 * @returns undefined where it is not so
 */
export function proveMaskedNorm(
  statement: MaskedNormStatement,
  witness: MaskedNormWitness,
  entropy: Entropy,
): Uint8Array | undefined {
  const { targets, masks, bound } = statement;
  const projections = unmaskedProjections(statement, witness);
  if (projections.some((p) => Math.abs(p) > bound)) return undefined;
  const secrets = witness.masks.flatMap(({ values, blindings }) => [...values.map(BigInt), ...blindings]);
  const fresh = transcriptOf(statement, []).masks(entropy, secrets);
  const wraps = targets.map((target, j) => {
    let rest = BigInt(target) - BigInt(projections[j] as number);
    for (const [i, { sign }] of masks.entries()) rest -= BigInt(sign * (witness.masks[i]?.values[j] as number));
    assert(rest % MODULUS === 0n, 'wraps are whole');
    return { value: scalars.create(rest / MODULUS), blinding: randomScalar(fresh) };
  });
  const points = wraps.map(commit);
  const blindings = wraps.map(({ blinding }, j) => {
    let left = scalars.neg(scalars.mul(MODULUS, blinding));
    for (const [i, { sign }] of masks.entries()) {
      const own = witness.masks[i]?.blindings[j] as bigint;
      left = sign === 1 ? scalars.sub(left, own) : scalars.add(left, own);
    }
    return left;
  });
  const openings = {
    projections: projections.map((p, j) => ({ value: BigInt(p + bound), blinding: blindings[j] as bigint })),
    wraps: wraps.map(({ value, blinding }) => ({ value: scalars.add(value, wrapShift(statement)), blinding })),
  };
  const encoded = points.map((point) => point.toBytes());
  const clause = ranges('masked norm', itemsOf(statement, points, openings));
  const transcript = transcriptOf(statement, encoded);
  return concatBytes(...encoded, proveAll([clause], transcript, entropy));
}

/** What is left to check; many members' proofs hold together in one `allHold`. */
export function readMaskedNorm(statement: MaskedNormStatement, proof: Uint8Array): Result<Pending, ProofRefusal> {
  const headBytes = statement.targets.length * POINT_BYTES;
  if (proof.length < headBytes) return refuse('wrong-length', `${proof.length} bytes`);
  const head = readParts(proof.subarray(0, headBytes), statement.targets.length, 0);
  if (!head.ok) return head;
  const { points, encoded } = head.value;
  const clause = ranges('masked norm', itemsOf(statement, points));
  const read = readAll([clause], transcriptOf(statement, encoded), proof.subarray(headBytes));
  return read.ok ? accept(read.value) : read;
}

interface Openings {
  readonly projections: readonly { readonly value: bigint; readonly blinding: bigint }[];
  readonly wraps: readonly { readonly value: bigint; readonly blinding: bigint }[];
}

function itemsOf(statement: MaskedNormStatement, wraps: readonly Point[], openings?: Openings): RangeItem[] {
  const { targets, masks, bound } = statement;
  const shift = wrapShift(statement);
  const projections = targets.map((target, j): RangeItem => {
    const commitment: Term[] = [
      { scalar: scalars.create(BigInt(target + bound)), point: VALUE_BASE },
      ...masks.map(({ sign, commitments }) => ({
        scalar: sign === 1 ? scalars.neg(1n) : 1n,
        point: commitments[j] as Point,
      })),
      { scalar: scalars.neg(MODULUS), point: wraps[j] as Point },
    ];
    return withOpening({ commitment, max: BigInt(2 * bound) }, openings?.projections[j]);
  });
  const small = wraps.map((point, j): RangeItem => {
    const commitment = [
      { scalar: 1n, point },
      { scalar: shift, point: VALUE_BASE },
    ];
    return withOpening({ commitment, max: 2n * shift }, openings?.wraps[j]);
  });
  return [...projections, ...small];
}

function withOpening(item: RangeItem, opening: RangeItem['opening']): RangeItem {
  return opening === undefined ? item : { ...item, opening };
}

/** Each mask wraps at most once; target and projection add one each. */
function wrapShift({ masks }: MaskedNormStatement): bigint {
  return BigInt(masks.length + 2);
}

function transcriptOf({ context }: MaskedNormStatement, wraps: readonly Uint8Array[]): Transcript {
  const transcript = new Transcript('masked norm');
  transcript.absorb('context', context);
  for (const wrap of wraps) transcript.absorb('wrap', wrap);
  return transcript;
}
