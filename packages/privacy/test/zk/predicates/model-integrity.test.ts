import { seededRandom } from '@murmuration/core';
import { expect, test } from 'vitest';
import { commitUpdate, modelIntegrity } from '../../../src/zk/predicates/model-integrity.ts';
import { present } from '../../../src/zk/presentation/presentation.ts';
import { attempt, audience, entropy, holder, key } from './world.ts';

const LENGTH = 16;
const random = seededRandom('model integrity');
const mask = Int32Array.from({ length: LENGTH }, () => random.uint32() | 0);
const parameters = { holder, round: 'job-1/3', projections: 4, boundBits: 8, beacon: new Uint8Array(32).fill(8) };

function world(update: Int32Array) {
  const { secrets, commitments, masked } = commitUpdate(update, mask, entropy);
  return { statement: { ...parameters, ...commitments, masked }, secrets };
}

const small = Int32Array.from({ length: LENGTH }, (_, i) => (i % 2 === 0 ? i % 4 : -3));

test('a small update that was masked as committed holds, with masks that wrap and that do not', () => {
  const { statement, secrets } = world(small);
  const wraps = secrets.update.vector.filter((x, i) => x + (secrets.mask.vector[i] ?? 0n) < 0n).length;
  expect(wraps).toBeGreaterThan(0);
  expect(wraps).toBeLessThan(LENGTH);
  expect(attempt(modelIntegrity, statement, secrets)).toBe('holds');
});

test('clause 1: one changed word of the masked vector is refused', () => {
  const { statement, secrets } = world(small);
  for (const change of [1, 2 ** 31]) {
    const masked = statement.masked.map((word, i) => (i === 5 ? word + change : word));
    expect(attempt(modelIntegrity, { ...statement, masked }, secrets)).toBe('false-proof');
    expect(() => present(modelIntegrity, { ...statement, masked }, secrets, key, audience, entropy)).toThrow(/masked/);
  }
});

test('clause 1: another update or another mask than committed is refused', () => {
  const { statement, secrets } = world(small);
  const other = world(small.map((x) => x + 1));
  expect(attempt(modelIntegrity, { ...statement, update: other.statement.update }, secrets)).toBe('false-proof');
  expect(attempt(modelIntegrity, { ...statement, mask: other.statement.mask }, secrets)).toBe('false-proof');
  expect(attempt(modelIntegrity, statement, other.secrets)).toBe('false-proof');
});

test('clause 2: an update whose projections are out of bounds is refused', () => {
  const { statement, secrets } = world(small.map((x) => x * 1000));
  expect(attempt(modelIntegrity, statement, secrets)).toBe('false-proof');
  expect(() => present(modelIntegrity, statement, secrets, key, audience, entropy)).toThrow(
    expect.objectContaining({ code: 'PRIVACY_STATEMENT_FALSE', message: expect.stringMatching(/projection/) }),
  );
});

test('vectors that are no power of two long, parameters out of range and malformed commitments are reasons', () => {
  const { statement, secrets } = world(small);
  const wrong = [
    { masked: statement.masked.subarray(1) },
    { projections: 0 },
    { projections: 65 },
    { boundBits: 33 },
    { boundBits: 7.5 },
  ];
  for (const change of wrong) {
    expect(() => attempt(modelIntegrity, { ...statement, ...change }, secrets)).toThrow(/bad-statement/);
  }
  expect(() => attempt(modelIntegrity, { ...statement, mask: new Uint8Array(32) }, secrets)).toThrow(/identity-point/);
  expect(() => commitUpdate(new Int32Array(3), new Int32Array(3), entropy)).toThrow(
    expect.objectContaining({ code: 'PRIVACY_BAD_ATTRIBUTES' }),
  );
});
