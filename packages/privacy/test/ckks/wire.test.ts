import { seededRandom } from '@murmuration/core';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Ckks, type CkksKeyPair, revealToKeyHolder, type VectorExpectation } from '../../src/index.ts';
import { codeOf } from '../dp/world.ts';
import { accepted, maxError, numbers, sharedEngine } from './world.ts';

let ckks: Ckks<2>;
let keys: CkksKeyPair;
const LENGTH = 5000;
const x = numbers('x', LENGTH);
const expected = (): VectorExpectation<2> => ({
  keyId: keys.publicKey.keyId,
  length: LENGTH,
  level: 2,
  maxMagnitude: 1,
});

beforeAll(async () => {
  ckks = (await sharedEngine()).open('statistics');
  keys = ckks.createKeyPair();
});

function reasonOf(wire: Uint8Array, change: Partial<VectorExpectation<2>> = {}): string {
  const read = ckks.read(wire, { ...expected(), ...change });
  if (!read.ok) return read.reason;
  read.value[Symbol.dispose]();
  return 'accepted';
}

describe('vectors as bytes', () => {
  test('come back as they were, fresh or computed, whole or with a seed for the random half', () => {
    const whole = ckks.encryptToBytes(keys.publicKey, x, { bound: 1 });
    const seeded = ckks.encryptToBytes(keys.secretKey, x, { bound: 1 });
    expect(seeded.length / whole.length).toBeLessThan(0.51);
    for (const wire of [whole, seeded]) {
      using vector = accepted(ckks.read(wire, expected()));
      expect(maxError(revealToKeyHolder(vector, keys.secretKey), x)).toBeLessThan(vector.errorBound);
    }
    using fresh = accepted(ckks.read(seeded, expected()));
    using lower = ckks.lower(fresh);
    const options = { ...expected(), level: 1, maxError: lower.errorBound } as const;
    using back = accepted(ckks.read(ckks.toBytes(lower), options));
    expect(back).toMatchObject({ level: 1, length: LENGTH, precision: lower.precision });
    expect(maxError(revealToKeyHolder(back, keys.secretKey), x)).toBeLessThan(back.errorBound);
  });

  test('that are not what was agreed on are refused with the reason', async () => {
    const wire = ckks.encryptToBytes(keys.publicKey, x, { bound: 1 });
    expect(reasonOf(wire)).toBe('accepted');
    expect(reasonOf(wire, { keyId: '00'.repeat(32) })).toBe('wrong-key');
    expect(reasonOf(wire, { length: LENGTH + 1 })).toBe('wrong-length');
    expect(reasonOf(wire, { length: 10 })).toBe('too-large');
    expect(reasonOf(wire, { maxMagnitude: 0.5 })).toBe('wrong-precision');
    expect(reasonOf(wire, { maxError: 1e-12 })).toBe('wrong-precision');
    const low = ckks.read(wire, { ...expected(), level: 1 });
    expect(low).toMatchObject({ ok: false, reason: 'too-large' });
    using vector = accepted(ckks.read(wire, expected()));
    using lower = ckks.lower(vector);
    expect(reasonOf(ckks.toBytes(lower))).toBe('wrong-level');
    using sums = (await sharedEngine()).open('sum');
    using pair = sums.createKeyPair();
    const foreign = sums.encryptToBytes(pair.publicKey, x, { bound: 1 });
    expect(reasonOf(foreign, { keyId: pair.publicKey.keyId })).toBe('malformed');
  });

  test('truncated, extended, empty and random bytes are refused, every length of a short prefix too', () => {
    const wire = ckks.encryptToBytes(keys.secretKey, x, { bound: 1 });
    const random = seededRandom('cuts');
    const cuts = [
      ...Array.from({ length: 300 }, (_, i) => i),
      ...Array.from({ length: 100 }, () => random.below(wire.length)),
    ];
    // The cut behind the head leaves a whole head and no ciphertext.
    const reasons = new Map<string, number>();
    for (const cut of cuts) {
      const reason = reasonOf(wire.slice(0, cut));
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    }
    expect([...reasons]).toEqual([
      ['malformed', cuts.length - 1],
      ['wrong-length', 1],
    ]);
    expect(reasonOf(Uint8Array.of(...wire.subarray(0, 1000), 0))).toBe('malformed');
    expect(reasonOf(Uint8Array.of(...wire, 0, 0, 0, 0))).toBe('malformed');
    const noise = Uint8Array.from({ length: 4096 }, () => random.below(256));
    expect(reasonOf(noise)).toBe('malformed');
  });

  test('a header that asks for decompression, another size or another version never reaches SEAL', () => {
    const wire = ckks.encryptToBytes(keys.secretKey, x, { bound: 1 });
    const headers: number[] = [];
    for (let i = 0; i + 3 < wire.length; i++) {
      if (wire[i] === 0x5e && wire[i + 1] === 0xa1 && wire[i + 2] === 0x10 && wire[i + 3] === 4) headers.push(i);
    }
    // Two ciphertexts, each a struct with an array and a seed in it.
    expect(headers).toHaveLength(6);
    for (const at of headers) {
      for (const offset of [0, 1, 2, 3, 5, 6, 7, 8, 9, 15]) {
        const changed = wire.slice();
        changed[at + offset] = (changed[at + offset] as number) ^ 1;
        expect([at, offset, reasonOf(changed)]).toEqual([at, offset, 'not-a-ciphertext']);
      }
    }
  });

  test('any flipped byte of the head of a ciphertext is refused; flips in its random part are no matter of CKKS', () => {
    const wire = ckks.encryptToBytes(keys.publicKey, x, { bound: 1 });
    let at = 0;
    while (wire[at] !== 0x5e || wire[at + 1] !== 0xa1) at++;
    const counts = new Map<string, number>();
    for (let offset = 0; offset < 113; offset++) {
      const changed = wire.slice();
      changed[at + offset] = (changed[at + offset] as number) ^ 0xff;
      const reason = reasonOf(changed);
      counts.set(reason, (counts.get(reason) ?? 0) + 1);
    }
    expect((counts.get('not-a-ciphertext') ?? 0) + (counts.get('wrong-scale') ?? 0)).toBeGreaterThanOrEqual(104);
    // The minor version and the eight bytes of the factor that only BGV reads.
    expect(counts.get('accepted') ?? 0).toBeLessThanOrEqual(9);
  });
});

