import { MurmurError, type Result } from '@murmuration/core';
import type { MainModule } from 'node-seal';
import { accumulate, addPlain, combine, lower, multiply, multiplyPlain, rotate } from './arithmetic.ts';
import { CkksCore } from './core.ts';
import { type Decrypted, decryptVector } from './decrypted.ts';
import { checkOwn, type EncryptOptions, encryptVector, type Numbers } from './encrypt.ts';
import { Heap } from './heap.ts';
import {
  evaluationKeyBytes,
  type KeyRefusal,
  keyBytes,
  readEvaluationKeys,
  readPublicKey,
  readSecretKey,
} from './key-wire.ts';
import {
  type CkksEvaluationKeys,
  type CkksKeyPair,
  type CkksPublicKey,
  type CkksSecretKey,
  createEvaluationKeys,
  createKeyPair,
  type EvaluationKeyOptions,
  seededEvaluationKeys,
} from './keys.ts';
import {
  type Below,
  type CkksParameters,
  type CkksPreset,
  type Level,
  type MultipliableLevel,
  presetParameters,
  type TopLevel,
} from './parameters.ts';
import type { EncryptedVector } from './vector.ts';
import { encryptedBytes, readVector, type VectorExpectation, type VectorRefusal, vectorBytes } from './wire.ts';

/** Approximate arithmetic on encrypted numbers (CKKS; Cheon, Kim, Kim & Song 2017), by Microsoft SEAL 4.1. */
export interface CkksEngine {
  /** @throws PRIVACY_CKKS_PARAMETERS */
  open<P extends CkksPreset>(preset: P): Ckks<TopLevel<P>>;
  /** With parameters of one's own. @throws PRIVACY_CKKS_INSECURE, PRIVACY_CKKS_PARAMETERS, OPTION_OUT_OF_RANGE */
  openCustom(parameters: CkksParameters): Ckks<Level>;
}

export interface CkksOptions {
  /**
   * Native memory that vectors and keys of one instance may take together, in bytes, at most 3 GiB; what would exceed
   * it is PRIVACY_CKKS_MEMORY. @default 3 GiB — the last of the 4 is for what one operation needs beside them
   */
  readonly maxHeapBytes?: number;
}

/**
 * Loads SEAL, which nothing else of this package does. An instance has a heap of its own, up to 4 GiB, and one thread:
 * give each a worker where it is used in earnest.
 * @throws PRIVACY_CKKS_LOAD, OPTION_OUT_OF_RANGE
 */
export async function loadCkks({ maxHeapBytes }: CkksOptions = {}): Promise<CkksEngine> {
  const heap = new Heap(maxHeapBytes);
  const seal = await loadSeal();
  return {
    open: <P extends CkksPreset>(preset: P) =>
      new Ckks<TopLevel<P>>(new CkksCore(seal, presetParameters(preset), heap)),
    openCustom: (parameters) => new Ckks<Level>(new CkksCore(seal, parameters, heap)),
  };
}

async function loadSeal(): Promise<MainModule> {
  try {
    const { initialize } = await import('node-seal');
    return await initialize();
  } catch (cause) {
    throw new MurmurError({
      code: 'PRIVACY_CKKS_LOAD',
      message: 'the WebAssembly module of node-seal did not load',
      remedy: 'use Node 24 or later, or a browser with WebAssembly exceptions and reference types',
      cause,
    });
  }
}

/**
 * One set of parameters. Vectors, keys and this object own memory that no collector frees: declare them with `using`.
 * `Top` is the level of a fresh vector.
 */
export class Ckks<Top extends Level> implements Disposable {
  /** @internal */
  readonly core: CkksCore;

  /** @internal */
  constructor(core: CkksCore) {
    this.core = core;
  }

  get parameters(): CkksParameters {
    return this.core.parameters;
  }

  /** Numbers in one ciphertext. */
  get slots(): number {
    return this.core.slots;
  }

  /** @throws PRIVACY_CKKS_NATIVE */
  createKeyPair(): CkksKeyPair {
    return createKeyPair(this.core);
  }

  /** @throws PRIVACY_CKKS_PARAMETERS, OPTION_OUT_OF_RANGE */
  createEvaluationKeys(key: CkksSecretKey, options: EvaluationKeyOptions): CkksEvaluationKeys {
    checkOwn(this.core, key);
    return createEvaluationKeys(key, options);
  }

  /** For whoever computes elsewhere: half the bytes, since random parts travel as seeds. @throws as above */
  evaluationKeyBytes(key: CkksSecretKey, options: EvaluationKeyOptions): Uint8Array {
    checkOwn(this.core, key);
    return evaluationKeyBytes(this.core, key.keyId, seededEvaluationKeys(key, options));
  }

  keyBytes(key: CkksPublicKey | CkksSecretKey): Uint8Array {
    return keyBytes(key);
  }

  readPublicKey(wire: Uint8Array): Result<CkksPublicKey, KeyRefusal> {
    return readPublicKey(this.core, wire);
  }

