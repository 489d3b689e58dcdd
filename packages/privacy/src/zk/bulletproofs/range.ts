import { accept, assert, checkInteger, type Entropy, MurmurError, type Result, refuse } from '@murmuration/core';
import { type Clause, type ProofRefusal, proveAll, readAll } from '../clause.ts';
import { decodePoint, scalars } from '../group/group.ts';
import { MAX_VECTOR, type Opening } from '../group/pedersen.ts';
import { nextPowerOfTwo } from '../group/vectors.ts';
import { allHold, type Pending, type Term } from '../transcript/equations.ts';
import { partsBytes, readParts } from '../transcript/parts.ts';
import { Transcript } from '../transcript/transcript.ts';
import { bitsOf, weightsTo } from './bits.ts';
import { bitEquations, CORE_SCALARS, corePoints, proveBits, type WeighedBits } from './range-core.ts';

/** "This commitment is to a number from 0 to max." */
export interface RangeItem {
  readonly commitment: readonly Term[];
  /** 0 to 2^128. */
  readonly max: bigint;
  readonly opening?: Opening;
}

/**
 * All of them in one Bulletproof, of 2·log₂(bits) + 9 elements. Bits of all items: at most 8192.
 * @throws OPTION_OUT_OF_RANGE for too many bits, PRIVACY_STATEMENT_FALSE for a bound below 0 or above 2^128
 */
export function ranges(name: string, items: readonly RangeItem[]): Clause {
  // Near the group order a range would hold every number, and below 0 none.
  if (!items.every(({ max }) => max >= 0n && max <= MAX_VALUE))
    throw falseStatement(`${name}, whose bound is no range,`);
  let bits = 0;
  const sums: WeighedBits[] = items.map(({ commitment, max }) => {
    const weights = weightsTo(max);
    const from = bits;
    bits += weights.length;
    return { commitment, from, weights };
  });
  const size = nextPowerOfTwo(Math.max(bits, 1));
  checkInteger('bits of a range proof', size, 1, MAX_VECTOR);
  return {
    name,
    proofBytes: partsBytes(corePoints(size), CORE_SCALARS),
    prove: (transcript, entropy) => {
      bind(transcript, items);
      const openings = items.map(({ opening }) => opening);
      assert(
        openings.every((opening) => opening !== undefined),
        `${name} is proven with openings`,
      );
      const written = openings.flatMap(({ value }, j) => bitsOf(value, (items[j] as RangeItem).max));
      const witness = {
        bits: [...written, ...new Array<number>(size - bits).fill(0)],
        blindings: openings.map(({ blinding }) => blinding),
      };
      return proveBits({ size, sums }, witness, transcript, entropy).proof;
    },
    read: (transcript, proof) => {
      bind(transcript, items);
      const parts = readParts(proof, corePoints(size), CORE_SCALARS);
      return parts.ok ? accept(bitEquations({ size, sums }, parts.value, transcript)) : parts;
    },
  };
}

function bind(transcript: Transcript, items: readonly RangeItem[]): void {
  transcript.absorbNumber('items', items.length);
  for (const { commitment, max } of items) {
    transcript.absorbTerms('commitment', commitment);
    transcript.absorb('max', new TextEncoder().encode(String(max)));
  }
}

/** A range proof by itself: commitments and bounds are public. */
export interface RangeStatement {
  /** What the proof is for: another context, another proof. */
  readonly context: Uint8Array;
  /** 1 to 64 commitments, 32 bytes each. */
  readonly commitments: readonly Uint8Array[];
  /** The largest value of each. */
  readonly maxima: readonly bigint[];
}

export type RangeRefusal = ProofRefusal | 'bad-statement';

const MAX_VALUE = 1n << 128n;
const MAX_COMMITMENTS = 64;

/**
 * Proves that each value is from 0 to its maximum. 64 bits: 672 bytes.
 * @throws PRIVACY_STATEMENT_FALSE where a value is not
 */
export function proveRanges(statement: RangeStatement, openings: readonly Opening[], entropy: Entropy): Uint8Array {
  for (const [i, { value }] of openings.entries()) {
    if (value < 0n || value > (statement.maxima[i] ?? -1n)) throw falseStatement(`value ${i} of a range proof`);
  }
  const clause = clauseOf(statement, openings);
  if (!clause.ok) throw falseStatement(`a range proof (${clause.reason})`);
  return proveAll([clause.value], transcriptOf(statement), entropy);
}

export function verifyRanges(statement: RangeStatement, proof: Uint8Array): Result<void, RangeRefusal> {
  return verifyRangeBatch([{ statement, proof }]).find((result) => !result.ok) ?? accept(undefined);
}

/** Many at once, several times faster than each by itself. @returns for each whether it holds */
export function verifyRangeBatch(
  batch: readonly { readonly statement: RangeStatement; readonly proof: Uint8Array }[],
): readonly Result<void, RangeRefusal>[] {
  const read = batch.map(({ statement, proof }): Result<Pending, RangeRefusal> => {
    const clause = clauseOf(statement);
    return clause.ok ? readAll([clause.value], transcriptOf(statement), proof) : clause;
  });
  const pending = read.flatMap((result) => (result.ok ? [result.value] : []));
  const together = allHold(pending);
  return read.map((result) => {
    if (!result.ok) return result;
    return together || allHold([result.value]) ? accept(undefined) : refuse('false-proof');
  });
}

function clauseOf(
  { commitments, maxima }: RangeStatement,
  openings?: readonly Opening[],
): Result<Clause, RangeRefusal> {
  const isSized = commitments.length >= 1 && commitments.length <= MAX_COMMITMENTS;
  const isBounded = maxima.every((max) => max >= 0n && max <= MAX_VALUE);
  if (!isSized || !isBounded || maxima.length !== commitments.length) return refuse('bad-statement');
  const bits = maxima.reduce((sum, max) => sum + weightsTo(max).length, 0);
  if (bits > MAX_VECTOR) return refuse('bad-statement', `${bits} bits, at most ${MAX_VECTOR}`);
  const items: RangeItem[] = [];
  for (const [i, bytes] of commitments.entries()) {
    const point = decodePoint(bytes);
    if (typeof point === 'string') return refuse(point);
    const opening = openings?.[i];
    const item = { commitment: [{ scalar: scalars.ONE, point }], max: maxima[i] as bigint };
    items.push(opening === undefined ? item : { ...item, opening });
  }
  return accept(ranges('ranges', items));
}

function transcriptOf({ context }: RangeStatement): Transcript {
  const transcript = new Transcript('range proof');
  transcript.absorb('context', context);
  return transcript;
}

/** A prover was asked to prove what is not so. */
export function falseStatement(what: string): MurmurError {
  return new MurmurError({
    code: 'PRIVACY_STATEMENT_FALSE',
    message: `${what} cannot be proven: it does not hold for the given openings`,
    remedy: 'check the values against the statement before proving it',
    facts: { what },
  });
}
