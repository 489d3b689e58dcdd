import { describe, expect, test, vi } from 'vitest';
import { bitVector } from '../../../src/zk/bulletproofs/bit-vector.ts';
import { ranges } from '../../../src/zk/bulletproofs/range.ts';
import { vectorOpening } from '../../../src/zk/bulletproofs/vector-opening.ts';
import type { Circuit } from '../../../src/zk/circuit/builder.ts';
import { circuitClause } from '../../../src/zk/circuit/clause.ts';
import { Linear } from '../../../src/zk/circuit/linear.ts';
import type { Clause } from '../../../src/zk/clause.ts';
import { BLINDING_BASE, commit, VALUE_BASE, vectorBases } from '../../../src/zk/group/pedersen.ts';
import { contentClass } from '../../../src/zk/predicates/content-class.ts';
import { distinctValues } from '../../../src/zk/predicates/distinct.ts';
import { type MaskedNormStatement, readMaskedNorm } from '../../../src/zk/predicates/masked-norm.ts';
import { modelIntegrity } from '../../../src/zk/predicates/model-integrity.ts';
import { networkPolicy } from '../../../src/zk/predicates/network-policy.ts';
import { normBound } from '../../../src/zk/predicates/norm-bound.ts';
import { regulatoryCompliance } from '../../../src/zk/predicates/regulatory.ts';
import type { Predicate } from '../../../src/zk/presentation/presentation.ts';
import { linearRelation, nonZero } from '../../../src/zk/sigma/linear-relation.ts';
import { oneOutOfMany } from '../../../src/zk/sigma/one-out-of-many.ts';
import { Transcript } from '../../../src/zk/transcript/transcript.ts';
import { termsOf } from '../world.ts';
import { bindings, blankProof, elementOf, firstChallenge } from './challenges.ts';

const P = (seed: number) => commit({ value: BigInt(seed), blinding: 7n });
const [g, h] = [vectorBases('g', 4), vectorBases('h', 4)];
const first2 = { points: g.slice(0, 2), factor: 1n };
const opening = (change: object = {}) =>
  vectorOpening('c', {
    bases: [first2],
    image: termsOf(P(1)),
    form: { coefficients: [1n, 2n], value: termsOf(P(2)) },
    ...change,
  });
const zero = Linear.constant(0n);
const circuit = (written: Circuit, inputs = [P(1), P(2)]) => circuitClause('c', written, inputs.map(termsOf));
const square =
  (change: (square: Linear, y: Linear) => Linear): Circuit =>
  (builder, [x = zero, y = zero]) =>
    builder.mustBeZero(change(builder.multiply(x, x), y));
const rows = [Int8Array.of(1, 0), Int8Array.of(-1, 1)];
const row = (image: number, base = VALUE_BASE, secret = 0, scalar = 1n) => ({
  image: [{ scalar, point: P(image) }],
  bases: [{ secret, base }],
});
const items = (...maxima: readonly (readonly [number, bigint])[]) =>
  ranges(
    'c',
    maxima.map(([seed, max]) => ({ commitment: termsOf(P(seed)), max })),
  );

