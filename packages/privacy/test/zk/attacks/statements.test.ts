import { utf8 } from '@murmuration/core';
import { describe, expect, test } from 'vitest';
import { randomScalar, scalars } from '../../../src/zk/group/group.ts';
import { commitVector } from '../../../src/zk/group/pedersen.ts';
import { contentClass } from '../../../src/zk/predicates/content-class.ts';
import { modelIntegrity } from '../../../src/zk/predicates/model-integrity.ts';
import { networkPathValues, networkPolicy } from '../../../src/zk/predicates/network-policy.ts';
import { regulatoryCompliance } from '../../../src/zk/predicates/regulatory.ts';
import { present, verifyPresentation } from '../../../src/zk/presentation/presentation.ts';
import { ReplayGuard } from '../../../src/zk/presentation/replay-guard.ts';
import { predicateSpecimens } from '../malformed/specimens.ts';
import { attempt, attested, attesterKeys, audience, entropy, holder, key, subject } from '../predicates/world.ts';

const ORDER = scalars.ORDER;
const half = scalars.inv(2n);

describe('network policy', () => {
  function path(destination: string, networks: readonly number[], allowList: readonly Uint8Array[]) {
    const values = networkPathValues({ destination: utf8(destination), networks });
    const { credential, openings } = attested('network-policy', values);
    const statement = { attester: attesterKeys.publicKey, credential, session: subject, allowList };
    return { statement, secrets: { openings } };
  }
  const names = (count: number) => Array.from({ length: count }, (_, i) => utf8(`${i}.example`));

  test.each([
    ['of one', names(1), '0.example', 'holds'],
    ['of one other', names(1), '1.example', 'false-proof'],
    ['of one name many times', [...names(1), ...names(1), ...names(1)], '0.example', 'holds'],
    ['of one other many times', [...names(1), ...names(1), ...names(1)], '1.example', 'false-proof'],
    ['of 256', names(256), '255.example', 'holds'],
    ['of 256 others', names(256), '256.example', 'false-proof'],
  ] as const)('clause 1: an allow-list %s', { timeout: 120_000 }, (_, allowList, destination, wanted) => {
    const { statement, secrets } = path(destination, [1, 2, 3], allowList);
    expect(attempt(networkPolicy, statement, secrets)).toBe(wanted);
  });

  test('clause 1: an allow-list of none, of 257, or with a name of 257 bytes is no statement, for the verifier too', () => {
    const { statement, secrets } = path('0.example', [1, 2, 3], names(3));
    const wire = present(networkPolicy, statement, secrets, key, audience, entropy);
    for (const allowList of [[], names(257), [new Uint8Array(257), ...names(2)]]) {
      const result = verifyPresentation(networkPolicy, { ...statement, allowList }, wire, new ReplayGuard(audience));
      expect(result).toMatchObject({ ok: false, reason: 'bad-statement' });
    }
  });

  test('clause 1: a list that is one name in two pieces is another list', () => {
    const lists = [['ab', 'c'], ['a', 'bc'], ['abc'], ['c', 'ab']].map((list) => list.map(utf8));
    const bytes = lists.map((allowList) => {
      const { statement } = path('ab', [1, 2, 3], allowList);
      return Buffer.from(networkPolicy.statementBytes({ ...statement, credential: new Uint8Array(0) })).toString('hex');
    });
    expect(new Set(bytes).size).toBe(lists.length);
  });

  test.each<[string, bigint, readonly bigint[]]>([
    ['2: hops below zero, near the group order', ORDER - 1n, [1n, 2n, 3n]],
    ['2: a number of hops that is 3 after a turn of 2^64', (1n << 64n) + 3n, [1n, 2n, 3n]],
    ['2: hops that are a half', scalars.mul(7n, half), [1n, 2n, 3n]],
    ['3: the first two alike', 3n, [1n, 1n, 3n]],
    ['3: the last two alike', 3n, [1n, 3n, 3n]],
    ['3: the first and the last alike', 3n, [3n, 1n, 3n]],
    ['3: one network and its turn by the group order', 3n, [1n, 2n, 1n + ORDER]],
    ['3: two networks and zeros', 3n, [1n, 2n]],
  ])('clause %s', (_, hops, networks) => {
    const padded = Array.from({ length: 8 }, (__, i) => networks[i] ?? 0n);
    const [destination = 0n] = networkPathValues({ destination: utf8('0.example'), networks: [1, 2, 3] });
    const { credential, openings } = attested('network-policy', [destination, hops, ...padded]);
    const statement = { attester: attesterKeys.publicKey, credential, session: subject, allowList: names(3) };
    expect(attempt(networkPolicy, statement, { openings })).toBe('false-proof');
  });
});

