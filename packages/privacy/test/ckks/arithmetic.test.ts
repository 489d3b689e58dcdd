import { beforeAll, describe, expect, test } from 'vitest';
import {
  type Ckks,
  type CkksEvaluationKeys,
  type CkksKeyPair,
  type EncryptedVector,
  type Level,
  revealToKeyHolder,
} from '../../src/index.ts';
import { codeOf } from '../dp/world.ts';
import { maxError, numbers, sharedEngine } from './world.ts';

let ckks: Ckks<2>;
let keys: CkksKeyPair;
let evaluation: CkksEvaluationKeys;

beforeAll(async () => {
  ckks = (await sharedEngine()).open('statistics');
  keys = ckks.createKeyPair();
  evaluation = ckks.createEvaluationKeys(keys.secretKey, { relinearise: true, rotations: [1, -3] });
});

const LENGTH = 5000;
const x = numbers('x', LENGTH);
const y = numbers('y', LENGTH, 3);

/** The numbers agree with the plain ones up to the stated bound, which is neither broken nor idle. */
function expectNumbers(vector: EncryptedVector<Level>, wanted: ArrayLike<number>): void {
  const error = maxError(revealToKeyHolder(vector, keys.secretKey), wanted);
  expect(error).toBeLessThan(vector.errorBound);
  expect(error).toBeGreaterThan(vector.errorBound / 1000);
}

describe('numbers under encryption, in several chunks', () => {
  test('decrypt to what was encrypted, under either key, within the stated error', () => {
    for (const key of [keys.publicKey, keys.secretKey]) {
      using vector = ckks.encrypt(key, x, { bound: 1 });
      expect(vector).toMatchObject({ level: 2, length: LENGTH, keyId: keys.publicKey.keyId });
      expectNumbers(vector, x);
    }
    using symmetric = ckks.encrypt(keys.secretKey, x, { bound: 1 });
    using asymmetric = ckks.encrypt(keys.publicKey, x, { bound: 1 });
    expect(symmetric.errorBound).toBeLessThan(asymmetric.errorBound / 5);
  });

  test('add, subtract, and multiply by plain and encrypted numbers, down to level 0', () => {
    using a = ckks.encrypt(keys.publicKey, x, { bound: 1 });
    using b = ckks.encrypt(keys.publicKey, y, { bound: 3 });
    using sum = ckks.add(a, b);
    expectNumbers(
      sum,
      x.map((v, i) => v + (y[i] as number)),
    );
    using difference = ckks.subtract(a, b);
    expectNumbers(
      difference,
      x.map((v, i) => v - (y[i] as number)),
    );
    using shifted = ckks.addPlain(a, y);
    expectNumbers(
      shifted,
      x.map((v, i) => v + (y[i] as number)),
    );
    using scaled = ckks.multiplyPlain(a, y);
    expectNumbers(
      scaled,
      x.map((v, i) => v * (y[i] as number)),
    );
    using product = ckks.multiply(a, b, evaluation);
    expectNumbers(
      product,
      x.map((v, i) => v * (y[i] as number)),
    );
    using square = ckks.multiply(product, product, evaluation);
    expect(square.level).toBe(0);
    expectNumbers(
      square,
      x.map((v, i) => (v * (y[i] as number)) ** 2),
    );
    using lowered = ckks.lower(a);
    using both = ckks.add(lowered, product);
    expectNumbers(
      both,
      x.map((v, i) => v + v * (y[i] as number)),
    );
  });

  test('rotate around the slots of one ciphertext, both ways', () => {
    const short = numbers('short', ckks.slots);
    using vector = ckks.encrypt(keys.publicKey, short, { bound: 1 });
    using left = ckks.rotate(vector, 1, evaluation);
    expectNumbers(
      left,
      short.map((_, i) => short[(i + 1) % ckks.slots] as number),
    );
    using right = ckks.rotate(vector, -3, evaluation);
    expectNumbers(
      right,
      short.map((_, i) => short[(i - 3 + ckks.slots) % ckks.slots] as number),
    );
  });

  test('two encryptions of the same numbers are different ciphertexts', () => {
    const first = ckks.encryptToBytes(keys.publicKey, x, { bound: 1 });
    const second = ckks.encryptToBytes(keys.publicKey, x, { bound: 1 });
    let equal = 0;
    for (let i = 0; i < first.length; i++) if (first[i] === second[i]) equal++;
    expect(equal).toBeLessThan(first.length / 2);
  });
});