/** For each kind of clause a statement, and others that differ from it, and from each other, in one part. */
const STATEMENTS: Readonly<Record<string, readonly Clause[]>> = {
  'linear relation': [
    linearRelation('c', [row(1)]),
    linearRelation('c', [row(2)]),
    linearRelation('c', [row(1, VALUE_BASE, 0, 2n)]),
    linearRelation('c', [row(1, BLINDING_BASE)]),
    linearRelation('c', [row(1, VALUE_BASE, 1)]),
    linearRelation('c', [row(1), row(1)]),
    linearRelation('c', [{ image: [], bases: row(1).bases }]),
  ],
  'not zero': [nonZero('c', P(1)), nonZero('c', P(2))],
  'one out of many': [
    oneOutOfMany('c', [termsOf(P(1)), termsOf(P(2))]),
    oneOutOfMany('c', [termsOf(P(1)), termsOf(P(3))]),
    oneOutOfMany('c', [termsOf(P(2)), termsOf(P(1))]),
    oneOutOfMany('c', [termsOf(P(1)), [{ scalar: 2n, point: P(2) }]]),
    oneOutOfMany('c', [termsOf(P(1)), termsOf(P(2)), termsOf(P(3))]),
  ],
  ranges: [
    items([1, 3n], [2, 3n]),
    items([1, 3n], [3, 3n]),
    items([2, 3n], [1, 3n]),
    items([1, 2n], [2, 3n]),
    items([1, 3n], [2, 3n], [3, 0n]),
    items([1, 3n]),
  ],
  'vector opening': [
    opening(),
    opening({ image: termsOf(P(3)) }),
    opening({ bases: [{ points: h.slice(0, 2), factor: 1n }] }),
    opening({ bases: [{ points: g.slice(2, 4), factor: 1n }] }),
    opening({ bases: [{ ...first2, factor: 2n }] }),
    opening({ bases: [first2, first2] }),
    opening({ form: { coefficients: [2n, 1n], value: termsOf(P(2)) } }),
    opening({ form: { coefficients: [1n, 2n], value: termsOf(P(3)) } }),
    opening({ form: undefined }),
  ],
  'bit vector': [
    bitVector('c', 2, termsOf(P(1))),
    bitVector('c', 2, termsOf(P(2))),
    bitVector('c', 4, termsOf(P(1))),
    bitVector('c', 2, [{ scalar: 2n, point: P(1) }]),
  ],
  circuit: [
    circuit(square((x2, y) => x2.minus(y))),
    circuit(square((x2, y) => x2.plus(y))),
    circuit(square((x2, y) => x2.minus(y).plus(1n))),
    circuit(
      square((x2, y) => x2.minus(y)),
      [P(1), P(3)],
    ),
    circuit((builder, [x = zero, y = zero]) => {
      builder.mustBeZero(builder.multiply(x, x).minus(y));
      builder.product(() => [0n, 0n]);
    }),
    circuit((builder, [x = zero, y = zero]) => {
      builder.mustBeZero(builder.multiply(x, x).minus(y));
      builder.mustBeZero(new Linear([]));
    }),
  ],
  'distinct values': [
    distinctValues('c', [P(1), P(2)], 2),
    distinctValues('c', [P(1), P(3)], 2),
    distinctValues('c', [P(2), P(1)], 2),
    distinctValues('c', [P(1), P(2)], 1),
  ],
  'norm bound': [
    normBound('c', P(1), { rows, boundBits: 8 }),
    normBound('c', P(2), { rows, boundBits: 8 }),
    normBound('c', P(1), { rows, boundBits: 9 }),
    normBound('c', P(1), { rows: rows.toReversed(), boundBits: 8 }),
    normBound('c', P(1), { rows: rows.slice(1), boundBits: 8 }),
  ],
};

describe('no challenge comes before the whole statement', () => {
  test.each(Object.entries(STATEMENTS))('%s: the first challenge is another for every changed part', (_, clauses) => {
    const challenges = clauses.map(firstChallenge);
    expect(new Set(challenges).size).toBe(clauses.length);
  });

  test('masked norm: context, targets, masks, their signs and the bound', () => {
    const statement: MaskedNormStatement = {
      context: new Uint8Array(32),
      targets: [5, 6],
      masks: [{ sign: 1, commitments: [P(1), P(2)] }],
      bound: 3,
    };
    const changes: readonly Partial<MaskedNormStatement>[] = [
      {},
      { context: new Uint8Array(32).fill(1) },
      { targets: [5, 7] },
      { targets: [6, 5] },
      { masks: [{ sign: -1, commitments: [P(1), P(2)] }] },
      { masks: [{ sign: 1, commitments: [P(1), P(3)] }] },
      { masks: [] },
      { bound: 2 },
      { bound: 2, targets: [6, 7] },
    ];
    const challenges = changes.map((change) => {
      const drawn = vi.spyOn(Transcript.prototype, 'challenge');
      const changed = { ...statement, ...change };
      const lengths = Array.from({ length: 40 }, (_, i) => 32 * i);
      const taken = lengths.some(
        (proofBytes) => readMaskedNorm(changed, blankProof({ ...nonZero('c', P(1)), proofBytes })).ok,
      );
      const first = drawn.mock.results[0]?.value;
      drawn.mockRestore();
      return taken ? first : 'no proof of any length';
    });
    expect(new Set(challenges).size).toBe(changes.length);
    expect(challenges).not.toContain('no proof of any length');
  });

  test('known bad: a clause that says its statement after its challenge is found', () => {
    const late = (point: number): Clause => ({
      ...linearRelation('late', [row(point)]),
      read: (transcript, proof) => {
        transcript.challenge('c');
        return linearRelation('late', [row(point)]).read(transcript, proof);
      },
    });
    expect(firstChallenge(late(1))).toBe(firstChallenge(late(2)));
  });
});

