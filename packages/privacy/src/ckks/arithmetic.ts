import { MurmurError } from '@murmuration/core';
import type { Ciphertext } from 'node-seal';
import type { CkksCore, LevelInfo } from './core.ts';
import { checkOwn, checkValues, encodeChunk, type Numbers } from './encrypt.ts';
import type { CkksEvaluationKeys } from './keys.ts';
import { native } from './native.ts';
import type { Below, Level, MultipliableLevel } from './parameters.ts';
import { type Precision, productOf, sumOf, worse } from './precision.ts';
import { checkMagnitude, checkSame, EncryptedVector, makeChunks } from './vector.ts';

/** a + b or a - b. @throws PRIVACY_CKKS_LEVEL, PRIVACY_CKKS_OVERFLOW, PRIVACY_CKKS_FOREIGN, PRIVACY_WRONG_LENGTH */
export function combine<L extends Level>(a: EncryptedVector<L>, b: EncryptedVector<NoInfer<L>>, sign: 1 | -1) {
  const { core, level } = a;
  checkPair('add', a, b);
  const precision = sumOf(a.precision, b.precision);
  checkMagnitude(core, level, precision);
  const evaluator = core.evaluator.handle;
  const [left, right] = [a.chunks, b.chunks];
  const chunks = native(core.seal, sign === 1 ? 'add vectors' : 'subtract vectors', () =>
    makeChunks(core, left.length, (i, out) => {
      if (sign === 1) evaluator.add(left[i] as Ciphertext, right[i] as Ciphertext, out);
      else evaluator.sub(left[i] as Ciphertext, right[i] as Ciphertext, out);
    }),
  );
  return new EncryptedVector<L>(core, level, { length: a.length, keyId: a.keyId, precision }, chunks);
}

/** `sum` + `b`, in a new vector; `sum` is disposed, unless they do not add. */
export function accumulate<L extends Level>(
  sum: EncryptedVector<L>,
  b: EncryptedVector<NoInfer<L>>,
): EncryptedVector<L> {
  const next = combine(sum, b, 1);
  sum[Symbol.dispose]();
  return next;
}

/** a + plain numbers, of the same length. */
export function addPlain<L extends Level>(a: EncryptedVector<L>, plain: Numbers): EncryptedVector<L> {
  const { core, level } = a;
  const known = plainPrecision(a, plain);
  const precision = sumOf(a.precision, known);
  checkMagnitude(core, level, precision);
  const chunks = native(core.seal, 'add plain numbers', () =>
    makeChunks(core, a.chunks.length, (i, out) => {
      using encoded = encodeChunk(core, plain, i, level);
      core.evaluator.handle.addPlain(a.chunks[i] as Ciphertext, encoded, out);
    }),
  );
  return new EncryptedVector<L>(core, level, { length: a.length, keyId: a.keyId, precision }, chunks);
}

/** a · plain numbers, one by one, rescaled. @throws PRIVACY_CKKS_LEVEL at level 0, PRIVACY_CKKS_TRANSPARENT for zeros */
export function multiplyPlain<L extends MultipliableLevel>(a: EncryptedVector<L>, plain: Numbers) {
  const known = plainPrecision(a, plain);
  return product(a, productOf(a.precision, known), 'multiply by plain numbers', (i, out) => {
    using encoded = encodeChunk(a.core, plain, i, a.level);
    a.core.evaluator.handle.multiplyPlain(a.chunks[i] as Ciphertext, encoded, out);
  });
}

/** a · b, one by one, relinearised and rescaled. @throws PRIVACY_CKKS_LEVEL, PRIVACY_CKKS_NO_KEY, … */
export function multiply<L extends MultipliableLevel>(
  a: EncryptedVector<L>,
  b: EncryptedVector<NoInfer<L>>,
  keys: CkksEvaluationKeys,
): EncryptedVector<Below<L>> {
  const { core } = a;
  checkPair('multiply', a, b);
  checkKeys(a, keys);
  const relin = keys.relinearise;
  const evaluator = core.evaluator.handle;
  const raw = productOf(a.precision, b.precision);
  return product(
    a,
    raw,
    'multiply vectors',
    (i, out) => {
      if (a === b) evaluator.square(a.chunks[i] as Ciphertext, out);
      else evaluator.multiply(a.chunks[i] as Ciphertext, b.chunks[i] as Ciphertext, out);
      evaluator.relinearizeInplace(out, relin);
    },
    ({ scale }) => core.model.keySwitching(a.level + 1, scale * scale),
  );
}

