import { checkOwn } from './encrypt.ts';
import { giveBack } from './frame.ts';
import type { CkksSecretKey } from './keys.ts';
import { native } from './native.ts';
import type { Level } from './parameters.ts';
import { errorBound, type Precision } from './precision.ts';
import { checkSame, type EncryptedVector } from './vector.ts';

/** @internal The numbers; for `releasePrivately` alone. The caller wipes them. */
export let openDecrypted: (decrypted: Decrypted) => Float64Array;
/** @internal The key that it would be opened with, whose leakage a release adds to. */
export let keyOf: (decrypted: Decrypted) => CkksSecretKey;

/**
 * What a key holder may release, and nothing that can be looked at. What CKKS decrypts to is the message plus an error
 * that depends on the secret key: who encrypted the message and sees the result can solve for the key (Li & Micciancio
 * 2021). So numbers leave through `releasePrivately`, whose noise drowns that error. Nothing is decrypted before.
 */
export class Decrypted {
  /** How many numbers. */
  readonly length: number;
  readonly precision: Precision;
  readonly #vector: EncryptedVector<Level>;
  readonly #key: CkksSecretKey;

  /** @internal */
  constructor(vector: EncryptedVector<Level>, key: CkksSecretKey) {
    this.length = vector.length;
    this.precision = vector.precision;
    this.#vector = vector;
    this.#key = key;
  }

  /** What no number's error exceeds, except with probability 1.8e-15 for each. */
  get errorBound(): number {
    return errorBound(this.precision);
  }

  /** Throws where the vector or its key was disposed since. @throws PRIVACY_CKKS_DISPOSED */
  checkUsable(): void {
    void this.#vector.chunks;
    void this.#key.handle;
  }

  static {
    openDecrypted = (decrypted) => decryptNumbers(decrypted.#vector, decrypted.#key);
    keyOf = (decrypted) => decrypted.#key;
  }
}

/** @throws PRIVACY_CKKS_FOREIGN, PRIVACY_CKKS_DISPOSED */
export function decryptVector(vector: EncryptedVector<Level>, key: CkksSecretKey): Decrypted {
  checkOwn(vector.core, key);
  checkSame('a vector and a secret key', vector, key);
  const decrypted = new Decrypted(vector, key);
  decrypted.checkUsable();
  return decrypted;
}

/**
 * The numbers themselves, for the holder of the key who encrypted the data, gets the result alone and shows it to
 * nobody.
 *
 * **Never pass on what this returns**, nor anything computed from it that still shows its last digits, to anyone who
 * may know the plaintext or who computed on it: each number tells a little about the secret key (Li & Micciancio
 * 2021), and nothing protects those whose data it is. For anybody else there is `releasePrivately`.
 *
 * @throws PRIVACY_CKKS_FOREIGN, PRIVACY_CKKS_DISPOSED
 */
export function revealToKeyHolder(vector: EncryptedVector<Level>, key: CkksSecretKey): Float64Array {
  return openDecrypted(decryptVector(vector, key));
}

function decryptNumbers({ core, length, chunks }: EncryptedVector<Level>, key: CkksSecretKey): Float64Array {
  const numbers = new Float64Array(length);
  native(core.seal, 'decrypt', () => {
    using plain = new core.seal.Plaintext();
    for (const [i, chunk] of chunks.entries()) {
      key.decryptor.decrypt(chunk, plain);
      const slots: Float64Array<ArrayBuffer> = core.encoder.handle.decodeFloat64(plain);
      const at = i * core.slots;
      numbers.set(slots.subarray(0, Math.min(core.slots, length - at)), at);
      giveBack(slots);
    }
  });
  return numbers;
}
