import { equalBytes, utf8 } from '@murmuration/core';
import { createSigner, sha3_256 } from '@murmuration/crypto';
import { describe, expect, test } from 'vitest';
import { newAggregatorData } from '../../../src/secure-aggregation/aggregator-state.ts';
import { proveNorm } from '../../../src/secure-aggregation/client-proof.ts';
import { createAggregator, createPlan } from '../../../src/secure-aggregation/index.ts';
import { commitMask, openMask } from '../../../src/secure-aggregation/mask-commitments.ts';
import { challengeVectors } from '../../../src/secure-aggregation/norm-checks.ts';
import { drawProjections } from '../../../src/secure-aggregation/projections.ts';
import { ranges } from '../../../src/zk/bulletproofs/range.ts';
import { scalars } from '../../../src/zk/group/group.ts';
import { commit, openingOf, VALUE_BASE } from '../../../src/zk/group/pedersen.ts';
import { type MaskedNormStatement, proveMaskedNorm, readMaskedNorm } from '../../../src/zk/predicates/masked-norm.ts';
import { allHold } from '../../../src/zk/transcript/equations.ts';
import { devices } from '../../secure-aggregation/world.ts';
import { proofOf, seededEntropy, verdict } from '../world.ts';

const entropy = seededEntropy('masked norm');
const MODULUS = 2n ** 32n;
const BOUND = 100;

/** A statement over masks of these projections, and what opens them. */
function masked(target: number, masks: readonly { readonly sign: 1 | -1; readonly value: number }[]) {
  const opened = masks.map(({ sign, value }) => ({ sign, opening: openingOf(BigInt(value), entropy), value }));
  const statement: MaskedNormStatement = {
    context: utf8('attack'),
    targets: [target],
    masks: opened.map(({ sign, opening }) => ({ sign, commitments: [commit(opening)] })),
    bound: BOUND,
  };
  const witness = { masks: opened.map(({ opening, value }) => ({ values: [value], blindings: [opening.blinding] })) };
  return { statement, witness, opened };
}

function outcome(statement: MaskedNormStatement, proof: Uint8Array | undefined): string {
  if (proof === undefined) return 'cannot be proven';
  const read = readMaskedNorm(statement, proof);
  if (!read.ok) return read.reason;
  return allHold([read.value]) ? 'holds' : 'false-proof';
}

describe('the projection under the masks', () => {
  const mask = 4_000_000_000;
  test.each<[number, string]>([
    [BOUND, 'holds'],
    [-BOUND, 'holds'],
    [0, 'holds'],
    [BOUND + 1, 'cannot be proven'],
    [-BOUND - 1, 'cannot be proven'],
    [2 ** 31, 'cannot be proven'],
    [2 ** 31 - 1, 'cannot be proven'],
  ])('%i is judged by its size modulo 2^32, whatever the masks wrap to', (projection, wanted) => {
    for (const masks of [
      [{ sign: 1, value: mask }],
      [{ sign: -1, value: mask }],
      [
        { sign: 1, value: mask },
        { sign: 1, value: mask },
        { sign: -1, value: 3 },
      ],
    ] as const) {
      const target = masks.reduce((sum, { sign, value }) => sum + sign * value, projection);
      const { statement, witness } = masked(((target % 2 ** 32) + 2 ** 32) % 2 ** 32, masks);
      expect(outcome(statement, proveMaskedNorm(statement, witness, entropy))).toBe(wanted);
    }
  });

  test('a true proof is none for another target, sign, mask or bound', () => {
    const { statement, witness } = masked(mask + 7, [{ sign: 1, value: mask }]);
    const proof = proveMaskedNorm(statement, witness, entropy);
    expect(outcome(statement, proof)).toBe('holds');
    const [own] = statement.masks;
    const other = commit(openingOf(BigInt(mask), entropy));
    const changes: readonly Partial<MaskedNormStatement>[] = [
      { targets: [mask + 8] },
      { masks: [{ sign: -1, commitments: own?.commitments ?? [] }] },
      { masks: [{ sign: 1, commitments: [other] }] },
      { bound: BOUND - 1 },
      { context: utf8('another plan') },
    ];
    for (const change of changes) expect(outcome({ ...statement, ...change }, proof)).toBe('false-proof');
  });

  test('a wrap that is no whole number makes any projection nothing: its range is what refuses it', () => {
    const { statement, opened } = masked(1_000_000, [{ sign: 1, value: 5 }]);
    const opening = opened[0]?.opening;
    const committed = statement.masks[0]?.commitments[0];
    if (opening === undefined || committed === undefined) throw new Error('one mask');
    // target - mask = 999,995, far beyond the bound, is called 0 + 2^32·wrap for wrap = 999,995 / 2^32 in the field.
    const wrap = openingOf(scalars.div(999_995n, MODULUS), entropy);
    const blinding = scalars.create(-opening.blinding - MODULUS * wrap.blinding);
    const projection = {
      commitment: [
        { scalar: BigInt(1_000_000 + BOUND), point: VALUE_BASE },
        { scalar: scalars.neg(1n), point: committed },
        { scalar: scalars.neg(MODULUS), point: commit(wrap) },
      ],
      max: BigInt(2 * BOUND),
    };
    const small = {
      commitment: [
        { scalar: 1n, point: commit(wrap) },
        { scalar: 3n, point: VALUE_BASE },
      ],
      max: 6n,
    };
    const openings = [
      { value: BigInt(BOUND), blinding },
      { value: scalars.add(wrap.value, 3n), blinding: wrap.blinding },
    ];
    const proven = [projection, small].map((item, i) => ({ ...item, opening: openings[i] as (typeof openings)[0] }));
    expect(verdict(proofOf(ranges('r', proven.slice(0, 1))), ranges('r', [projection]))).toBe('holds');
    expect(verdict(proofOf(ranges('r', proven)), ranges('r', [projection, small]))).toBe('false-proof');
  });
});