describe('content class', () => {
  const LEAST = (1n << 32n) - 16n;
  const judged = (scores: readonly bigint[], change = {}) => {
    const { credential, openings } = attested('content-class', scores);
    // Near the largest score: ranges of a few bits, and proofs of a few milliseconds.
    const bounds = { minAllowed: Number(LEAST), maxProhibited: 10 };
    const statement = { classifier: attesterKeys.publicKey, credential, content: subject, ...bounds, ...change };
    return attempt(contentClass, statement, { openings });
  };

  test.each<[string, readonly bigint[], object]>([
    ['1: below zero', [-1n, 0n], {}],
    ['1: the bound after a turn of 2^32', [(1n << 32n) + LEAST, 0n], {}],
    ['1: the bound after a turn of 2^128', [(1n << 128n) + LEAST, 0n], {}],
    ['1: a half', [scalars.mul(half, 2n * LEAST + 1n), 0n], {}],
    ['2: one above the most, in the last of sixteen', [LEAST, ...new Array<bigint>(15).fill(0n), 11n], {}],
    ['2: below zero', [LEAST, ORDER - 1n], {}],
    ['2: zero after a turn of 2^64', [LEAST, 1n << 64n], {}],
    ['2: more than nothing, where nothing is allowed', [LEAST, 1n], { maxProhibited: 0 }],
    ['2: two that are too much and too little by as much', [LEAST, 12n, -2n], {}],
  ])('clause %s', (_, scores, change) => {
    expect(judged(scores, change)).toBe('false-proof');
  });

  test('bounds at the ends of what a score may be hold for the scores at these ends', () => {
    expect(judged([0xffff_ffffn, 0n], { minAllowed: 0xffff_ffff, maxProhibited: 0 })).toBe('holds');
    expect(judged([0n, 0xffff_ffffn], { minAllowed: 0, maxProhibited: 0xffff_ffff })).toBe('holds');
  });

  test('fewer than two scores, and more than seventeen, are no credential', () => {
    expect(() => judged([LEAST])).toThrow(/bad-credential/);
    expect(() => judged([LEAST, ...new Array<bigint>(17).fill(0n)])).toThrow(/bad-credential/);
  });
});

describe('regulatory compliance', () => {
  const LEAST = (1n << 32n) - 16n;
  const judged = (values: readonly bigint[], change = {}) => {
    const { credential, openings } = attested('regulatory-compliance', values);
    const bounds = { maxEpsilonMicros: 1000, maxRetentionDays: 30, minCohort: Number(LEAST) };
    const statement = { auditor: attesterKeys.publicKey, credential, dataset: subject, ...bounds, ...change };
    return attempt(regulatoryCompliance, statement, { openings });
  };

  test.each<[string, readonly bigint[], object]>([
    ['1: one above the cap, in one release', [30n, LEAST, 1001n], {}],
    ['1: one above the cap, in seventy', [30n, LEAST, 35n, ...new Array<bigint>(69).fill(14n)], {}],
    ['1: a sum of 2^32, which 32 bits would call none', [30n, LEAST, 1n << 31n, 1n << 31n], {}],
    ['1: a sum of 2^64', [30n, LEAST, 1n << 63n, 1n << 63n], {}],
    ['1: a sum below zero, after a turn of the group order', [30n, LEAST, ORDER - 5n, 4n], {}],
    ['1: more than nothing, under a cap of nothing', [30n, LEAST, 1n], { maxEpsilonMicros: 0 }],
    ['2: below zero', [ORDER - 1n, LEAST, 1n], {}],
    ['3: below zero', [30n, ORDER - LEAST, 1n], {}],
    ['3: the bound after a turn of 2^32', [30n, (1n << 32n) + LEAST, 1n], {}],
  ])('clause %s', (_, values, change) => {
    expect(judged(values, change)).toBe('false-proof');
  });

  test('seventy releases that spend the cap to the last millionth hold', () => {
    expect(judged([30n, LEAST, 34n, ...new Array<bigint>(69).fill(14n)])).toBe('holds');
  });

  test('no release at all is no credential', () => {
    expect(() => judged([30n, LEAST])).toThrow(/bad-credential/);
  });
});

