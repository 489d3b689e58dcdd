import {
  bytes,
  encode,
  finite,
  type Infer,
  integer,
  list,
  oneOf,
  type Schema,
  struct,
  text,
  uint,
  union,
  utf8,
} from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import type { Mechanism, PrivacyEvent } from '../event.ts';
import type { Sampling } from '../relation.ts';

const DOMAIN = utf8('murmur/privacy-budget/1');
const MAX_EVENTS = 64;
const DIGEST_BYTES = 32;

const mechanism: Schema<Mechanism> = union({
  0: ['gaussian', struct({ noiseMultiplier: finite })],
  1: ['laplace', struct({ scale: finite })],
  2: ['discrete-gaussian', struct({ sigma: finite, shares: uint, l2: finite, dimension: uint })],
  3: [
    'gaussian-mixture',
    struct({ sigma: finite, sensitivities: list(finite, MAX_EVENTS), probabilities: list(finite, MAX_EVENTS) }),
  ],
  4: ['tree', struct({ noiseMultiplier: finite, steps: uint })],
  5: ['zcdp', struct({ rho: finite })],
  6: ['pure', struct({ epsilon: finite })],
  7: ['discrete-laplace', struct({ scale: finite, sensitivity: uint })],
});

const sampling: Schema<Sampling> = union({
  0: ['none', struct({})],
  1: ['poisson', struct({ rate: finite })],
  2: ['fixed-size', struct({ size: uint, population: uint })],
});

const event: Schema<PrivacyEvent> = struct({ mechanism, sampling, count: integer(1) });

const body = union({
  /** The account's cap, its first entry. */
  0: ['open', struct({ epsilon: finite, delta: finite, adjacency: oneOf('add-or-remove-one', 'replace-one') })],
  /** What is about to be released. There is no entry that gives anything back. */
  1: ['debit', struct({ purpose: text(256), events: list(event, MAX_EVENTS) })],
});

export const entrySchema = struct({
  sequence: uint,
  /** Digest of the entry before, zeros for the first. */
  previous: bytes(DIGEST_BYTES),
  atMs: uint,
  body,
});

/** Where the chain ends: written together with the last entry, so that a missing one is noticed. */
export const headSchema = struct({ sequence: uint, digest: bytes(DIGEST_BYTES) });

export type Entry = Infer<typeof entrySchema>;

export const NO_DIGEST = new Uint8Array(DIGEST_BYTES);

export const MAX_CHARGE_EVENTS = MAX_EVENTS;

export function digestOf(entry: Uint8Array): Uint8Array {
  return sha3_256(DOMAIN, entry);
}

export function encodeEntry(entry: Entry): Uint8Array {
  return encode(entrySchema, entry);
}