/** Where each element of a proof is said, in the papers' order: before which challenge. */
const ORDERS: readonly (readonly [string, Clause, string])[] = [
  ['Schnorr', linearRelation('c', [row(1)]), 'c0 digest0'],
  ['two rows, two secrets', linearRelation('c', [row(1), row(2, BLINDING_BASE, 1)]), 'c0 c0 digest0 digest0'],
  // B, A, C, D, then f, za, zb, zd: one bit.
  ['one out of two', oneOutOfMany('c', [termsOf(P(1)), termsOf(P(2))]), 'x0 x0 x0 x0 digest0 digest0 digest0 digest0'],
  // A, S, T1, T2, L and R of two rounds, then t, tau, mu, a, b.
  ['Bulletproof of 4 bits', items([1, 15n]), 'y0 y0 x0 x0 u0 u0 u1 u1 w0 w0 w0 digest0 digest0'],
  // T, T', L and R of one round, then zeta, eta, t, a.
  ['vector opening', opening(), 'c0 c0 u0 u0 w0 w0 w0 digest0'],
  // The Bulletproof of 2 bits, and its tie: T, L, R, zeta, a.
  ['bit vector', bitVector('c', 2, termsOf(P(1))), 'y0 y0 x0 x0 u0 u0 w0 w0 w0 tie0 tie0 c0 u1 u1 u1 digest0'],
  // A_I, A_O, S, T1, T3 to T6, then t, tau, mu, a, b: one multiplication.
  ['circuit', circuit(square((x2, y) => x2.minus(y))), 'y0 y0 y0 x0 x0 x0 x0 x0 w0 w0 w0 digest0 digest0'],
];

describe('the bytes of a statement, which a presentation says before its first challenge', () => {
  const [one, two, many] = [1, 2, 3].map((fill) => new Uint8Array(32).fill(fill)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  /** Each field alone is changed: to the next number, or to other bytes. */
  function changesOf<S extends object>(predicate: Pick<Predicate<S, never>, 'id' | 'statementBytes'>, statement: S) {
    const other = (value: unknown): unknown => {
      if (typeof value === 'number') return value + 1;
      if (typeof value === 'string') return `${value}'`;
      if (Array.isArray(value)) return value.toReversed();
      return (value as Uint8Array | Uint32Array).map((word) => word ^ 128);
    };
    const changed = Object.entries(statement).map(([field, value]) => ({ ...statement, [field]: other(value) }));
    const bytes = [statement, ...changed].map((each) => Buffer.from(predicate.statementBytes(each)).toString('hex'));
    return { id: predicate.id, fields: changed.length, distinct: new Set(bytes).size - 1 };
  }

  test('are others for every changed field of the four predicates', () => {
    const bounds = { projections: 3, boundBits: 8, beacon: many };
    const counts = [
      changesOf(networkPolicy, { attester: one, credential: two, session: many, allowList: [one, two] }),
      changesOf(contentClass, { classifier: one, credential: two, content: many, minAllowed: 5, maxProhibited: 6 }),
      changesOf(modelIntegrity, {
        ...{ holder: one, update: two, mask: many, round: 'r', masked: Uint32Array.of(1, 2) },
        ...bounds,
      }),
      changesOf(regulatoryCompliance, {
        ...{ auditor: one, credential: two, dataset: many },
        ...{ maxEpsilonMicros: 1, maxRetentionDays: 2, minCohort: 3 },
      }),
    ];
    for (const { id, fields, distinct } of counts) expect(distinct, id).toBe(fields);
    expect(counts.map(({ fields }) => fields)).toEqual([4, 5, 8, 6]);
  });
});

describe('no challenge comes before what it follows from', () => {
  test.each(ORDERS)('%s: each element changes the challenge after it, and all that follow', (_, clause, order) => {
    expect(bindings(clause).join(' ')).toBe(order);
  });

  test('known bad: an element that is never said is found', () => {
    const clause = linearRelation('c', [row(1)]);
    const deaf: Clause = {
      ...clause,
      read: (transcript, proof) => {
        const fixed = Uint8Array.from(proof);
        fixed.set(elementOf(2n));
        return clause.read(transcript, fixed);
      },
    };
    expect(bindings(deaf)).toEqual(['nothing', 'digest0']);
  });
});

describe('challenges', () => {
  test('are uniform over the group: the top bits of a thousand fill every sixteenth', () => {
    const transcript = new Transcript('uniform');
    const counts = new Array<number>(16).fill(0);
    for (let i = 0; i < 1000; i++) {
      const top = Number(transcript.challenge('c') >> 248n);
      counts[Math.min(top, 15)] = (counts[Math.min(top, 15)] ?? 0) + 1;
    }
    const chiSquare = counts.reduce((sum, count) => sum + (count - 62.5) ** 2 / 62.5, 0);
    expect(chiSquare).toBeLessThan(45); // 15 degrees of freedom: 1e-4
  });

  test('two transcripts that part ways never agree again', () => {
    const [one, other] = [new Transcript('fork'), new Transcript('fork')];
    expect(one.challenge('c')).toBe(other.challenge('c'));
    one.absorb('T', Uint8Array.of(1));
    other.absorb('T', Uint8Array.of(2));
    one.absorb('z', Uint8Array.of(3));
    other.absorb('z', Uint8Array.of(3));
    expect(one.challenge('c')).not.toBe(other.challenge('c'));
  });
});
