import {
  accept,
  bytes,
  bytesUpTo,
  type Entropy,
  encode,
  integer,
  MurmurError,
  refuse,
  struct,
  text,
  utf8,
} from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { bitVector } from '../bulletproofs/bit-vector.ts';
import { decodePoint, type Point, randomScalar, scalars } from '../group/group.ts';
import { commitVector, vectorBases } from '../group/pedersen.ts';
import type { Predicate } from '../presentation/presentation.ts';
import type { Term } from '../transcript/equations.ts';
import { drawRows, normBound, project, type VectorSecrets } from './norm-bound.ts';

const ID = 'model-integrity';
export const MAX_COORDINATES = 1024;
export const MAX_PROJECTIONS = 64;
const MODULUS = 2 ** 32;
const INVERSE_OF_MODULUS = scalars.inv(BigInt(MODULUS));

/** Public. Vectors have a power of two of places, 2 to 1024: fill up with zeros. */
export interface ModelIntegrityStatement {
  /** Commitment to the device's key, 32 bytes, as registered. */
  readonly holder: Uint8Array;
  /** Commitment to the update x, 32 bytes: Σ xᵢ·gᵢ + ρ·H. On the ledger before `beacon` is drawn. */
  readonly update: Uint8Array;
  /** Commitment to the round's mask m, 32 bytes, as registered for this device and round. */
  readonly mask: Uint8Array;
  /** Names job and round; at most 64 characters. */
  readonly round: string;
  /** y, the masked update that the device sent. */
  readonly masked: Uint32Array;
  /** 1 to 64. */
  readonly projections: number;
  /** k, 8 to 32. */
  readonly boundBits: number;
  /** Public chance drawn after the commitments were fixed, 32 bytes. */
  readonly beacon: Uint8Array;
}

/** x and m as signed integers of 32 bits, with the blindings of their commitments. */
export interface ModelIntegritySecrets {
  readonly update: VectorSecrets;
  readonly mask: VectorSecrets;
}

const schema = struct({
  holder: bytes(32),
  update: bytes(32),
  mask: bytes(32),
  round: text(64),
  masked: bytesUpTo(4 * MAX_COORDINATES),
  projections: integer(1, MAX_PROJECTIONS),
  boundBits: integer(8, 32),
  beacon: bytes(32),
});

/**
 * The device can open `update` to a vector x and `mask` to a vector m, and
 * 1. yᵢ = xᵢ + mᵢ + 2^32·wᵢ modulo the group order, each wᵢ 0 or 1: the masked vector of this round is x + m mod 2^32,
 * 2. for each of r rows p of -1, 0 and 1, drawn from round, commitment to x and beacon: -2^(k-1) ≤ Σ pᵢxᵢ < 2^(k-1).
 *
 * So, except with probability 2^-r, x holds whole numbers from -2^k to 2^k, and m holds whole numbers as well: a place
 * that is none of these fails every other row. What 2 says of the L2 norm is in `largeVectorPassBound` and
 * `honestRefusalBound`, with β = 2^(k-1): a bound, with a factor between what passes and what is caught. Whoever
 * chooses x knowing the beacon passes with anything: the verifier sees to it that `update` stood before.
 *
 * That m is the mask which the round will take off again is not proven here: the round checks it when the sum of a
 * group's mask commitments is opened. That x came from training is not proven either.
 */
export const modelIntegrity: Predicate<ModelIntegrityStatement, ModelIntegritySecrets> = {
  id: ID,
  statementBytes: (statement) => encode(schema, { ...statement, masked: littleEndian(statement.masked) }),
  read: (statement, secrets) => {
    const { holder, update, mask, round, masked, projections, boundBits } = statement;
    const { length } = masked;
    const isSized = length >= 2 && length <= MAX_COORDINATES && Number.isInteger(Math.log2(length));
    const isBounded = inRange(projections, 1, MAX_PROJECTIONS) && inRange(boundBits, 8, 32);
    if (!isSized || !isBounded || round.length > 64 || statement.beacon.length !== 32) return refuse('bad-statement');
    const points: Point[] = [];
    for (const encoded of [holder, update, mask]) {
      const point = decodePoint(encoded);
      if (typeof point === 'string') return refuse(point);
      points.push(point);
    }
    const [holderPoint, updatePoint, maskPoint] = points as [Point, Point, Point];
    const clauses = [
      bitVector('masked is update plus mask', length, wrapsOf(masked, updatePoint, maskPoint), wrapWitness(secrets)),
      normBound('projections are bounded', updatePoint, { rows: rowsOf(statement), boundBits }, fieldSecrets(secrets)),
    ];
    return accept({ holder: holderPoint, subject: roundSubject(round), clauses });
  },
  falseClause: (statement, { update, mask }) => {
    const { masked, boundBits } = statement;
    const isSum = update.vector.every(
      (x, i) => BigInt.asUintN(32, x + (mask.vector[i] as bigint)) === BigInt(masked[i] as number),
    );
    if (!isSum || update.vector.length !== masked.length) return 'masked is not update plus mask';
    const half = 1n << BigInt(boundBits - 1);
    const isBounded = project(rowsOf(statement), update.vector).every((value) => value >= -half && value < half);
    return isBounded ? undefined : 'a projection of the update is out of bounds';
  },
};

