import { MurmurError } from '@murmuration/core';
import type { Ciphertext } from 'node-seal';
import type { CkksCore } from './core.ts';
import { disposed } from './native.ts';
import type { Level } from './parameters.ts';
import { errorBound, type Precision } from './precision.ts';

/**
 * Numbers under encryption, in as many ciphertexts as they need. `L` is how many products are left: vectors of
 * different levels do not add, and at level 0 nothing multiplies, in types and at run time.
 */
export class EncryptedVector<out L extends Level> implements Disposable {
  readonly level: L;
  /** How many numbers. */
  readonly length: number;
  /** Hex digest of the public key of the pair that it is encrypted for. */
  readonly keyId: string;
  /** By the word of whoever encrypted and computed. */
  readonly precision: Precision;
  /** @internal */
  readonly core: CkksCore;
  #chunks: readonly Ciphertext[] | undefined;

  /** @internal Takes the chunks over. */
  constructor(core: CkksCore, level: L, head: VectorHead, chunks: readonly Ciphertext[]) {
    this.core = core;
    this.level = level;
    this.length = head.length;
    this.keyId = head.keyId;
    this.precision = head.precision;
    this.#chunks = chunks;
  }

  /** @internal @throws PRIVACY_CKKS_DISPOSED */
  get chunks(): readonly Ciphertext[] {
    if (this.#chunks !== undefined) return this.#chunks;
    throw disposed('an encrypted vector');
  }

  get isDisposed(): boolean {
    return this.#chunks === undefined;
  }

  /** What no number's error exceeds, except with probability 1.8e-15 for each. */
  get errorBound(): number {
    return errorBound(this.precision);
  }

  [Symbol.dispose](): void {
    freeChunks(this.core, this.#chunks ?? []);
    this.#chunks = undefined;
  }
}

export interface VectorHead {
  readonly length: number;
  readonly keyId: string;
  readonly precision: Precision;
}

export function freeChunks(core: CkksCore, chunks: readonly Ciphertext[]): void {
  for (const chunk of chunks) chunk.delete();
  core.heap.release(core.chunkBytes, chunks.length);
}

/**
 * Makes one ciphertext after the other. Where one fails, those before it are disposed.
 * @throws PRIVACY_CKKS_MEMORY before the first
 */
export function makeChunks(
  core: CkksCore,
  count: number,
  make: (index: number, out: Ciphertext) => void,
): Ciphertext[] {
  core.heap.reserve(core.chunkBytes, count);
  const made = Array.from({ length: count }, () => new core.seal.Ciphertext());
  try {
    for (const [i, out] of made.entries()) make(i, out);
    return made;
  } catch (error) {
    freeChunks(core, made);
    throw error;
  }
}

/** @throws PRIVACY_CKKS_OVERFLOW where numbers of that size would wrap around at `level` */
export function checkMagnitude(core: CkksCore, level: number, { magnitude }: Precision): void {
  const { maxMagnitude } = core.level(level);
  if (magnitude < maxMagnitude) return;
  throw new MurmurError({
    code: 'PRIVACY_CKKS_OVERFLOW',
    message: `numbers up to ${magnitude} would wrap around: at level ${level} they stay below ${maxMagnitude.toPrecision(4)}`,
    remedy: 'scale the numbers down, state a smaller bound where it is true, or add fewer',
    facts: { magnitude, level, maxMagnitude },
  });
}

/** @throws PRIVACY_CKKS_FOREIGN */
export function checkSame(
  what: string,
  a: { core: CkksCore; keyId: string },
  b: { core: CkksCore; keyId: string },
): void {
  if (a.core === b.core && a.keyId === b.keyId) return;
  const which = a.core === b.core ? `keys ${a.keyId.slice(0, 8)} and ${b.keyId.slice(0, 8)}` : 'two instances';
  throw new MurmurError({
    code: 'PRIVACY_CKKS_FOREIGN',
    message: `${what} belong to ${which}`,
    remedy: 'encrypt for one public key, and bring vectors of another instance over as bytes',
  });
}
