import { checkInteger, MurmurError } from '@murmuration/core';
import type { Ciphertext } from 'node-seal';
import { accumulate, addPlain, combine, lower, multiply, multiplyPlain } from './arithmetic.ts';
import type { CkksCore } from './core.ts';
import { checkOwn } from './encrypt.ts';
import type { CkksEvaluationKeys } from './keys.ts';
import { native } from './native.ts';
import type { Below, Level, MultipliableLevel } from './parameters.ts';
import type { Precision } from './precision.ts';
import { checkMagnitude, checkSame, EncryptedVector, makeChunks } from './vector.ts';

/** The rotations that sums over all numbers of a vector need: 1, 2, 4, … below `slots`. */
export function totalRotations(slots: number): number[] {
  return Array.from({ length: Math.log2(slots) }, (_, i) => 2 ** i);
}

/**
 * Σx, a vector of one number. Costs no level; keys for `totalRotations`.
 * @throws PRIVACY_CKKS_NO_KEY, PRIVACY_CKKS_OVERFLOW, PRIVACY_CKKS_FOREIGN
 */
export function encryptedTotal<L extends Level>(x: EncryptedVector<L>, keys: CkksEvaluationKeys): EncryptedVector<L> {
  const { core, level, length, keyId } = x;
  checkOwn(core, keys);
  checkSame('a vector and evaluation keys', x, keys);
  const precision = totalPrecision(core, level, length, x.precision);
  checkMagnitude(core, level, precision);
  const rotations = totalRotations(core.slots).map((steps) => ({ steps, key: keys.rotate(steps) }));
  const evaluator = core.evaluator.handle;
  const chunks = native(core.seal, 'sum a vector', () =>
    makeChunks(core, 1, (_, out) => {
      const [first, ...rest] = x.chunks as readonly [Ciphertext, ...Ciphertext[]];
      out.assign(first);
      for (const chunk of rest) evaluator.addInplace(out, chunk);
      using turned = new core.seal.Ciphertext();
      for (const { steps, key } of rotations) {
        evaluator.rotateVector(out, steps, key, turned);
        evaluator.addInplace(out, turned);
      }
    }),
  );
  return new EncryptedVector<L>(core, level, { length: 1, keyId, precision }, chunks);
}

/** Slots behind the last number hold zeros, whose errors count too; those of rotations are bounded over any sum of slots. */
function totalPrecision(core: CkksCore, level: number, length: number, { magnitude, deviation }: Precision): Precision {
  const added = Math.ceil(length / core.slots) * core.slots;
  const switching = core.model.keySwitching(level + 1, core.level(level).scale) * Math.log2(core.slots);
  return { magnitude: magnitude * length, deviation: deviation * added + switching };
}

/** Σx/n, a vector of one number, one level lower. The number of records is public. @throws as `encryptedTotal` */
export function encryptedMean<L extends MultipliableLevel>(
  x: EncryptedVector<L>,
  keys: CkksEvaluationKeys,
): EncryptedVector<Below<L>> {
  using total = encryptedTotal(x, keys);
  return multiplyPlain(total, Float64Array.of(1 / x.length));
}

/**
 * Σx²/n - (Σx/n)², the variance over the n records themselves, two levels lower. Keys for `totalRotations` and
 * relinearisation. Under replace-one, numbers in [low, high] move it by at most (high - low)²·(n - 1)/n².
 * @throws as `encryptedTotal`
 */
export function encryptedVariance<L extends 2 | 3 | 4 | 5 | 6>(
  x: EncryptedVector<L>,
  keys: CkksEvaluationKeys,
): EncryptedVector<Below<Below<L>>> {
  using squares = multiply(x, x, keys);
  using meanSquare = encryptedMean(squares, keys);
  using mean = encryptedMean(x, keys);
  using squareMean = multiply(mean, mean, keys);
  return combine(meanSquare, squareMean, -1);
}

/** A linear model, known to whoever computes: one weight for each column. */
export interface LinearModel {
  readonly weights: ArrayLike<number>;
  readonly intercept: number;
}

/**
 * Σ w·column + b for each record, over encrypted columns of one length, one level lower. No keys needed.
 * @throws PRIVACY_WRONG_LENGTH, PRIVACY_CKKS_OVERFLOW, PRIVACY_CKKS_FOREIGN, PRIVACY_CKKS_TRANSPARENT where all
 *   weights are zero, PRIVACY_NOT_FINITE
 */