describe('challenge and masks', () => {
  const plan = createPlan({
    ...{ job: 'job', round: 1, group: 0, seed: sha3_256(utf8('ring')) },
    members: devices(3),
    ...{ length: 8, bound: 50, norm: { bound: 2047, projections: 3 } },
  });
  const [one, other] = [sha3_256(utf8('one challenge')), sha3_256(utf8('another'))];

  test('both ends of a pair commit alike, and for another challenge or seed to nothing of it', () => {
    const projections = drawProjections(one, 3, 8);
    const encoded = (seed: Uint8Array, challenge: Uint8Array, drawn = projections) =>
      commitMask(openMask(seed, challenge, drawn)).map((point) => point.toHex());
    const ours = encoded(one, one);
    expect(encoded(one, one)).toEqual(ours);
    const others = [encoded(other, one), encoded(one, other), encoded(one, other, drawProjections(other, 3, 8))];
    const all = [ours, ...others].flat();
    expect(new Set(all).size).toBe(all.length);
  });

  test('a second challenge is refused: a client commits to each mask once', () => {
    const secrets = {
      words: new Int32Array(8),
      selfSeed: new Uint8Array(32).fill(1),
      pairSeeds: new Map([[1, new Uint8Array(32).fill(2)]]),
    };
    const deps = {
      ...{ signer: createSigner(new Uint8Array(32)), keyOf: () => undefined, isCommitted: () => false },
      entropy: seededEntropy('client'),
    };
    const context = { plan, self: 0, deps, input: new Int32Array(0) };
    const challenge = (bytes: Uint8Array) => ({ kind: 'challenge', challenge: bytes }) as const;
    // No masks are on this vector, so it is as long as they are: nothing can be proven of it.
    const first = proveNorm(context, { phase: 'masked', held: new Map(), proof: secrets }, challenge(one));
    expect(first).toMatchObject({ ok: false, reason: 'vector-too-long' });
    expect([secrets.selfSeed, secrets.pairSeeds.get(1)].every((seed) => seed?.every((byte) => byte === 0))).toBe(true);
    const second = proveNorm(context, { phase: 'masked', held: new Map(), proof: null }, challenge(other));
    expect(second).toMatchObject({ ok: false, reason: 'repeated' });
  });

  test('a server without entropy for the challenge is refused, and rows follow from the challenge alone', () => {
    expect(() => createAggregator({ keyOf: () => undefined }, plan)).toThrow(
      expect.objectContaining({ code: 'PRIVACY_NO_CHALLENGE' }),
    );
    const vector = Int32Array.from({ length: 8 }, (_, i) => 3 ** i);
    const drawn = [one, other].map((challenge) => {
      const data = newAggregatorData({ keyOf: () => undefined }, plan);
      challengeVectors(data, challenge);
      return data.norm?.projections?.of(vector);
    });
    expect(drawn[0]).toEqual(drawProjections(one, 3, 8).of(vector));
    expect(drawn[0]).not.toEqual(drawn[1]);
    expect(equalBytes(one, other)).toBe(false);
  });
});