  /** One's own, from one's own store: that it belongs to the id is taken from the bytes. */
  readSecretKey(wire: Uint8Array): Result<CkksSecretKey, KeyRefusal> {
    return readSecretKey(this.core, wire);
  }

  /** @param keyId of the public key that vectors are encrypted for */
  readEvaluationKeys(wire: Uint8Array, keyId: string): Result<CkksEvaluationKeys, KeyRefusal> {
    return readEvaluationKeys(this.core, wire, keyId);
  }

  /**
   * Under the public key, or the secret one for a smaller error.
   * @throws PRIVACY_CKKS_BOUND, PRIVACY_CKKS_OVERFLOW, PRIVACY_NOT_FINITE, PRIVACY_CKKS_DISPOSED, OPTION_OUT_OF_RANGE
   */
  encrypt(key: CkksPublicKey | CkksSecretKey, values: Numbers, options: EncryptOptions): EncryptedVector<Top> {
    return encryptVector(this.core, key, values, options);
  }

  /** The same at once as bytes: 32 a number of the preset "sum", 16 under the secret key. @throws as `encrypt` */
  encryptToBytes(key: CkksPublicKey | CkksSecretKey, values: Numbers, options: EncryptOptions): Uint8Array {
    return encryptedBytes(this.core, key, values, options);
  }

  toBytes(vector: EncryptedVector<Level>): Uint8Array {
    return vectorBytes(vector);
  }

  /** Reads what a peer sent: it must be what was agreed on. It proves nothing of who sent it. */
  read<L extends Level>(wire: Uint8Array, expected: VectorExpectation<L>): Result<EncryptedVector<L>, VectorRefusal> {
    return readVector(this.core, wire, expected);
  }

  /** @throws PRIVACY_CKKS_LEVEL, PRIVACY_CKKS_OVERFLOW, PRIVACY_CKKS_FOREIGN, PRIVACY_WRONG_LENGTH */
  add<L extends Level>(a: EncryptedVector<L>, b: EncryptedVector<NoInfer<L>>): EncryptedVector<L> {
    return combine(a, b, 1);
  }

  /** `sum` + `b`, in a new vector; `sum` is disposed, unless this throws. @throws as `add` */
  accumulate<L extends Level>(sum: EncryptedVector<L>, b: EncryptedVector<NoInfer<L>>): EncryptedVector<L> {
    return accumulate(sum, b);
  }

  /** @throws as `add`, PRIVACY_CKKS_TRANSPARENT for a vector less itself */
  subtract<L extends Level>(a: EncryptedVector<L>, b: EncryptedVector<NoInfer<L>>): EncryptedVector<L> {
    return combine(a, b, -1);
  }

  /** @throws PRIVACY_WRONG_LENGTH, PRIVACY_CKKS_OVERFLOW, PRIVACY_NOT_FINITE */
  addPlain<L extends Level>(a: EncryptedVector<L>, plain: Numbers): EncryptedVector<L> {
    return addPlain(a, plain);
  }

  /** One by one, rescaled. @throws as `addPlain`, PRIVACY_CKKS_LEVEL, PRIVACY_CKKS_TRANSPARENT where a chunk is zeros */
  multiplyPlain<L extends MultipliableLevel>(a: EncryptedVector<L>, plain: Numbers): EncryptedVector<Below<L>> {
    return multiplyPlain(a, plain);
  }

  /** One by one, relinearised and rescaled. @throws as `add`, PRIVACY_CKKS_NO_KEY */
  multiply<L extends MultipliableLevel>(
    a: EncryptedVector<L>,
    b: EncryptedVector<NoInfer<L>>,
    keys: CkksEvaluationKeys,
  ): EncryptedVector<Below<L>> {
    return multiply(a, b, keys);
  }

  /** Down a level without a product, to be added to what was multiplied. @throws PRIVACY_CKKS_LEVEL */
  lower<L extends MultipliableLevel>(a: EncryptedVector<L>): EncryptedVector<Below<L>> {
    return lower(a);
  }

  /**
   * Numbers of one ciphertext `steps` places to the left, around all of its slots.
   * @throws PRIVACY_CKKS_ROTATION, PRIVACY_CKKS_NO_KEY, PRIVACY_CKKS_FOREIGN
   */
  rotate<L extends Level>(a: EncryptedVector<L>, steps: number, keys: CkksEvaluationKeys): EncryptedVector<L> {
    return rotate(a, steps, keys);
  }

  /** What `releasePrivately` takes; it shows nothing. @throws PRIVACY_CKKS_FOREIGN, PRIVACY_CKKS_DISPOSED */
  decrypt(vector: EncryptedVector<Level>, key: CkksSecretKey): Decrypted {
    return decryptVector(vector, key);
  }

  /** Vectors and keys are disposed before it. */
  [Symbol.dispose](): void {
    this.core[Symbol.dispose]();
  }
}
