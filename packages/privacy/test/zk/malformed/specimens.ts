import { bytes, bytesUpTo, decode, encode, type Infer, struct, uint, utf8 } from '@murmuration/core';
import { bitVector } from '../../../src/zk/bulletproofs/bit-vector.ts';
import { proveRanges, verifyRanges } from '../../../src/zk/bulletproofs/range.ts';
import { vectorOpening } from '../../../src/zk/bulletproofs/vector-opening.ts';
import type { Circuit } from '../../../src/zk/circuit/builder.ts';
import { circuitClause } from '../../../src/zk/circuit/clause.ts';
import { Linear } from '../../../src/zk/circuit/linear.ts';
import type { Clause } from '../../../src/zk/clause.ts';
import { scalars } from '../../../src/zk/group/group.ts';
import { commit, commitVector, openingOf, VALUE_BASE, vectorBases } from '../../../src/zk/group/pedersen.ts';
import { contentClass } from '../../../src/zk/predicates/content-class.ts';
import { proveMaskedNorm, readMaskedNorm } from '../../../src/zk/predicates/masked-norm.ts';
import { commitUpdate, modelIntegrity } from '../../../src/zk/predicates/model-integrity.ts';
import { networkPathValues, networkPolicy } from '../../../src/zk/predicates/network-policy.ts';
import { regulatoryCompliance } from '../../../src/zk/predicates/regulatory.ts';
import { type Predicate, present } from '../../../src/zk/presentation/presentation.ts';
import type { ReplayGuard } from '../../../src/zk/presentation/replay-guard.ts';
import { linearRelation, nonZero } from '../../../src/zk/sigma/linear-relation.ts';
import { oneOutOfMany } from '../../../src/zk/sigma/one-out-of-many.ts';
import { allHold } from '../../../src/zk/transcript/equations.ts';
import { answer, attested, attesterKeys, audience, holder, key, subject } from '../predicates/world.ts';
import { proofOf, seededEntropy, termsOf, verdict } from '../world.ts';

/** A valid proof, what it consists of, and the verifier that it is shown to. */
export interface Specimen {
  readonly name: string;
  readonly proof: Uint8Array;
  /** Elements of 32 bytes, by the papers: counted here, not read from the code. */
  readonly points: number;
  readonly scalars: number;
  /** `holds`, or the reason of the refusal. */
  judge(proof: Uint8Array): string;
}

const entropy = seededEntropy('specimens');
const MAX_U32 = 2 ** 32 - 1;
/** Points and scalars of one proof of knowledge that ties the nullifier to the holder's commitment. */
const NULLIFIER = { points: 2, scalars: 2 };

/** Proofs of the building blocks, as small as they come: sizes change how many elements there are, not which. */
export function clauseSpecimens(): Specimen[] {
  return [
    schnorr(),
    inequality(),
    membership(),
    rangeOf('Bulletproof, single, 4 bits', [7n], [15n], PARTS_OF_4_BITS),
    rangeOf('Bulletproof, aggregated, 2 + 1 + 1 bits', [2n, 0n, 1n], [2n, 1n, 1n], PARTS_OF_4_BITS),
    circuit(),
    opening(),
    bits(),
    maskedNorm(),
  ];
}

export function bulletproof64(): Specimen {
  return rangeOf('Bulletproof, single, 64 bits', [77n], [(1n << 64n) - 1n], { points: 4 + 2 * 6, scalars: 5 });
}

/** Presentations of the four predicates: `proof` is what is inside of one, without its envelope. */
export function predicateSpecimens(): Presented[] {
  return [network(), content(), integrity(), regulatory()];
}

/** A specimen within its envelope. */
export interface Presented extends Specimen {
  readonly wire: Uint8Array;
  readonly envelope: Infer<typeof presentationSchema>;
  /** The answer to a whole presentation, by a verifier that has seen none before unless `guard` has. */
  judgeWire(wire: Uint8Array, guard?: ReplayGuard): string;
}

export const presentationSchema = struct({
  verifier: bytes(32),
  epoch: uint,
  nullifier: bytes(32),
  proof: bytesUpTo(65_536),
});