/**
 * Masks an update and commits to both.
 * @param update signed 32-bit integers; a power of two of them, filled up with zeros
 * @param mask of the same length; its sum with the round's other masks is what the round takes off
 * @throws PRIVACY_BAD_ATTRIBUTES
 */
export function commitUpdate(
  update: Int32Array,
  mask: Int32Array,
  entropy: Entropy,
): {
  readonly secrets: ModelIntegritySecrets;
  readonly commitments: Pick<ModelIntegrityStatement, 'update' | 'mask'>;
  readonly masked: Uint32Array;
} {
  if (update.length !== mask.length || !Number.isInteger(Math.log2(update.length)) || update.length > MAX_COORDINATES) {
    throw new MurmurError({
      code: 'PRIVACY_BAD_ATTRIBUTES',
      message: `an update of ${update.length} and a mask of ${mask.length} places cannot be committed to`,
      remedy: `fill both up with zeros to the same power of two, at most ${MAX_COORDINATES}`,
      facts: { update: update.length, mask: mask.length },
    });
  }
  const secret = (values: Int32Array) => ({ vector: Array.from(values, BigInt), blinding: randomScalar(entropy) });
  const secrets = { update: secret(update), mask: secret(mask) };
  const encoded = ({ vector, blinding }: VectorSecrets) => commitVector(vector, blinding).toBytes();
  return {
    secrets,
    commitments: { update: encoded(secrets.update), mask: encoded(secrets.mask) },
    masked: Uint32Array.from(update, (x, i) => x + (mask[i] as number)),
  };
}

/** (Σ yᵢ·gᵢ - update - mask) / 2^32: commits to the wraps w. */
function wrapsOf(masked: Uint32Array, update: Point, mask: Point): Term[] {
  const bases = vectorBases('g', masked.length);
  return [
    ...bases.map((point, i) => ({ scalar: scalars.mul(INVERSE_OF_MODULUS, BigInt(masked[i] as number)), point })),
    { scalar: scalars.neg(INVERSE_OF_MODULUS), point: update },
    { scalar: scalars.neg(INVERSE_OF_MODULUS), point: mask },
  ];
}

function wrapWitness(secrets?: ModelIntegritySecrets) {
  if (secrets === undefined) return undefined;
  const { update, mask } = secrets;
  const sum = scalars.add(update.blinding, mask.blinding);
  return {
    // The sign of x + m, which fits into 34 bits: 1 where it is negative.
    bits: update.vector.map((x, i) => Number(BigInt.asUintN(1, (x + (mask.vector[i] as bigint)) >> 40n))),
    blinding: scalars.neg(scalars.mul(INVERSE_OF_MODULUS, sum)),
  };
}

function fieldSecrets(secrets?: ModelIntegritySecrets): VectorSecrets | undefined {
  if (secrets === undefined) return undefined;
  const { vector, blinding } = secrets.update;
  return { vector: vector.map((x) => scalars.create(x)), blinding };
}

function rowsOf({ round, update, beacon, projections, masked }: ModelIntegrityStatement): Int8Array[] {
  return drawRows(sha3_256(roundSubject(round), update, beacon), projections, masked.length);
}

function roundSubject(round: string): Uint8Array {
  return sha3_256(utf8(round));
}

function inRange(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max;
}

function littleEndian(words: Uint32Array): Uint8Array {
  const result = new Uint8Array(4 * words.length);
  const view = new DataView(result.buffer);
  for (const [i, word] of words.entries()) view.setUint32(4 * i, word, true);
  return result;
}
