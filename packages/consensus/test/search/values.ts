import { equalBytes } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { encodeBatch } from '../../src/index.ts';
import { NOW_MS } from '../cluster/lockstep.ts';

/** The request of the search, which every correct replica knows. */
export const REQUEST = Uint8Array.of(1);

/** A: the batch that a correct replica proposes; B: one that only the liar would. */
export const VALUES = [batchOf('A', REQUEST), batchOf('B', Uint8Array.of(2))] as const;

export type Value = (typeof VALUES)[number];

function batchOf(name: string, request: Uint8Array) {
  const payload = encodeBatch({ timeMs: NOW_MS, requests: [request] });
  return { name, payload, digest: sha3_256(payload) };
}

export function nameOfDigest(digest: Uint8Array): string {
  return VALUES.find((value) => equalBytes(value.digest, digest))?.name ?? 'something else';
}