const PARTS_OF_4_BITS = { points: 4 + 2 * 2, scalars: 5 };

/** Range proofs of 4 bits, each of a statement of its own. */
export function batchOf(count: number) {
  return Array.from({ length: count }, (_, i) => {
    const opened = openingOf(BigInt(i), entropy);
    const statement = { context: utf8('batch'), commitments: [commit(opened).toBytes()], maxima: [15n] };
    return { statement, proof: proveRanges(statement, [opened], entropy) };
  });
}

function schnorr(): Specimen {
  const secret = 123_456_789n;
  const rows = [{ image: termsOf(VALUE_BASE.multiply(secret)), bases: [{ secret: 0, base: VALUE_BASE }] }];
  return ofClause(linearRelation('Schnorr', rows, [secret]), linearRelation('Schnorr', rows), {
    points: 1,
    scalars: 1,
  });
}

function inequality(): Specimen {
  const opened = openingOf(9n, entropy);
  const point = commit(opened);
  return ofClause(nonZero('not zero', point, opened), nonZero('not zero', point), { points: 1, scalars: 2 });
}

function membership(): Specimen {
  const opened = openingOf(12n, entropy);
  const point = commit(opened);
  const members = [10n, 11n, 12n, 13n].map((value) => [
    { scalar: 1n, point },
    { scalar: scalars.neg(value), point: VALUE_BASE },
  ]);
  const proven = oneOutOfMany('one out of four', members, { index: 2, blinding: opened.blinding });
  return ofClause(proven, oneOutOfMany('one out of four', members), { points: 4 * 2, scalars: 3 * 2 + 1 });
}

function rangeOf(
  name: string,
  values: readonly bigint[],
  maxima: readonly bigint[],
  parts: Pick<Specimen, 'points' | 'scalars'>,
): Specimen {
  const openings = values.map((value) => openingOf(value, entropy));
  const statement = {
    context: utf8('specimen'),
    commitments: openings.map((opened) => commit(opened).toBytes()),
    maxima,
  };
  const judge = (proof: Uint8Array) => {
    const result = verifyRanges(statement, proof);
    return result.ok ? 'holds' : result.reason;
  };
  return { name, proof: proveRanges(statement, openings, entropy), ...parts, judge };
}

/** x³ + x + 5 = y: two multiplications. */
function circuit(): Specimen {
  const zero = Linear.constant(0n);
  const cubic: Circuit = (builder, [x = zero, y = zero]) => {
    const cube = builder.multiply(builder.multiply(x, x), x);
    builder.mustBeZero(cube.plus(x).plus(5n).minus(y));
  };
  const openings = [3n, 35n].map((value) => openingOf(value, entropy));
  const inputs = openings.map((opened) => termsOf(commit(opened)));
  const parts = { points: 8 + 2, scalars: 5 };
  return ofClause(circuitClause('circuit', cubic, inputs, openings), circuitClause('circuit', cubic, inputs), parts);
}

function opening(): Specimen {
  const [vector, blinding] = [[4n, 5n], 99n];
  const value = openingOf(4n + 10n, entropy);
  const statement = {
    bases: [{ points: vectorBases('g', 2), factor: 1n }] as const,
    image: termsOf(commitVector(vector, blinding)),
    form: { coefficients: [1n, 2n], value: termsOf(commit(value)) },
  };
  const witness = { vector, blinding, valueBlinding: value.blinding };
  const parts = { points: 2 + 2, scalars: 4 };
  return ofClause(vectorOpening('opening', statement, witness), vectorOpening('opening', statement), parts);
}

function bits(): Specimen {
  const [written, blinding] = [[1, 0], 77n];
  const image = termsOf(commitVector(written.map(BigInt), blinding));
  const proven = bitVector('bits', 2, image, { bits: written, blinding });
  return ofClause(proven, bitVector('bits', 2, image), { points: 4 + 2 + 1 + 2, scalars: 5 + 2 });
}