/** Down to the next level, for sums with what was multiplied. Costs what a product by 1 costs. */
export function lower<L extends MultipliableLevel>(a: EncryptedVector<L>): EncryptedVector<Below<L>> {
  return multiplyPlain(a, new Float64Array(a.length).fill(1));
}

/** Moves the numbers of a vector of one ciphertext by `steps` slots to the left, around its `slots` places. */
export function rotate<L extends Level>(a: EncryptedVector<L>, steps: number, keys: CkksEvaluationKeys) {
  const { core, level } = a;
  checkKeys(a, keys);
  if (a.chunks.length !== 1) {
    throw new MurmurError({
      code: 'PRIVACY_CKKS_ROTATION',
      message: `a vector of ${a.length} numbers lies in ${a.chunks.length} ciphertexts, which do not rotate as one`,
      remedy: `rotate vectors of at most ${core.slots} numbers; sums over all numbers need no rotation of yours`,
      facts: { length: a.length, slots: core.slots },
    });
  }
  const galois = keys.rotate(steps);
  const chunks = native(core.seal, 'rotate', () =>
    makeChunks(core, 1, (i, out) => core.evaluator.handle.rotateVector(a.chunks[i] as Ciphertext, steps, galois, out)),
  );
  const precision = worse(a.precision, core.model.keySwitching(level + 1, core.level(level).scale));
  return new EncryptedVector<L>(core, level, { length: core.slots, keyId: a.keyId, precision }, chunks);
}

function product<L extends MultipliableLevel>(
  a: EncryptedVector<L>,
  raw: Precision,
  what: string,
  make: (index: number, out: Ciphertext) => void,
  added: (info: LevelInfo) => number = () => 0,
): EncryptedVector<Below<L>> {
  const { core } = a;
  checkDepth(a);
  const level = (a.level - 1) as Below<L>;
  const precision = worse(raw, added(core.level(a.level)) + core.model.rescaling(core.level(level).scale));
  checkMagnitude(core, level, precision);
  const chunks = native(core.seal, what, () =>
    makeChunks(core, a.chunks.length, (i, out) => {
      make(i, out);
      core.evaluator.handle.rescaleToNextInplace(out);
    }),
  );
  return new EncryptedVector(core, level, { length: a.length, keyId: a.keyId, precision }, chunks);
}

function plainPrecision(a: EncryptedVector<Level>, plain: Numbers): Precision {
  checkLengths(a.length, plain.length);
  let magnitude = 0;
  for (const value of plain) magnitude = Math.max(magnitude, Math.abs(value));
  checkValues(plain, Number.MAX_VALUE);
  const known = a.core.model.encoded(magnitude, a.core.level(a.level).scale);
  checkMagnitude(a.core, a.level, known);
  return known;
}

function checkPair(what: string, a: EncryptedVector<Level>, b: EncryptedVector<Level>): void {
  checkSame(`two vectors to ${what}`, a, b);
  checkLengths(a.length, b.length);
  if (a.level === b.level) return;
  const [high, low] = a.level > b.level ? [a, b] : [b, a];
  throw new MurmurError({
    code: 'PRIVACY_CKKS_LEVEL',
    message: `two vectors to ${what} are at level ${a.level} (scale ${scaleOf(a)}) and level ${b.level} (scale ${scaleOf(b)})`,
    remedy: `bring the one at level ${high.level} down with lower(), ${high.level - low.level} times`,
    facts: { a: a.level, b: b.level },
  });
}

function checkDepth(a: EncryptedVector<Level>): void {
  if (a.level > 0) return;
  throw new MurmurError({
    code: 'PRIVACY_CKKS_LEVEL',
    message: `a vector at level 0 (scale ${scaleOf(a)}) has no prime left for a product`,
    remedy: 'use parameters with more levels, or send it back to the key holder to be encrypted afresh',
    facts: { level: 0 },
  });
}

function checkKeys(a: EncryptedVector<Level>, keys: CkksEvaluationKeys): void {
  checkOwn(a.core, keys);
  checkSame('a vector and evaluation keys', a, keys);
}

function scaleOf({ core, level }: { core: CkksCore; level: number }): string {
  return `2^${Math.log2(core.level(level).scale).toFixed(6)}`;
}

function checkLengths(length: number, other: number): void {
  if (length === other) return;
  throw new MurmurError({
    code: 'PRIVACY_WRONG_LENGTH',
    message: `an encrypted vector has ${length} numbers, the other operand ${other}`,
    remedy: 'combine vectors of one length',
    facts: { length, other },
  });
}