describe('bytes with errors in random places', () => {
  test('are refused or another message, never an exception, and the instance goes on', () => {
    const readers = [
      { wire: ckks.encryptToBytes(keys.secretKey, x, { bound: 1 }), read: (w: Uint8Array) => ckks.read(w, expected()) },
      { wire: ckks.keyBytes(keys.publicKey), read: (w: Uint8Array) => ckks.readPublicKey(w) },
      {
        wire: ckks.evaluationKeyBytes(keys.secretKey, { rotations: [1] }),
        read: (w: Uint8Array) => ckks.readEvaluationKeys(w, keys.publicKey.keyId),
      },
    ];
    const random = seededRandom('errors');
    let refused = 0;
    for (const { wire, read } of readers) {
      for (let i = 0; i < 120; i++) {
        const changed = wire.slice();
        for (let n = random.below(4); n >= 0; n--) {
          changed[random.below(random.below(2) === 0 ? 600 : wire.length)] = random.below(256);
        }
        const result = read(changed);
        if (result.ok) result.value[Symbol.dispose]();
        else refused++;
      }
    }
    expect(refused).toBeGreaterThan(200);
    using vector = ckks.encrypt(keys.publicKey, x, { bound: 1 });
    expect(maxError(revealToKeyHolder(vector, keys.secretKey), x)).toBeLessThan(vector.errorBound);
  });
});