describe('model integrity', () => {
  const LENGTH = 8;

  /** An update of these field elements, masked so that the masked vector is `masked`, whatever mask that takes. */
  function judged(update: readonly bigint[], projections: number, boundBits: number, beacon = 1) {
    const masked = Uint32Array.from({ length: LENGTH }, (_, i) => 1000 + i);
    const mask = update.map((x, i) => BigInt(masked[i] as number) - x);
    const secrets = {
      update: { vector: update, blinding: randomScalar(entropy) },
      mask: { vector: mask, blinding: randomScalar(entropy) },
    };
    const points = {
      update: commitVector(update, secrets.update.blinding).toBytes(),
      mask: commitVector(mask, secrets.mask.blinding).toBytes(),
    };
    const drawn = { projections, boundBits, beacon: new Uint8Array(32).fill(beacon) };
    return attempt(modelIntegrity, { holder, round: 'job-1/3', ...points, masked, ...drawn }, secrets);
  }
  const places = (...first: readonly bigint[]) => Array.from({ length: LENGTH }, (_, i) => first[i] ?? 0n);

  test('a mask that makes up for the update is its owner’s business here: what is bounded is the update', () => {
    expect(judged(places(3n, -4n), 8, 8)).toBe('holds');
  });

  test.each<[string, readonly bigint[]]>([
    ['one large place', [1n << 20n]],
    ['two halves, whose sums are whole under all signs', [half, half]],
    ['quarters', [scalars.mul(half, half), scalars.mul(half, half), scalars.mul(half, half), scalars.mul(half, half)]],
    ['a place beyond the group order’s middle', [scalars.inv(3n), scalars.neg(scalars.inv(3n))]],
    ['large places that cancel under half of all signs', [1n << 30n, 1n << 30n]],
  ])('clause 2: an update that is not small is refused: %s', (_, first) => {
    expect(judged(places(...first), 8, 8)).toBe('false-proof');
  });

  test('a beacon of another length, and a round of 65 characters, are no statement', () => {
    const { name, wire } = predicateSpecimens()[2] as { name: string; wire: Uint8Array };
    expect(name).toBe('model-integrity');
    const statement = {
      ...{ holder, update: holder, mask: holder, round: 'r', masked: new Uint32Array(2), projections: 1, boundBits: 8 },
      beacon: new Uint8Array(32),
    };
    for (const change of [{ beacon: new Uint8Array(31) }, { beacon: new Uint8Array(0) }, { round: 'r'.repeat(65) }]) {
      const changed = { ...statement, ...change };
      const result = verifyPresentation(modelIntegrity, changed, wire, new ReplayGuard(audience));
      expect(result).toMatchObject({ ok: false, reason: 'bad-statement' });
    }
  });
});

describe('two true proofs', () => {
  test('of one statement do not splice: every cut between two elements is refused', () => {
    const { credential, openings } = attested('regulatory-compliance', [1n, 1n, 1n]);
    const bounds = { maxEpsilonMicros: 1, maxRetentionDays: 1, minCohort: 0xffff_fffe };
    const wrong = attested('regulatory-compliance', [1n, 0xffff_ffffn, 1n]);
    expect(credential.length).toBe(wrong.credential.length);
    const statement = { auditor: attesterKeys.publicKey, credential: wrong.credential, dataset: subject, ...bounds };
    const [one, other] = [1, 2].map(() =>
      present(regulatoryCompliance, statement, { openings: wrong.openings }, key, audience, entropy),
    ) as [Uint8Array, Uint8Array];
    const judge = (wire: Uint8Array) => {
      const result = verifyPresentation(regulatoryCompliance, statement, wire, new ReplayGuard(audience));
      return result.ok ? 'holds' : result.reason;
    };
    expect([judge(one), judge(other)]).toEqual(['holds', 'holds']);
    expect(openings).toHaveLength(3);
    const proofAt = one.findIndex((byte, i) => byte !== other[i]);
    for (let cut = proofAt + 32; cut < one.length; cut += 32) {
      expect(judge(Uint8Array.from([...one.subarray(0, cut), ...other.subarray(cut)])), `cut ${cut}`).toBe(
        'false-proof',
      );
    }
  });
});

