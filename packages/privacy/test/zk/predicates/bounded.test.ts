import { describe, expect, test } from 'vitest';
import { contentClass } from '../../../src/zk/predicates/content-class.ts';
import { regulatoryCompliance } from '../../../src/zk/predicates/regulatory.ts';
import { present } from '../../../src/zk/presentation/presentation.ts';
import { attempt, attested, attesterKeys, audience, entropy, key, subject } from './world.ts';

const falseStatement = expect.objectContaining({ code: 'PRIVACY_STATEMENT_FALSE' });

describe('content class', () => {
  const world = (scores: readonly bigint[]) => {
    const { credential, openings } = attested('content-class', scores);
    const bounds = { minAllowed: 80, maxProhibited: 10 };
    const statement = { classifier: attesterKeys.publicKey, credential, content: subject, ...bounds };
    return { statement, secrets: { openings } };
  };

  test.each([[[80n, 10n, 0n]], [[(1n << 32n) - 1n, 0n]]])('scores on their bounds hold: %s', (scores) => {
    const { statement, secrets } = world(scores);
    expect(attempt(contentClass, statement, secrets)).toBe('holds');
  });

  test.each([
    ['1: the allowed class one below', [79n, 0n, 0n]],
    ['1: an allowed score past 32 bits', [1n << 32n, 0n, 0n]],
    ['2: the first prohibited class one above', [90n, 11n, 0n]],
    ['2: the last prohibited class one above', [90n, 0n, 11n]],
    ['2: a negative prohibited score', [90n, 0n, -1n]],
  ])('clause %s is refused, and an honest prover is told', (_, scores) => {
    const { statement, secrets } = world(scores);
    expect(attempt(contentClass, statement, secrets)).toBe('false-proof');
  });

  test('an honest prover is told', () => {
    for (const scores of [
      [79n, 0n],
      [90n, 11n],
    ]) {
      const { statement, secrets } = world(scores);
      expect(() => present(contentClass, statement, secrets, key, audience, entropy)).toThrow(falseStatement);
    }
  });

  test('a proof for one content, bound or number of classes is none for another', () => {
    const { statement, secrets } = world([90n, 0n]);
    expect(() => attempt(contentClass, { ...statement, content: new Uint8Array(32) }, secrets)).toThrow(
      /wrong-subject/,
    );
    expect(() => attempt(contentClass, { ...statement, minAllowed: -1 }, secrets)).toThrow(/bad-statement/);
    const lonely = world([90n]);
    expect(() => attempt(contentClass, lonely.statement, lonely.secrets)).toThrow(/bad-credential/);
  });
});

describe('regulatory compliance', () => {
  const world = (values: readonly bigint[]) => {
    const { credential, openings } = attested('regulatory-compliance', values);
    const bounds = { maxEpsilonMicros: 1_000_000, maxRetentionDays: 30, minCohort: 50 };
    const statement = { auditor: attesterKeys.publicKey, credential, dataset: subject, ...bounds };
    return { statement, secrets: { openings } };
  };

  test('values on their bounds hold', () => {
    const { statement, secrets } = world([30n, 50n, 999_999n, 0n, 1n]);
    expect(attempt(regulatoryCompliance, statement, secrets)).toBe('holds');
  });

  test.each([
    ['1: the sum is one above the cap', [30n, 50n, 999_999n, 2n]],
    ['1: the sum is negative', [30n, 50n, 5n, -6n]],
    ['2: retention is one day too long', [31n, 50n, 1n]],
    ['3: the cohort is one too small', [30n, 49n, 1n]],
    ['3: the cohort is negative', [30n, -1n, 1n]],
  ])('clause %s: refused, and an honest prover is told', (_, values) => {
    const { statement, secrets } = world(values);
    expect(attempt(regulatoryCompliance, statement, secrets)).toBe('false-proof');
    if (values.every((value) => value >= 0n)) {
      expect(() => present(regulatoryCompliance, statement, secrets, key, audience, entropy)).toThrow(falseStatement);
    }
  });
});
