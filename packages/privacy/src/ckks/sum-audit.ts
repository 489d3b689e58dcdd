import {
  accept,
  bytes,
  encode,
  equalBytes,
  finite,
  fromHex,
  integer,
  oneOf,
  type Result,
  refuse,
  struct,
  text,
} from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import type { Ckks } from './ckks.ts';
import { EncryptedSum, type SumRefusal, type SumTerms } from './encrypted-sum.ts';

const SUITE = 'ckks-sum-contribution-1';
const statementSchema = struct({
  suite: oneOf(SUITE),
  keyId: bytes(32),
  length: integer(1),
  bound: finite,
  maxClients: integer(1),
  client: text(256),
});

/**
 * What a client signs beside what it sends: SHA3-256 of the terms, its name and the bytes. It tells nothing of them, so
 * that signed digests can be published.
 * @param client at most 256 characters
 */
export function contributionDigest(terms: SumTerms, client: string, wire: Uint8Array): Uint8Array {
  const { keyId, length, bound, maxClients } = terms;
  const id = fromHex(keyId) ?? new Uint8Array(32);
  const statement = { suite: SUITE, keyId: id, length, bound, maxClients, client } as const;
  return sha3_256(encode(statementSchema, statement), wire);
}

/** Why a sum is not that of the clients: a vector that does not fit its terms, or one of these. */
export type SumFault = SumRefusal | 'unsigned' | 'not-what-was-signed' | 'missing' | 'another-sum';

/**
 * Adds up once more what clients signed, and compares the bytes: addition of ciphertexts is exact and its order does
 * not show in the sum, so an aggregator that left out, added, exchanged or weighed anything is found. For an auditor who, like the
 * aggregator, holds no key and does not work with who does: **never give the key holder the vectors**, it reads them.
 *
 * @param signed digests of all clients of the sum, as their signatures have authenticated them
 * @param vectors what the aggregator says that it added, in its order
 * @param sum the bytes that the key holder is to release
 */
export function verifyEncryptedSum(
  ckks: Ckks<0>,
  terms: SumTerms,
  signed: ReadonlyMap<string, Uint8Array>,
  vectors: Iterable<readonly [client: string, wire: Uint8Array]>,
  sum: Uint8Array,
): Result<void, SumFault> {
  using replayed = new EncryptedSum(ckks, terms);
  const missing = new Set(signed.keys());
  for (const [client, wire] of vectors) {
    const digest = signed.get(client);
    if (digest === undefined) return refuse('unsigned', client);
    if (!equalBytes(contributionDigest(terms, client, wire), digest)) return refuse('not-what-was-signed', client);
    const added = replayed.add(client, wire);
    if (!added.ok) return refuse(added.reason, `${client}: ${added.detail ?? ''}`);
    missing.delete(client);
  }
  const [left] = missing;
  if (left !== undefined) return refuse('missing', left);
  const wanted = replayed.toBytes();
  if (wanted === undefined || !equalBytes(wanted, sum)) return refuse('another-sum');
  return accept(undefined);
}
