import { describe, expectTypeOf, test } from 'vitest';
import type {
  Ckks,
  CkksEngine,
  CkksEvaluationKeys,
  EncryptedVector,
  encryptedLogistic,
  encryptedVariance,
} from '../../src/index.ts';

type Multiply = Ckks<2>['multiply'];
type MayMultiply<L extends 0 | 1 | 2> = EncryptedVector<L> extends Parameters<Multiply>[0] ? true : false;

describe('levels in types', () => {
  test('a fresh vector has the level of its preset', () => {
    expectTypeOf<ReturnType<typeof openSum>>().toEqualTypeOf<Ckks<0>>();
    expectTypeOf<ReturnType<typeof openDeep>>().toEqualTypeOf<Ckks<6>>();
    expectTypeOf<ReturnType<Ckks<2>['encrypt']>>().toEqualTypeOf<EncryptedVector<2>>();
  });

  test('a product costs a level, and at level 0 there is none', () => {
    expectTypeOf<ReturnType<typeof square>>().toEqualTypeOf<EncryptedVector<1>>();
    expectTypeOf<ReturnType<typeof fourth>>().toEqualTypeOf<EncryptedVector<0>>();
    expectTypeOf<MayMultiply<2>>().toEqualTypeOf<true>();
    expectTypeOf<MayMultiply<1>>().toEqualTypeOf<true>();
    expectTypeOf<MayMultiply<0>>().toEqualTypeOf<false>();
  });

  test('different levels do not add', () => {
    type Second<L extends 0 | 1 | 2> = Parameters<typeof addTo<L>>[1];
    expectTypeOf<EncryptedVector<2>>().toExtend<Second<2>>();
    expectTypeOf<EncryptedVector<1>>().not.toExtend<Second<2>>();
    expectTypeOf<EncryptedVector<2>>().not.toExtend<Second<1>>();
  });

  test('a variance needs two levels and a logistic model four', () => {
    expectTypeOf<EncryptedVector<2>>().toExtend<Parameters<typeof encryptedVariance>[0]>();
    expectTypeOf<EncryptedVector<1>>().not.toExtend<Parameters<typeof encryptedVariance>[0]>();
    expectTypeOf<EncryptedVector<4>>().toExtend<Parameters<typeof encryptedLogistic>[0][number]>();
    expectTypeOf<EncryptedVector<3>>().not.toExtend<Parameters<typeof encryptedLogistic>[0][number]>();
  });
});

const openSum = (engine: CkksEngine) => engine.open('sum');
const openDeep = (engine: CkksEngine) => engine.open('deep');
const square = (ckks: Ckks<2>, x: EncryptedVector<2>, keys: CkksEvaluationKeys) => ckks.multiply(x, x, keys);
const fourth = (ckks: Ckks<2>, x: EncryptedVector<1>, keys: CkksEvaluationKeys) => ckks.multiply(x, x, keys);
function addTo<L extends 0 | 1 | 2>(...[a, b, ckks]: [EncryptedVector<L>, EncryptedVector<L>, Ckks<2>]) {
  return ckks.add(a, b);
}
