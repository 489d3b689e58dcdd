import { memoryStore } from '@murmuration/core';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  type Ckks,
  type CkksKeyPair,
  createBudgetLedger,
  EncryptedSum,
  expectedSum,
  releasePrivately,
  revealToKeyHolder,
  type SumTerms,
} from '../../src/index.ts';
import { codeOf, seededEntropy } from '../dp/world.ts';
import { accepted, maxError, numbers, sharedEngine } from './world.ts';

/** Each role has parameters of its own, and only bytes go between them. */
let holder: Ckks<0>;
let aggregator: Ckks<0>;
let keys: CkksKeyPair;
let terms: SumTerms;

const CLIENTS = 6;
const LENGTH = 5000;

beforeAll(async () => {
  const engine = await sharedEngine();
  holder = engine.open('sum');
  aggregator = engine.open('sum');
  keys = holder.createKeyPair();
  terms = { keyId: keys.publicKey.keyId, length: LENGTH, bound: 1, maxClients: CLIENTS };
});

async function vectorOf(client: string, bound = 1): Promise<Uint8Array> {
  using own = (await sharedEngine()).open('sum');
  using key = accepted(own.readPublicKey(holder.keyBytes(keys.publicKey)));
  return own.encryptToBytes(key, numbers(client, LENGTH, bound), { bound });
}

/** Behind the head, whose length comes first. */
function bodyAt(wire: Uint8Array): number {
  return 4 + new DataView(wire.buffer, wire.byteOffset).getUint32(0);
}

describe('an encrypted sum with a separate key holder', () => {
  test('is the plain sum, released under noise, by an aggregator without any key', async () => {
    using sum = new EncryptedSum(aggregator, terms);
    let plain = new Float64Array(LENGTH);
    for (let i = 0; i < CLIENTS; i++) {
      accepted(sum.add(`client ${i}`, await vectorOf(`client ${i}`)));
      const own = numbers(`client ${i}`, LENGTH);
      plain = plain.map((v, at) => v + (own[at] as number));
    }
    using total = accepted(holder.read(sum.toBytes() as Uint8Array, expectedSum(holder, terms)));
    expect(maxError(revealToKeyHolder(total, keys.secretKey), plain)).toBeLessThan(total.errorBound);
    const ledger = createBudgetLedger({ store: memoryStore(), clock: { nowMs: () => 0 } });
    const account = { owner: 'swarm', dataset: 'updates' };
    await ledger.open(account, { epsilon: 2, delta: 1e-6, adjacency: 'add-or-remove-one' });
    const released = await releasePrivately(holder.decrypt(total, keys.secretKey), {
      ...{ ledger, account, purpose: 'a sum of updates', entropy: seededEntropy('sum') },
      ...{ sensitivity: 1, noiseMultiplier: 4, resolution: 1 / 64 },
    });
    expect(maxError(released.values, plain)).toBeLessThan(8 * released.sigma);
    expect(maxError(released.values, plain)).toBeGreaterThan(released.sigma);
  });

  test('counts each client once, and refuses what does not fit without losing what it has', async () => {
    using sum = new EncryptedSum(aggregator, { ...terms, maxClients: 2 });
    expect(sum.toBytes()).toBeUndefined();
    const first = await vectorOf('a');
    accepted(sum.add('a', first));
    expect(sum.add('a', first)).toMatchObject({ ok: false, reason: 'already-counted' });
    expect(sum.add('b', await vectorOf('b', 2))).toMatchObject({ ok: false, reason: 'wrong-precision' });
    expect(sum.add('b', first.slice(0, -1))).toMatchObject({ ok: false, reason: 'malformed' });
    using strangers = holder.createKeyPair();
    const foreign = holder.encryptToBytes(strangers.publicKey, numbers('b', LENGTH), { bound: 1 });
    expect(sum.add('b', foreign)).toMatchObject({ ok: false, reason: 'wrong-key' });
    expect(sum.clients).toBe(1);
    accepted(sum.add('b', await vectorOf('b')));
    expect(sum.add('c', await vectorOf('c'))).toMatchObject({ ok: false, reason: 'sum-full' });
    using total = accepted(holder.read(sum.toBytes() as Uint8Array, expectedSum(holder, terms)));
    const second = numbers('b', LENGTH);
    const plain = numbers('a', LENGTH).map((v, i) => v + (second[i] as number));
    expect(maxError(revealToKeyHolder(total, keys.secretKey), plain)).toBeLessThan(total.errorBound);
  });

  test('two clients whose vectors cancel do not end the sum: the second is refused, and the others add up', async () => {
    const [first, other] = [await vectorOf('a'), await vectorOf('b')];
    const expected = { keyId: terms.keyId, length: LENGTH, level: 0, maxMagnitude: 1 } as const;
    using a = accepted(aggregator.read(first, expected));
    using b = accepted(aggregator.read(other, expected));
    using less = aggregator.subtract(b, a);
    using negative = aggregator.subtract(less, b);
    // With the head of an honest vector, which is its sender's word.
    const hostile = first.slice();
    const chunks = aggregator.toBytes(negative);
    const size = first.length - bodyAt(first);
    hostile.set(chunks.subarray(chunks.length - size), bodyAt(first));
    using sum = new EncryptedSum(aggregator, terms);
    accepted(sum.add('a', first));
    expect(sum.add('b', hostile)).toMatchObject({ ok: false, reason: 'cancels-sum' });
    accepted(sum.add('c', other));
    expect(sum.clients).toBe(2);
    using total = accepted(holder.read(sum.toBytes() as Uint8Array, expectedSum(holder, terms)));
    const [x, y] = [numbers('a', LENGTH), numbers('b', LENGTH)];
    const plain = x.map((v, i) => v + (y[i] as number));
    expect(maxError(revealToKeyHolder(total, keys.secretKey), plain)).toBeLessThan(total.errorBound);
  });

  test('terms under which a sum could wrap around are refused', () => {
    const most = { ...terms, maxClients: 10 ** 6 };
    expect(codeOf(() => new EncryptedSum(aggregator, most))).toBe('PRIVACY_CKKS_OVERFLOW');
  });
});
