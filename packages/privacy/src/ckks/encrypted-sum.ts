import { accept, checkInteger, checkNumber, isMurmurError, type Result, refuse } from '@murmuration/core';
import { accumulate } from './arithmetic.ts';
import type { Ckks } from './ckks.ts';
import { errorBound, type Precision } from './precision.ts';
import { checkMagnitude, type EncryptedVector } from './vector.ts';
import { type VectorExpectation, type VectorRefusal, vectorBytes } from './wire.ts';

/** What clients, aggregator and key holder agree on. */
export interface SumTerms {
  /** Of the key holder's public key. */
  readonly keyId: string;
  /** Numbers in each client's vector. */
  readonly length: number;
  /** No number of a client is larger. */
  readonly bound: number;
  readonly maxClients: number;
}

export type SumRefusal = VectorRefusal | 'already-counted' | 'sum-full' | 'cancels-sum';

/**
 * The aggregator's part: it adds what it cannot read, and holds no key. One running sum, whatever the number of
 * clients. Who colludes with the key holder reads every vector.
 */
export class EncryptedSum implements Disposable {
  readonly terms: SumTerms;
  readonly #ckks: Ckks<0>;
  readonly #clients = new Set<string>();
  #sum: EncryptedVector<0> | undefined;
  /** Of all clients: the sum states as many times the worst, whatever the order in which they came. */
  #worst: Precision = { magnitude: 0, deviation: 0 };

  /** @throws OPTION_OUT_OF_RANGE, PRIVACY_CKKS_OVERFLOW where so many clients could wrap around */
  constructor(ckks: Ckks<0>, terms: SumTerms) {
    checkInteger('clients of a sum', terms.maxClients, 1, 10 ** 6);
    checkNumber('bound of a sum', terms.bound, Number.MIN_VALUE, 1e30);
    checkInteger('length of a sum', terms.length, 1);
    checkMagnitude(ckks.core, 0, { magnitude: terms.maxClients * terms.bound, deviation: 0 });
    this.#ckks = ckks;
    this.terms = terms;
  }

  get clients(): number {
    return this.#clients.size;
  }

  /** @param client as the channel or a signature has authenticated it: each counts once */
  add(client: string, wire: Uint8Array): Result<void, SumRefusal> {
    if (this.#clients.has(client)) return refuse('already-counted', client);
    if (this.#clients.size >= this.terms.maxClients) return refuse('sum-full', `${this.#clients.size} clients`);
    const { keyId, length, bound } = this.terms;
    const read = this.#ckks.read(wire, { keyId, length, level: 0, maxMagnitude: bound });
    if (!read.ok) return read;
    const { magnitude, deviation } = read.value.precision;
    const sum = this.#added(read.value);
    if (sum === undefined) return refuse('cancels-sum', client);
    this.#sum = sum;
    this.#worst = {
      magnitude: Math.max(this.#worst.magnitude, magnitude),
      deviation: Math.max(this.#worst.deviation, deviation),
    };
    this.#clients.add(client);
    return accept(undefined);
  }

  /**
   * Takes the vector over. @returns undefined, the sum unharmed, where the result would be one that anybody can read:
   * somebody sent the negative of what is in the sum.
   */
  #added(vector: EncryptedVector<0>): EncryptedVector<0> | undefined {
    if (this.#sum === undefined) return vector;
    using own = vector;
    try {
      return accumulate(this.#sum, own);
    } catch (error) {
      if (isMurmurError(error, 'PRIVACY_CKKS_TRANSPARENT')) return undefined;
      throw error;
    }
  }

  /** For the key holder; undefined before the first client. The same bytes for the same vectors in any order. */
  toBytes(): Uint8Array | undefined {
    const { magnitude, deviation } = this.#worst;
    const stated = { magnitude: this.clients * magnitude, deviation: this.clients * deviation };
    return this.#sum && vectorBytes(this.#sum, stated);
  }

  [Symbol.dispose](): void {
    this.#sum?.[Symbol.dispose]();
    this.#sum = undefined;
  }
}

/** What the key holder expects of the aggregator's bytes: at most what so many clients add up to. */
export function expectedSum(ckks: Ckks<0>, terms: SumTerms): VectorExpectation<0> {
  const { keyId, length, bound, maxClients } = terms;
  const { model, levels } = ckks.core;
  const scale = levels[0]?.scale as number;
  const { deviation } = model.encoded(bound, scale);
  const fresh = errorBound({ magnitude: bound, deviation: deviation + model.encryption('public', scale) });
  const slack = 1 + 1e-9;
  return { keyId, length, level: 0, maxMagnitude: maxClients * bound * slack, maxError: maxClients * fresh * slack };
}
