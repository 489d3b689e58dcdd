import { beforeAll, describe, expect, test } from 'vitest';
import {
  type Ckks,
  type CkksEvaluationKeys,
  type CkksKeyPair,
  type EncryptedVector,
  encryptedLinear,
  encryptedLogistic,
  encryptedMean,
  encryptedTotal,
  encryptedVariance,
  type Level,
  revealToKeyHolder,
  totalRotations,
} from '../../src/index.ts';
import { codeOf } from '../dp/world.ts';
import { accepted, maxError, numbers, sharedEngine } from './world.ts';

let ckks: Ckks<2>;
let keys: CkksKeyPair;
let evaluation: CkksEvaluationKeys;

beforeAll(async () => {
  ckks = (await sharedEngine()).open('statistics');
  keys = ckks.createKeyPair();
  evaluation = ckks.createEvaluationKeys(keys.secretKey, { relinearise: true, rotations: totalRotations(ckks.slots) });
});

function expectOne(vector: EncryptedVector<Level>, wanted: number): void {
  const [value] = revealToKeyHolder(vector, keys.secretKey);
  expect(vector.length).toBe(1);
  expect(Math.abs((value as number) - wanted)).toBeLessThan(vector.errorBound);
  expect(vector.errorBound).toBeLessThan(1e-3 * Math.max(1, Math.abs(wanted)));
}

describe('statistics of encrypted columns', () => {
  test.each([7, 4096, 10_000])('total, mean and variance of %i records are the plain ones', (length) => {
    const ages = numbers(`ages ${length}`, length, 2).map((v) => v + 1);
    const sum = ages.reduce((a, b) => a + b, 0);
    const mean = sum / length;
    const variance = ages.reduce((a, b) => a + (b - mean) ** 2, 0) / length;
    using column = ckks.encrypt(keys.secretKey, ages, { bound: 3 });
    using total = encryptedTotal(column, evaluation);
    expectOne(total, sum);
    using encrypted = encryptedMean(column, evaluation);
    expectOne(encrypted, mean);
    using spread = encryptedVariance(column, evaluation);
    expectOne(spread, variance);
    expect([total.level, encrypted.level, spread.level]).toEqual([2, 1, 0]);
  });

  test('who computes the same from the same bytes gets the same bytes; from other bytes of the same numbers it does not', () => {
    const column = numbers('repeated', 100);
    const wires = [1, 2].map(() => ckks.encryptToBytes(keys.publicKey, column, { bound: 1 }));
    const expected = { keyId: keys.publicKey.keyId, length: 100, level: 2, maxMagnitude: 1 } as const;
    const varianceOf = (wire: Uint8Array) => {
      using read = accepted(ckks.read(wire, expected));
      using variance = encryptedVariance(read, evaluation);
      return ckks.toBytes(variance);
    };
    const [first, second] = wires.map(varianceOf) as [Uint8Array, Uint8Array];
    expect(varianceOf(wires[0] as Uint8Array)).toEqual(first);
    expect(second).not.toEqual(first);
  });

  test('a linear model scores every record', () => {
    const length = 5000;
    const columns = [1, 2, 5].map((bound) => numbers(`column ${bound}`, length, bound));
    const weights = [0.7, 0, -1.3];
    const encrypted = columns.map((column, i) =>
      ckks.encrypt(keys.publicKey, column, { bound: [1, 2, 5][i] as number }),
    );
    using scores = encryptedLinear(encrypted, { weights, intercept: 0.25 });
    const plain = Float64Array.from({ length }, (_, row) =>
      columns.reduce((sum, column, i) => sum + (weights[i] as number) * (column[row] as number), 0.25),
    );
    expect(maxError(revealToKeyHolder(scores, keys.secretKey), plain)).toBeLessThan(scores.errorBound);
    expect(scores.errorBound).toBeLessThan(1e-6);
    expect(codeOf(() => encryptedLinear(encrypted, { weights: [1], intercept: 0 }))).toBe('PRIVACY_WRONG_LENGTH');
    expect(codeOf(() => encryptedLinear(encrypted, { weights: [0, 0, 0], intercept: 1 }))).toBe(
      'PRIVACY_CKKS_TRANSPARENT',
    );
    for (const column of encrypted) column[Symbol.dispose]();
  });

  test('a logistic model gives probabilities within 0.019 of the true ones wherever scores lie in [-8, 8]', async () => {
    using deep = (await sharedEngine()).open('deep');
    using pair = deep.createKeyPair();
    using relinearise = deep.createEvaluationKeys(pair.secretKey, { relinearise: true });
    const length = deep.slots;
    const model = { weights: [5, -2.5], intercept: 0.5 };
    const a = Float64Array.from({ length }, (_, i) => (2 * i) / (length - 1) - 1);
    const b = a.map((v) => -v);
    using first = deep.encrypt(pair.publicKey, a, { bound: 1 });
    using second = deep.encrypt(pair.publicKey, b, { bound: 1 });
    using probabilities = encryptedLogistic([first, second], model, relinearise);
    const plain = a.map((v, i) => 1 / (1 + Math.exp(-(5 * v - 2.5 * (b[i] as number) + 0.5))));
    const error = maxError(revealToKeyHolder(probabilities, pair.secretKey), plain);
    expect(probabilities.level).toBe(2);
    expect(error).toBeLessThan(0.019);
    expect(error).toBeGreaterThan(0.017);
    const steep = { weights: [6, 2], intercept: 0.5 };
    expect(codeOf(() => encryptedLogistic([first, second], steep, relinearise))).toBe('PRIVACY_CKKS_BOUND');
  });
});
