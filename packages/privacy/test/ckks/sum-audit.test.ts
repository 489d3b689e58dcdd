import { beforeAll, describe, expect, test } from 'vitest';
import {
  type Ckks,
  type CkksKeyPair,
  contributionDigest,
  EncryptedSum,
  expectedSum,
  revealToKeyHolder,
  type SumTerms,
  verifyEncryptedSum,
} from '../../src/index.ts';
import { accepted, maxError, numbers, sharedEngine } from './world.ts';

const LENGTH = 5000;
const CLIENTS = ['a', 'b', 'c'];
let ckks: Ckks<0>;
let keys: CkksKeyPair;
let terms: SumTerms;
let vectors: Map<string, Uint8Array>;
let signed: Map<string, Uint8Array>;

const vectorOf = (seed: string) => ckks.encryptToBytes(keys.publicKey, numbers(seed, LENGTH), { bound: 1 });

beforeAll(async () => {
  ckks = (await sharedEngine()).open('sum');
  keys = ckks.createKeyPair();
  terms = { keyId: keys.publicKey.keyId, length: LENGTH, bound: 1, maxClients: 5 };
  vectors = new Map(CLIENTS.map((client) => [client, vectorOf(client)]));
  // One that the key's holder encrypted itself: its random half is a seed, its error another.
  vectors.set('d', ckks.encryptToBytes(keys.secretKey, numbers('d', LENGTH), { bound: 1 }));
  signed = new Map([...vectors].map(([client, wire]) => [client, contributionDigest(terms, client, wire)]));
});

function sumOf(given: Iterable<readonly [string, Uint8Array]>): Uint8Array {
  using sum = new EncryptedSum(ckks, terms);
  for (const [client, wire] of given) accepted(sum.add(client, wire));
  return sum.toBytes() as Uint8Array;
}

/** What the auditor says of a sum. */
function verdict(sum: Uint8Array, said: Iterable<readonly [string, Uint8Array]> = vectors): string {
  const verified = verifyEncryptedSum(ckks, terms, signed, said, sum);
  return verified.ok ? 'honest' : verified.reason;
}

describe('an auditor without a key who adds up once more', () => {
  test('finds the sum of an honest aggregator to the byte, in whatever order either of them added', () => {
    const sum = sumOf(vectors);
    const backwards = [...vectors].reverse();
    expect(verdict(sum)).toBe('honest');
    expect(verdict(sumOf(backwards), vectors)).toBe('honest');
    using total = accepted(ckks.read(sum, expectedSum(ckks, terms)));
    const plain = [...vectors.keys()].map((client) => numbers(client, LENGTH));
    const wanted = Float64Array.from({ length: LENGTH }, (_, i) => plain.reduce((all, x) => all + (x[i] as number), 0));
    expect(maxError(revealToKeyHolder(total, keys.secretKey), wanted)).toBeLessThan(total.errorBound);
  });

  test('finds every lie of an aggregator: one that weighs, leaves out, adds, exchanges or changes', () => {
    const honest = sumOf(vectors);
    const read = (wire: Uint8Array) =>
      accepted(ckks.read(wire, { ...expectedSum(ckks, terms), maxMagnitude: 5, maxError: 1 }));
    using total = read(honest);
    using one = read(vectors.get('a') as Uint8Array);
    using twice = ckks.add(total, one);
    using less = ckks.subtract(total, one);
    expect(verdict(ckks.toBytes(twice))).toBe('another-sum');
    expect(verdict(ckks.toBytes(less))).toBe('another-sum');
    const without = [...vectors].slice(1);
    expect(verdict(sumOf(without))).toBe('another-sum');
    expect(verdict(sumOf(without), without)).toBe('missing');
    const own = [...vectors, ['e', vectorOf('e')] as const];
    expect(verdict(sumOf(own), own)).toBe('unsigned');
    const exchanged = new Map(vectors).set('a', vectorOf('other'));
    expect(verdict(sumOf(exchanged), exchanged)).toBe('not-what-was-signed');
    const swapped = new Map(vectors).set('a', vectors.get('b') as Uint8Array).set('b', vectors.get('a') as Uint8Array);
    expect(verdict(sumOf(swapped), swapped)).toBe('not-what-was-signed');
    expect(verdict(honest, [...vectors, ...vectors])).toBe('already-counted');
    for (const at of [0, 60, honest.length >> 1, honest.length - 1]) {
      expect(verdict(honest.with(at, (honest[at] as number) ^ 1))).toBe('another-sum');
    }
  });

  test('a digest belongs to one client, one vector and one set of terms', () => {
    const wire = vectors.get('a') as Uint8Array;
    const digests = [
      contributionDigest(terms, 'a', wire),
      contributionDigest(terms, 'b', wire),
      contributionDigest({ ...terms, bound: 2 }, 'a', wire),
      contributionDigest({ ...terms, maxClients: 6 }, 'a', wire),
      contributionDigest({ ...terms, length: LENGTH - 1 }, 'a', wire),
      contributionDigest({ ...terms, keyId: '00'.repeat(32) }, 'a', wire),
      contributionDigest(terms, 'a', wire.with(-1, (wire.at(-1) as number) ^ 1)),
    ].map((digest) => digest.join());
    expect(new Set(digests).size).toBe(digests.length);
  });

  test('a vector that its client signed but that breaks the terms is the fault that the auditor names', () => {
    const large = ckks.encryptToBytes(keys.publicKey, numbers('e', LENGTH, 2), { bound: 2 });
    const all = new Map(vectors).set('e', large);
    const own = new Map(signed).set('e', contributionDigest(terms, 'e', large));
    expect(verifyEncryptedSum(ckks, terms, own, all, sumOf(vectors))).toMatchObject({ reason: 'wrong-precision' });
  });
});