describe('an honest prover', () => {
  const refused = expect.objectContaining({ code: 'PRIVACY_STATEMENT_FALSE' });
  const ends = { minAllowed: 0, maxProhibited: 0xffff_ffff };
  const caps = { maxEpsilonMicros: 0xffff_ffff, maxRetentionDays: 0xffff_ffff, minCohort: 0 };

  test.each([[[1n << 32n, 0n]], [[-1n, 0n]], [[0n, 1n << 32n]], [[0n, -1n]]])('of scores %s is told', (values) => {
    const { credential, openings } = attested('content-class', values);
    const statement = { classifier: attesterKeys.publicKey, credential, content: subject, ...ends };
    expect(() => present(contentClass, statement, { openings }, key, audience, entropy)).toThrow(refused);
  });

  test.each([
    [[1n << 32n, 1n, 1n]],
    [[-1n, 1n, 1n]],
    [[1n, 1n << 32n, 1n]],
    [[1n, -1n, 1n]],
    [[1n, 1n, 1n << 32n]],
    [[1n, 1n, -1n]],
    [[1n, 1n, 5n, -6n]],
  ])('of retention, cohort and releases %s is told', (values) => {
    const { credential, openings } = attested('regulatory-compliance', values);
    const statement = { auditor: attesterKeys.publicKey, credential, dataset: subject, ...caps };
    expect(() => present(regulatoryCompliance, statement, { openings }, key, audience, entropy)).toThrow(refused);
  });
});

describe('errors say no secret', () => {
  const SECRETS = [987_654_321n, 876_543_210n, 765_432_109n];
  const said = (run: () => unknown): string => {
    try {
      run();
    } catch (error) {
      const { message, remedy, facts } = error as { message: string; remedy?: string; facts?: object };
      return JSON.stringify({ message, remedy, facts }, (_, value) => (typeof value === 'bigint' ? `${value}` : value));
    }
    throw new Error('nothing was refused');
  };

  test('a false statement is refused without the values that make it false', () => {
    const content = attested('content-class', SECRETS);
    const network = attested('network-policy', [...SECRETS, ...SECRETS, ...SECRETS, 1n]);
    const regulatory = attested('regulatory-compliance', SECRETS);
    const attester = attesterKeys.publicKey;
    const messages = [
      said(() =>
        present(
          contentClass,
          { classifier: attester, credential: content.credential, content: subject, minAllowed: 1, maxProhibited: 1 },
          content,
          key,
          audience,
          entropy,
        ),
      ),
      said(() =>
        present(
          networkPolicy,
          { attester, credential: network.credential, session: subject, allowList: [utf8('a')] },
          network,
          key,
          audience,
          entropy,
        ),
      ),
      said(() =>
        present(
          regulatoryCompliance,
          {
            ...{ auditor: attester, credential: regulatory.credential, dataset: subject },
            ...{ maxEpsilonMicros: 1, maxRetentionDays: 1, minCohort: 1 },
          },
          regulatory,
          key,
          audience,
          entropy,
        ),
      ),
      said(() => networkPathValues({ destination: utf8('a'), networks: [987_654_321, 0] })),
      said(() => networkPathValues({ destination: utf8('a'), networks: [987_654_321, 2 ** 40 + 876_543_210] })),
    ];
    for (const message of messages) {
      expect(message.length).toBeGreaterThan(40);
      for (const secret of [...SECRETS, 2n ** 40n + 876_543_210n]) expect(message).not.toContain(String(secret));
    }
  });
});
