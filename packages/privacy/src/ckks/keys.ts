import { checkInteger, MurmurError, toHex } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import type { Decryptor, Encryptor, GaloisKeys, KeyGenerator, PublicKey, RelinKeys, SecretKey } from 'node-seal';
import type { CkksCore } from './core.ts';
import { giveBack, type Saved } from './frame.ts';
import { Native, native } from './native.ts';

/** Encrypts; gives nothing away. */
export class CkksPublicKey extends Native<PublicKey> {
  readonly core: CkksCore;
  /** Hex SHA3-256 of the key. */
  readonly keyId: string;
  #encryptor: Encryptor | undefined;

  /** @internal */
  constructor(core: CkksCore, key: PublicKey) {
    super('a public key', key);
    this.core = core;
    const saved: Saved = key.saveToArray(core.seal.ComprModeType.none);
    this.keyId = toHex(sha3_256(saved));
    giveBack(saved);
  }

  /** @internal @throws PRIVACY_CKKS_DISPOSED */
  get encryptor(): Encryptor {
    const key = this.handle;
    this.#encryptor ??= new this.core.seal.Encryptor(this.core.context.handle, key);
    return this.#encryptor;
  }

  override [Symbol.dispose](): void {
    this.#encryptor?.delete();
    this.#encryptor = undefined;
    super[Symbol.dispose]();
  }
}

/** Decrypts. Never divided, never given to whoever computes. */
export class CkksSecretKey extends Native<SecretKey> {
  readonly core: CkksCore;
  /** Of its public key. */
  readonly keyId: string;
  #keyLeakage = 0;
  #encryptor: Encryptor | undefined;
  #decryptor: Decryptor | undefined;

  /** @internal */
  constructor(core: CkksCore, key: SecretKey, keyId: string) {
    super('a secret key', key);
    this.core = core;
    this.keyId = keyId;
  }

  /**
   * What releases with this object may have told about the key, all together: the sum of their `keyLeakage`. It is not
   * stored with the key, so whoever loads it again starts from nothing.
   */
  get keyLeakage(): number {
    return this.#keyLeakage;
  }

  /** @internal Counts a release; a negative one takes back what was counted and then not done. */
  countLeakage(leakage: number): void {
    this.#keyLeakage += leakage;
  }

  /** @internal Encrypts under this key. @throws PRIVACY_CKKS_DISPOSED */
  get encryptor(): Encryptor {
    const key = this.handle;
    this.#encryptor ??= symmetricEncryptor(this.core, key);
    return this.#encryptor;
  }

  /** @internal @throws PRIVACY_CKKS_DISPOSED */
  get decryptor(): Decryptor {
    const key = this.handle;
    this.#decryptor ??= new this.core.seal.Decryptor(this.core.context.handle, key);
    return this.#decryptor;
  }

  override [Symbol.dispose](): void {
    this.#encryptor?.delete();
    this.#decryptor?.delete();
    this.#encryptor = undefined;
    this.#decryptor = undefined;
    super[Symbol.dispose]();
  }
}

/** SEAL's binding makes no encryptor without a public key; encryption under the secret one never reads it. */
function symmetricEncryptor({ seal, context }: CkksCore, key: SecretKey): Encryptor {
  using generator = new seal.KeyGenerator(context.handle, key);
  using unread = generator.createPublicKey();
  return new seal.Encryptor(context.handle, unread, key);
}

export interface EvaluationKeyOptions {
  /** For products of two vectors. @default false */
  readonly relinearise?: boolean;
  /** Steps that vectors are rotated by, and no others: one key each, 1.6 MB at degree 8192 and 15 MB at 16384. */
  readonly rotations?: readonly number[];
}

/** What whoever computes needs for products and rotations. They decrypt nothing. */
export class CkksEvaluationKeys implements Disposable {
  readonly core: CkksCore;
  readonly keyId: string;
  readonly rotations: readonly number[];
  #bytes: number;
  readonly #relinearise: Native<RelinKeys> | undefined;
  readonly #galois: Native<GaloisKeys> | undefined;

  /** @internal */
  constructor(core: CkksCore, keyId: string, rotations: readonly number[], relin?: RelinKeys, galois?: GaloisKeys) {
    this.core = core;
    this.keyId = keyId;
    this.rotations = rotations;
    this.#bytes = evaluationBytes(core, relin !== undefined, rotations.length);
    this.#relinearise = relin && new Native('relinearisation keys', relin);
    this.#galois = galois && new Native('rotation keys', galois);
  }