describe('the stated error', () => {
  test('has the tail of a Laplace variable, which the bound counts and a normal one would not have', () => {
    const values = numbers('tail', 20 * ckks.slots);
    let [beyond4, beyond8] = [0, 0];
    let squares = 0;
    using vector = ckks.encrypt(keys.publicKey, values, { bound: 1 });
    const { deviation } = vector.precision;
    const numbersBack = revealToKeyHolder(vector, keys.secretKey);
    for (const [i, value] of numbersBack.entries()) {
      const z = Math.abs(value - (values[i] as number)) / deviation;
      squares += z * z;
      if (z > 4) beyond4++;
      if (z > 8) beyond8++;
    }
    expect(Math.sqrt(squares / values.length)).toBeGreaterThan(0.9);
    expect(Math.sqrt(squares / values.length)).toBeLessThan(1.1);
    // e^(-4·√2) is 3.5e-3; a normal variable has 6.3e-5.
    expect(beyond4 / values.length).toBeGreaterThan(1e-3);
    expect(beyond4 / values.length).toBeLessThan(7e-3);
    expect(beyond8).toBeLessThan(20);
    expect(vector.errorBound).toBe(24 * deviation);
  });
});

describe('the preset for sums', () => {
  test('ten clients of 100,000 numbers: error at most 1e-7, and at most what the sum says itself', async () => {
    using sums = (await sharedEngine()).open('sum');
    using pair = sums.createKeyPair();
    const length = 100_000;
    let plain = new Float64Array(length);
    let total: EncryptedVector<0> | undefined;
    for (let client = 0; client < 10; client++) {
      const values = numbers(`client ${client}`, length);
      plain = plain.map((v, i) => v + (values[i] as number));
      const one = sums.encrypt(pair.publicKey, values, { bound: 1 });
      if (total === undefined) total = one;
      else {
        total = sums.accumulate(total, one);
        one[Symbol.dispose]();
      }
    }
    using sum = total as EncryptedVector<0>;
    const error = maxError(revealToKeyHolder(sum, pair.secretKey), plain);
    expect(error).toBeLessThanOrEqual(sum.errorBound);
    expect(sum.errorBound).toBeLessThanOrEqual(1e-7);
    expect(error).toBeGreaterThan(1e-12);
  });
});