/** Projection -1 of a vector under one mask, bound 1: 2 bits for it and 3 for the wrap, so 8. */
function maskedNorm(): Specimen {
  const mask = openingOf(4_000_000_000n, entropy);
  const masks = [{ sign: 1, commitments: [commit(mask)] } as const];
  const statement = { context: utf8('specimen'), targets: [3_999_999_999], masks, bound: 1 };
  const witness = { masks: [{ values: [Number(mask.value)], blindings: [mask.blinding] }] };
  const proof = proveMaskedNorm(statement, witness, entropy);
  if (proof === undefined) throw new Error('-1 is within 1');
  const judge = (given: Uint8Array) => {
    const read = readMaskedNorm(statement, given);
    if (!read.ok) return read.reason;
    return allHold([read.value]) ? 'holds' : 'false-proof';
  };
  return { name: 'masked norm', proof, points: 1 + 4 + 2 * 3, scalars: 5, judge };
}

function ofClause(proven: Clause, checked: Clause, parts: Pick<Specimen, 'points' | 'scalars'>): Specimen {
  return { name: proven.name, proof: proofOf(proven), ...parts, judge: (proof) => verdict(proof, checked) };
}

/** Three one-out-of-eight proofs (12 points, 10 scalars each) and six proofs of inequality (1 and 2) over three points. */
function network(): Presented {
  const values = networkPathValues({ destination: utf8('b.example'), networks: [1, 2, 3] });
  const { credential, openings } = attested('network-policy', values);
  const allowList = ['a.example', 'b.example'].map(utf8);
  const statement = { attester: attesterKeys.publicKey, credential, session: subject, allowList };
  return ofPredicate(networkPolicy, statement, { openings }, { points: 4 + 8 + 3 + 36 + 6, scalars: 4 + 5 + 30 + 12 });
}

function content(): Presented {
  const { credential, openings } = attested('content-class', [BigInt(MAX_U32), 0n]);
  const bounds = { minAllowed: MAX_U32 - 1, maxProhibited: 1 };
  const statement = { classifier: attesterKeys.publicKey, credential, content: subject, ...bounds };
  return ofPredicate(contentClass, statement, { openings }, { points: 4 + 2, scalars: 5 });
}

function integrity(): Presented {
  const { secrets, commitments, masked } = commitUpdate(Int32Array.of(3, -2), Int32Array.of(-70_000, 9), entropy);
  // Bits of the wraps: 6 + 5 and 3 + 2. Projection: 1; its range: 10 + 5; their combination: 4 + 4.
  const parts = { points: 6 + 3 + 1 + 10 + 4, scalars: 5 + 2 + 5 + 4 };
  for (let fill = 0; ; fill++) {
    const bounds = { projections: 1, boundBits: 8, beacon: new Uint8Array(32).fill(fill) };
    const statement = { holder, round: 'job-1/3', ...commitments, masked, ...bounds };
    const specimen = ofPredicate(modelIntegrity, statement, secrets, parts);
    // One row in four of two coefficients is all zeros, and shows a projection of zero.
    if (!Buffer.from(specimen.proof).includes(new Uint8Array(32))) return specimen;
  }
}

function regulatory(): Presented {
  const { credential, openings } = attested('regulatory-compliance', [1n, BigInt(MAX_U32), 1n, 0n]);
  const bounds = { maxEpsilonMicros: 1, maxRetentionDays: 1, minCohort: MAX_U32 - 1 };
  const statement = { auditor: attesterKeys.publicKey, credential, dataset: subject, ...bounds };
  return ofPredicate(regulatoryCompliance, statement, { openings }, { points: 4 + 4, scalars: 5 });
}

function ofPredicate<S, W>(
  predicate: Predicate<S, W>,
  statement: S,
  secrets: W,
  parts: Pick<Specimen, 'points' | 'scalars'>,
): Presented {
  const wire = present(predicate, statement, secrets, key, audience, entropy);
  const decoded = decode(presentationSchema, wire);
  if (!decoded.ok) throw new Error(decoded.reason);
  return {
    name: predicate.id,
    wire,
    envelope: decoded.value,
    proof: decoded.value.proof,
    points: NULLIFIER.points + parts.points,
    scalars: NULLIFIER.scalars + parts.scalars,
    judge: (proof) => answer(predicate, statement, encode(presentationSchema, { ...decoded.value, proof })),
    judgeWire: (given, guard) => answer(predicate, statement, given, guard),
  };
}