export function encryptedLinear<L extends MultipliableLevel>(
  columns: readonly EncryptedVector<L>[],
  { weights, intercept }: LinearModel,
): EncryptedVector<Below<L>> {
  checkInteger('columns of a linear model', columns.length, 1, 4096);
  if (weights.length !== columns.length) throw wrongWeights(weights.length, columns.length);
  let sum: EncryptedVector<Below<L>> | undefined;
  try {
    for (const [i, column] of columns.entries()) {
      const weight = weights[i] as number;
      if (weight === 0) continue;
      const term = multiplyPlain(column, new Float64Array(column.length).fill(weight));
      if (sum === undefined) sum = term;
      else {
        using _ = term;
        sum = accumulate(sum, term);
      }
    }
    if (sum === undefined) throw noWeights();
    return addPlain(sum, new Float64Array(sum.length).fill(intercept));
  } finally {
    sum?.[Symbol.dispose]();
  }
}

/** How far the score of a logistic model may lie from 0. */
export const LOGISTIC_RANGE = 8;
/** 1/2 + c1·u + c3·u³ + c5·u⁵ + c7·u⁷ of u = score/8: least largest error on [-1, 1], 0.0189 (Lawson's iteration). */
const SIGMOID = [1.764457, -4.380418, 5.713742, -2.617006] as const;

/**
 * An approximation of 1/(1 + e^-(Σ w·column + b)) for each record, by an odd polynomial of degree 7 that is nowhere in
 * [-8, 8] farther than 0.019 off, four levels lower: preset "deep". Keys for relinearisation.
 * @throws PRIVACY_CKKS_BOUND where the score could leave [-8, 8], and as `encryptedLinear`
 */
export function encryptedLogistic<L extends 4 | 5 | 6>(
  columns: readonly EncryptedVector<L>[],
  { weights, intercept }: LinearModel,
  keys: CkksEvaluationKeys,
): EncryptedVector<Below<Below<Below<Below<L>>>>> {
  checkScore(columns, { weights, intercept });
  const scaled = Array.from(weights, (weight) => weight / LOGISTIC_RANGE);
  using u = encryptedLinear(columns, { weights: scaled, intercept: intercept / LOGISTIC_RANGE });
  using u2 = multiply(u, u, keys);
  using u4 = multiply(u2, u2, keys);
  const times = (k: number) => multiplyPlain(u, new Float64Array(u.length).fill(SIGMOID[k] as number));
  using first = times(0);
  using third = times(1);
  using fifth = times(2);
  using seventh = times(3);
  // (c1·u + c3·u·u²) + (c5·u + c7·u·u²)·u⁴, so that no power costs more levels than it must.
  using c3u3 = multiply(third, u2, keys);
  using c1u = lower(first);
  using low = combine(c1u, c3u3, 1);
  using c7u3 = multiply(seventh, u2, keys);
  using c5u = lower(fifth);
  using high = combine(c5u, c7u3, 1);
  using top = multiply(high, u4, keys);
  using bottom = lower(low);
  using odd = combine(bottom, top, 1);
  return addPlain(odd, new Float64Array(odd.length).fill(0.5));
}

function checkScore(columns: readonly EncryptedVector<Level>[], { weights, intercept }: LinearModel): void {
  const reach = columns.reduce(
    (sum, column, i) => sum + Math.abs(weights[i] ?? 0) * column.precision.magnitude,
    Math.abs(intercept),
  );
  if (reach <= LOGISTIC_RANGE) return;
  throw new MurmurError({
    code: 'PRIVACY_CKKS_BOUND',
    message: `scores of this model reach ±${reach.toPrecision(4)}, and the polynomial holds within ±${LOGISTIC_RANGE}`,
    remedy: 'encrypt columns with smaller public bounds, or scale the model down',
    facts: { reach, range: LOGISTIC_RANGE },
  });
}

function wrongWeights(weights: number, columns: number): MurmurError {
  return new MurmurError({
    code: 'PRIVACY_WRONG_LENGTH',
    message: `a linear model has ${weights} weights for ${columns} columns`,
    remedy: 'give one weight for each column, in their order',
    facts: { weights, columns },
  });
}

function noWeights(): MurmurError {
  return new MurmurError({
    code: 'PRIVACY_CKKS_TRANSPARENT',
    message: 'all weights of a linear model are zero: its result is the intercept, which needs no encryption',
    remedy: 'use the intercept',
  });
}