describe('keys as bytes', () => {
  test('public and secret keys come back and work together', () => {
    using publicKey = accepted(ckks.readPublicKey(ckks.keyBytes(keys.publicKey)));
    using secretKey = accepted(ckks.readSecretKey(ckks.keyBytes(keys.secretKey)));
    using vector = ckks.encrypt(publicKey, x, { bound: 1 });
    expect(publicKey.keyId).toBe(keys.publicKey.keyId);
    expect(maxError(revealToKeyHolder(vector, secretKey), x)).toBeLessThan(vector.errorBound);
  });

  test('evaluation keys travel as seeds, come back, and hold exactly the rotations that were asked for', () => {
    const wire = ckks.evaluationKeyBytes(keys.secretKey, { relinearise: true, rotations: [1, -2] });
    expect(wire.length).toBeLessThan(3 * 0.9e6);
    using evaluation = accepted(ckks.readEvaluationKeys(wire, keys.publicKey.keyId));
    expect(evaluation.rotations).toEqual([1, -2]);
    using vector = ckks.encrypt(keys.publicKey, x.subarray(0, 100), { bound: 1 });
    using square = ckks.multiply(vector, vector, evaluation);
    using turned = ckks.rotate(square, -2, evaluation);
    expect(revealToKeyHolder(turned, keys.secretKey)[5]).toBeCloseTo((x[3] as number) ** 2, 5);
    expect(ckks.readEvaluationKeys(wire, '00'.repeat(32))).toMatchObject({ ok: false, reason: 'wrong-key' });
  });

  test('keys to compute with are made by the instance of their secret key, not under the name of another', async () => {
    using deep = (await sharedEngine()).open('deep');
    const codes = [
      codeOf(() => deep.evaluationKeyBytes(keys.secretKey, { relinearise: true })),
      codeOf(() => deep.createEvaluationKeys(keys.secretKey, { relinearise: true })),
    ];
    expect(codes).toEqual(['PRIVACY_CKKS_FOREIGN', 'PRIVACY_CKKS_FOREIGN']);
  });

  test('malformed, flipped and compressed keys are refused', () => {
    const evaluation = ckks.evaluationKeyBytes(keys.secretKey, { relinearise: true });
    const reads = [
      { wire: ckks.keyBytes(keys.publicKey), read: (wire: Uint8Array) => ckks.readPublicKey(wire) },
      { wire: ckks.keyBytes(keys.secretKey), read: (wire: Uint8Array) => ckks.readSecretKey(wire) },
      { wire: evaluation, read: (wire: Uint8Array) => ckks.readEvaluationKeys(wire, keys.publicKey.keyId) },
    ];
    for (const { wire, read } of reads) {
      for (const cut of [0, 1, 50, 200, wire.length - 1]) expect(read(wire.slice(0, cut)).ok).toBe(false);
      for (let i = 0; i + 3 < wire.length; i++) {
        if (wire[i] !== 0x5e || wire[i + 1] !== 0xa1 || wire[i + 2] !== 0x10 || wire[i + 3] !== 4) continue;
        const compressed = wire.slice();
        compressed[i + 5] = 2;
        expect(read(compressed)).toMatchObject({ ok: false, reason: 'not-a-key' });
      }
    }
    const secret = ckks.keyBytes(keys.secretKey);
    const random = seededRandom('flips');
    for (let i = 0; i < 400; i++) {
      // Each byte of the head, then some of the key.
      const at = i < 200 ? i : random.below(secret.length);
      const read = ckks.readSecretKey(secret.with(at, (secret[at] as number) ^ (1 << random.below(8))));
      expect([at, read.ok]).toEqual([at, false]);
    }
    const other = ckks.keyBytes(keys.publicKey);
    other[other.length - 8] = (other[other.length - 8] as number) ^ 1;
    expect(ckks.readPublicKey(other)).toMatchObject({ ok: false, reason: 'wrong-key' });
  });
});
