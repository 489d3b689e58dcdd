import { checkInteger, checkNumber, MurmurError } from '@murmuration/core';
import type { Encryptor, Plaintext } from 'node-seal';
import type { CkksCore } from './core.ts';
import type { Saved } from './frame.ts';
import { CkksPublicKey, type CkksSecretKey } from './keys.ts';
import { native } from './native.ts';
import type { Level } from './parameters.ts';
import { type Precision, worse } from './precision.ts';
import { checkMagnitude, EncryptedVector, makeChunks, type VectorHead } from './vector.ts';

export type Numbers = Float64Array | Float32Array;

export interface EncryptOptions {
  /**
   * No number is larger than this. It travels in the clear, so it must be public: agreed on, never the data's own
   * maximum. Sums and products are checked against wrapping around by it.
   */
  readonly bound: number;
}

/** Numbers in one vector: a thousand ciphertexts of the largest preset. */
export const MAX_VECTOR_LENGTH = 2 ** 23;

/**
 * Numbers under a key: the public one, or the secret one for less noise and half the bytes (`encryptToBytes`).
 * @throws PRIVACY_CKKS_BOUND, PRIVACY_CKKS_OVERFLOW, PRIVACY_NOT_FINITE, PRIVACY_CKKS_DISPOSED, OPTION_OUT_OF_RANGE
 */
export function encryptVector<L extends Level>(
  core: CkksCore,
  key: CkksPublicKey | CkksSecretKey,
  values: Numbers,
  options: EncryptOptions,
): EncryptedVector<L> {
  const head = freshHead(core, key, values, options);
  const chunks = withEncryptor(core, key, (encryptor) =>
    makeChunks(core, chunkCount(core, values.length), (i, out) => {
      using plain = encodeChunk(core, values, i, core.top);
      if (key instanceof CkksPublicKey) encryptor.encrypt(plain, out);
      else encryptor.encryptSymmetric(plain, out);
    }),
  );
  return new EncryptedVector(core, core.top as L, head, chunks);
}

/** Gives `write` each ciphertext as SEAL's bytes, without keeping any: under the secret key their random half is a seed. */
export function encryptChunks<T>(
  core: CkksCore,
  key: CkksPublicKey | CkksSecretKey,
  values: Numbers,
  write: (chunk: (index: number) => Saved) => T,
): T {
  const none = core.seal.ComprModeType.none;
  return withEncryptor(core, key, (encryptor) =>
    write((index) => {
      using plain = encodeChunk(core, values, index, core.top);
      using sealed =
        key instanceof CkksPublicKey
          ? encryptor.encryptSerializable(plain)
          : encryptor.encryptSymmetricSerializable(plain);
      return sealed.saveToArray(none);
    }),
  );
}

/** @throws as `encryptVector` */
export function freshHead(
  core: CkksCore,
  key: CkksPublicKey | CkksSecretKey,
  values: Numbers,
  { bound }: EncryptOptions,
): VectorHead {
  checkInteger('length of a vector', values.length, 1, MAX_VECTOR_LENGTH);
  checkNumber('bound', bound, Number.MIN_VALUE, 1e30);
  checkValues(values, bound);
  const { scale } = core.level(core.top);
  const encoded = core.model.encoded(bound, scale);
  const kind = key instanceof CkksPublicKey ? 'public' : 'secret';
  const precision: Precision = worse(encoded, core.model.encryption(kind, scale));
  checkMagnitude(core, core.top, precision);
  return { length: values.length, keyId: key.keyId, precision };
}

export function chunkCount(core: CkksCore, length: number): number {
  return Math.ceil(length / core.slots);
}

/** The caller disposes it. */
export function encodeChunk(core: CkksCore, values: Numbers, index: number, level: number): Plaintext {
  const part = values.subarray(index * core.slots, (index + 1) * core.slots);
  return core.encode(part instanceof Float64Array ? part : Float64Array.from(part), level);
}

function withEncryptor<T>(core: CkksCore, key: CkksPublicKey | CkksSecretKey, run: (encryptor: Encryptor) => T): T {
  checkOwn(core, key);
  return native(core.seal, 'encrypt', () => run(key.encryptor));
}

/** @throws PRIVACY_CKKS_FOREIGN */
export function checkOwn(core: CkksCore, key: { readonly core: CkksCore }): void {
  if (key.core === core) return;
  throw new MurmurError({
    code: 'PRIVACY_CKKS_FOREIGN',
    message: 'a key belongs to another instance',
    remedy: 'bring keys of another instance over as bytes',
  });
}

/** @throws PRIVACY_NOT_FINITE, PRIVACY_CKKS_BOUND, each naming the first place */
export function checkValues(values: Numbers, bound: number): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (Math.abs(value) <= bound) continue;
    if (!Number.isFinite(value)) throw notFinite(value, i);
    throw new MurmurError({
      code: 'PRIVACY_CKKS_BOUND',
      message: `value ${i} is beyond the stated bound ${bound}`,
      remedy: 'clip the numbers to the public bound before they are encrypted',
      facts: { index: i, bound },
    });
  }
}

function notFinite(value: number, index: number): MurmurError {
  return new MurmurError({
    code: 'PRIVACY_NOT_FINITE',
    message: `value ${index} to encrypt is ${value}`,
    remedy: 'encrypt finite numbers only',
    facts: { index },
  });
}