  /** @internal @throws PRIVACY_CKKS_NO_KEY, PRIVACY_CKKS_DISPOSED */
  get relinearise(): RelinKeys {
    if (this.#relinearise !== undefined) return this.#relinearise.handle;
    throw noKey('a product of two vectors needs relinearisation keys', '{ relinearise: true }');
  }

  /** @internal @throws PRIVACY_CKKS_NO_KEY, PRIVACY_CKKS_DISPOSED */
  rotate(steps: number): GaloisKeys {
    if (this.#galois !== undefined && this.rotations.includes(steps)) return this.#galois.handle;
    throw noKey(`there is no key to rotate by ${steps}`, `{ rotations: [${steps}] }`);
  }

  get hasRelinearise(): boolean {
    return this.#relinearise !== undefined;
  }

  [Symbol.dispose](): void {
    this.#relinearise?.[Symbol.dispose]();
    this.#galois?.[Symbol.dispose]();
    this.core.heap.release(1, this.#bytes);
    this.#bytes = 0;
  }
}

/** What keys to compute with take. */
export function evaluationBytes({ parameters }: CkksCore, relinearise: boolean, rotations: number): number {
  const primes = parameters.chain.length;
  return (Number(relinearise) + rotations) * (primes - 1) * 16 * parameters.degree * primes;
}

export interface CkksKeyPair extends Disposable {
  readonly publicKey: CkksPublicKey;
  readonly secretKey: CkksSecretKey;
}

export function createKeyPair(core: CkksCore): CkksKeyPair {
  return native(core.seal, 'generate keys', () => {
    using generator = new core.seal.KeyGenerator(core.context.handle);
    const publicKey = new CkksPublicKey(core, generator.createPublicKey());
    const secretKey = new CkksSecretKey(core, generator.secretKey(), publicKey.keyId);
    const dispose = () => {
      secretKey[Symbol.dispose]();
      publicKey[Symbol.dispose]();
    };
    return { publicKey, secretKey, [Symbol.dispose]: dispose };
  });
}

/** @throws PRIVACY_CKKS_PARAMETERS where the chain has no level for a product, PRIVACY_CKKS_MEMORY, OPTION_OUT_OF_RANGE */
export function createEvaluationKeys(secret: CkksSecretKey, options: EvaluationKeyOptions): CkksEvaluationKeys {
  const { core, keyId } = secret;
  const { relinearise, rotations } = checkOptions(core, options);
  const bytes = evaluationBytes(core, relinearise, rotations.length);
  core.heap.reserve(1, bytes);
  try {
    return withGenerator(secret, (generator) => {
      const relin = relinearise ? generator.createRelinKeys() : undefined;
      const galois = rotations.length > 0 ? generator.createGaloisKeysWithSteps(Int32Array.from(rotations)) : undefined;
      return new CkksEvaluationKeys(core, keyId, rotations, relin, galois);
    });
  } catch (error) {
    core.heap.release(1, bytes);
    throw error;
  }
}

/** The same as bytes for another instance, half as large: random parts travel as seeds. */
export function seededEvaluationKeys(secret: CkksSecretKey, options: EvaluationKeyOptions) {
  const { core } = secret;
  const { relinearise, rotations } = checkOptions(core, options);
  const none = core.seal.ComprModeType.none;
  const bytes = evaluationBytes(core, relinearise, rotations.length);
  core.heap.reserve(1, bytes);
  core.heap.release(1, bytes);
  return withGenerator(secret, (generator) => {
    using relin = relinearise ? generator.createRelinKeysSerializable() : undefined;
    const steps = Int32Array.from(rotations);
    using galois = rotations.length > 0 ? generator.createGaloisKeysSerializableWithSteps(steps) : undefined;
    const relinBytes: Saved | null = relin?.saveToArray(none) ?? null;
    const galoisBytes: Saved | null = galois?.saveToArray(none) ?? null;
    return { rotations, relin: relinBytes, galois: galoisBytes };
  });
}

function withGenerator<T>(secret: CkksSecretKey, run: (generator: KeyGenerator) => T): T {
  const { core } = secret;
  return native(core.seal, 'generate keys', () => {
    using generator = new core.seal.KeyGenerator(core.context.handle, secret.handle);
    return run(generator);
  });
}

/** Rotations that one set of keys holds at most: what sums over all slots need, twice. */
export const MAX_ROTATIONS = 32;

function checkOptions(core: CkksCore, { relinearise = false, rotations = [] }: EvaluationKeyOptions) {
  checkInteger('rotations of evaluation keys', rotations.length, 0, MAX_ROTATIONS);
  for (const steps of rotations) checkInteger('steps of a rotation', Math.abs(steps), 1, core.slots - 1);
  if (relinearise && core.top === 0) {
    throw new MurmurError({
      code: 'PRIVACY_CKKS_PARAMETERS',
      message: 'relinearisation keys were asked for, but these parameters have no level for a product',
      remedy: 'use the preset "statistics" or "deep"',
    });
  }
  return { relinearise, rotations: [...new Set(rotations)] };
}

function noKey(message: string, option: string): MurmurError {
  return new MurmurError({
    code: 'PRIVACY_CKKS_NO_KEY',
    message,
    remedy: `have the key holder make evaluation keys with ${option}`,
  });
}
