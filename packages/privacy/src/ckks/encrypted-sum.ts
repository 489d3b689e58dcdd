import { accept, checkInteger, checkNumber, type Result, refuse } from '@murmuration/core';
import { accumulate } from './arithmetic.ts';
import type { Ckks } from './ckks.ts';
import { errorBound } from './precision.ts';
import { checkMagnitude, type EncryptedVector } from './vector.ts';
import type { VectorExpectation, VectorRefusal } from './wire.ts';

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

export type SumRefusal = VectorRefusal | 'already-counted' | 'sum-full';

/**
 * The aggregator's part: it adds what it cannot read, and holds no key. One running sum, whatever the number of
 * clients. Who colludes with the key holder reads every vector.
 */
export class EncryptedSum implements Disposable {
  readonly terms: SumTerms;
  readonly #ckks: Ckks<0>;
  readonly #clients = new Set<string>();
  #sum: EncryptedVector<0> | undefined;

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
    if (this.#sum === undefined) this.#sum = read.value;
    else {
      using vector = read.value;
      this.#sum = accumulate(this.#sum, vector);
    }
    this.#clients.add(client);
    return accept(undefined);
  }

  /** For the key holder; undefined before the first client. */
  toBytes(): Uint8Array | undefined {
    return this.#sum && this.#ckks.toBytes(this.#sum);
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