describe('what cannot be right is an error with words', () => {
  const codeAndWords = (run: () => unknown) => {
    try {
      run();
    } catch (error) {
      return `${(error as { code: string }).code}: ${(error as Error).message} | ${(error as { remedy: string }).remedy}`;
    }
    return 'nothing was thrown';
  };

  test('levels that differ, and a product at level 0, name levels, scales and what to do', () => {
    using a: EncryptedVector<Level> = ckks.encrypt(keys.publicKey, x, { bound: 1 });
    using fresh = ckks.encrypt(keys.publicKey, x, { bound: 1 });
    using one = ckks.lower(fresh);
    using zero: EncryptedVector<Level> = ckks.lower(one);
    expect(codeAndWords(() => ckks.add(a, zero))).toMatch(
      /^PRIVACY_CKKS_LEVEL: .*level 2 \(scale 2\^40\.0+\) and level 0 \(scale 2\^4.*\| bring the one at level 2 down with lower\(\), 2 times$/,
    );
    const claimed = zero as EncryptedVector<1>;
    expect(codeAndWords(() => ckks.multiplyPlain(claimed, x))).toMatch(/^PRIVACY_CKKS_LEVEL: .*level 0 .*\| use param/);
    expect(codeAndWords(() => ckks.multiply(claimed, claimed, evaluation))).toMatch(/^PRIVACY_CKKS_LEVEL: /);
  });

  test('numbers that could wrap around, by bound, sum or product', () => {
    expect(codeOf(() => ckks.encrypt(keys.publicKey, x, { bound: 2 ** 99 }))).toBe('PRIVACY_CKKS_OVERFLOW');
    using large = ckks.encrypt(keys.publicKey, x, { bound: 2 ** 15 });
    using lowered = ckks.lower(large);
    expect(codeOf(() => ckks.multiply(lowered, lowered, evaluation))).toBe('PRIVACY_CKKS_OVERFLOW');
  });

  test('numbers that are none, beyond the bound, or of another length', () => {
    const encrypt = (values: Float64Array, bound = 1) => codeOf(() => ckks.encrypt(keys.publicKey, values, { bound }));
    expect(encrypt(Float64Array.of(0, Number.NaN))).toBe('PRIVACY_NOT_FINITE');
    expect(encrypt(Float64Array.of(Number.POSITIVE_INFINITY))).toBe('PRIVACY_NOT_FINITE');
    expect(encrypt(Float64Array.of(0, 1.01))).toBe('PRIVACY_CKKS_BOUND');
    expect(encrypt(new Float64Array(0))).toBe('OPTION_OUT_OF_RANGE');
    expect(encrypt(x, Number.NaN)).toBe('OPTION_OUT_OF_RANGE');
    using a = ckks.encrypt(keys.publicKey, x, { bound: 1 });
    using b = ckks.encrypt(keys.publicKey, x.subarray(1), { bound: 1 });
    expect(codeOf(() => ckks.add(a, b))).toBe('PRIVACY_WRONG_LENGTH');
    expect(codeOf(() => ckks.addPlain(a, x.subarray(1)))).toBe('PRIVACY_WRONG_LENGTH');
    expect(
      codeOf(() =>
        ckks.addPlain(
          a,
          x.map(() => Number.NaN),
        ),
      ),
    ).toBe('PRIVACY_NOT_FINITE');
  });

  test('results that anyone could read', () => {
    using a = ckks.encrypt(keys.publicKey, x, { bound: 1 });
    expect(codeOf(() => ckks.subtract(a, a))).toBe('PRIVACY_CKKS_TRANSPARENT');
    expect(codeOf(() => ckks.multiplyPlain(a, new Float64Array(LENGTH)))).toBe('PRIVACY_CKKS_TRANSPARENT');
  });

  test('keys of another pair, missing keys, rotation of several ciphertexts', () => {
    using other = ckks.createKeyPair();
    using a = ckks.encrypt(keys.publicKey, x, { bound: 1 });
    using b = ckks.encrypt(other.publicKey, x, { bound: 1 });
    expect(codeOf(() => ckks.add(a, b))).toBe('PRIVACY_CKKS_FOREIGN');
    expect(codeOf(() => revealToKeyHolder(b, keys.secretKey))).toBe('PRIVACY_CKKS_FOREIGN');
    expect(codeOf(() => ckks.multiply(b, b, evaluation))).toBe('PRIVACY_CKKS_FOREIGN');
    expect(codeOf(() => ckks.rotate(a, 1, evaluation))).toBe('PRIVACY_CKKS_ROTATION');
    using short = ckks.encrypt(keys.publicKey, x.subarray(1, 9), { bound: 1 });
    expect(codeOf(() => ckks.rotate(short, 2, evaluation))).toBe('PRIVACY_CKKS_NO_KEY');
    using none = ckks.createEvaluationKeys(keys.secretKey, {});
    expect(codeOf(() => ckks.multiply(a, a, none))).toBe('PRIVACY_CKKS_NO_KEY');
  });
});
