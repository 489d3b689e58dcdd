import { Worker } from 'node:worker_threads';
import { isMurmurError, utf8 } from '@murmuration/core';
import { createSigner, ed25519Verify, sha3_256 } from '@murmuration/crypto';
import { describe, expect, test } from 'vitest';
import { createAheadVerifier } from '../../src/adapters/verifier-ahead.ts';
import { packChecks, type SignatureCheck, verdictsOf, verifyPacked } from '../../src/adapters/verifier-batch.ts';
import { openVerifierPool, type VerifierPool } from '../../src/adapters/verifier-pool.ts';
import { startVerifierThread } from '../../src/adapters/verifier-seat.ts';

const DOMAIN = 'murmur/test/1';
const signer = createSigner(sha3_256(utf8('signer')));

function signed(i: number): SignatureCheck {
  const message = utf8(`message ${i}`);
  return { domain: DOMAIN, message, signature: signer.sign(DOMAIN, message), publicKey: signer.publicKey };
}

/** Good ones among every kind of bad one. */
function mixed(): SignatureCheck[] {
  const good = signed(0);
  const flipped = good.signature.map((byte, i) => (i === 40 ? byte ^ 1 : byte));
  const identity = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 1 : 0));
  // R = identity, S = 0 verifies any message under a key of small order, where that is not refused.
  const universal = Uint8Array.from({ length: 64 }, (_, i) => (i === 0 ? 1 : 0));
  const bad = [
    { ...good, signature: flipped },
    { ...good, domain: 'murmur/test/2' },
    { ...good, message: utf8('another message') },
    { ...good, publicKey: createSigner(sha3_256(utf8('another'))).publicKey },
    { ...good, publicKey: identity, signature: universal },
    { ...good, publicKey: new Uint8Array(0) },
    { ...good, signature: new Uint8Array(0) },
    { ...good, signature: new Uint8Array(65) },
    { ...good, message: new Uint8Array(0) },
  ];
  return bad.flatMap((check, i) => [signed(i), check, signed(100 + i)]);
}

const inline = ({ domain, message, signature, publicKey }: SignatureCheck) =>
  ed25519Verify(domain, message, signature, publicKey);

/** A thread that dies of its first batch. */
const startDying = () =>
  new Worker("require('worker_threads').parentPort.once('message', () => process.exit(1))", { eval: true });

describe('a verifier pool', () => {
  test.each([0, 1, 3])('gives with %i threads the verdicts of the verifier itself, in their order', async (workers) => {
    await using pool = openVerifierPool({ workers, maxBatch: 2 });
    const checks = mixed();
    const [first, second] = await Promise.all([pool.verify(checks), pool.verify(checks.toReversed())]);
    expect(first).toEqual({ ok: true, value: checks.map(inline) });
    expect(second).toEqual({ ok: true, value: checks.toReversed().map(inline) });
    expect(checks.map(inline).filter(Boolean)).toHaveLength(18);
    expect(pool.queued).toBe(0);
  });

  test('refuses whole what exceeds its queue, and answers what it took', async () => {
    await using pool = openVerifierPool({ workers: 1, maxQueued: 4 });
    const taken = pool.verify([signed(1), signed(2), signed(3)]);
    expect(await pool.verify([signed(4), signed(5)])).toMatchObject({ ok: false, reason: 'verifier-queue-full' });
    expect(await taken).toEqual({ ok: true, value: [true, true, true] });
    expect(await pool.verify([signed(4), signed(5)])).toEqual({ ok: true, value: [true, true] });
  });

  test('has the work of a thread that died done by its successor', async () => {
    let threads = 0;
    await using pool = openVerifierPool({ workers: 1, maxBatch: 4 }, () =>
      ++threads === 1 ? startDying() : startVerifierThread(),
    );
    const checks = mixed();
    expect(await pool.verify(checks)).toEqual({ ok: true, value: checks.map(inline) });
    expect(threads).toBe(2);
  });

  test('checks on the calling thread what threads die of', async () => {
    await using pool = openVerifierPool({ workers: 2, maxBatch: 4 }, startDying);
    const checks = mixed();
    expect(await pool.verify(checks)).toEqual({ ok: true, value: checks.map(inline) });
    expect(pool.queued).toBe(0);
  });

  test('answers what is under way when it closes, and nothing after', async () => {
    const pool = openVerifierPool({ workers: 1, maxBatch: 1 });
    const left = pool.verify(Array.from({ length: 20 }, (_, i) => signed(i)));
    await pool[Symbol.asyncDispose]();
    expect(await left).toEqual({ ok: false, reason: 'verifier-closed' });
    expect(await pool.verify([signed(1)])).toEqual({ ok: false, reason: 'verifier-closed' });
    await pool[Symbol.asyncDispose]();
  });

  test('tells the caller of a bad domain, and no thread dies of it', async () => {
    let threads = 0;
    await using pool = openVerifierPool({ workers: 1 }, () => {
      threads += 1;
      return startVerifierThread();
    });
    await expect(pool.verify([signed(1), { ...signed(2), domain: '' }])).rejects.toSatisfy(
      (error) => isMurmurError(error) && error.code === 'CRYPTO_BAD_DOMAIN',
    );
    expect(await pool.verify([signed(1)])).toEqual({ ok: true, value: [true] });
    expect(threads).toBe(1);
  });

  test('knows no more threads than it is told, and no odd options', () => {
    expect(openVerifierPool({ workers: 0 }).workers).toBe(0);
    expect(openVerifierPool().workers).toBeGreaterThan(0);
    expect(() => openVerifierPool({ workers: -1 })).toThrow(/verifier.workers/);
    expect(() => openVerifierPool({ maxBatch: 0 })).toThrow(/verifier.maxBatch/);
  });
});

describe('a batch of checks', () => {
  test('comes back from shared memory as it went in, empty parts included', () => {
    const checks = mixed();
    const shared = packChecks(checks);
    verifyPacked(shared);
    expect(verdictsOf(shared)).toEqual(checks.map(inline));
    expect(verdictsOf(packChecks([]))).toEqual([]);
  });
});

describe('a verifier that is told beforehand', () => {
  const ask = (ahead: { verify: typeof ed25519Verify }, { domain, message, signature, publicKey }: SignatureCheck) =>
    ahead.verify(domain, message, signature, publicKey);
  /** What a tick has gathered is with the pool after it. */
  const tick = () => new Promise((resolve) => setImmediate(resolve));
  const idle = async (pool: VerifierPool) => {
    await tick();
    await expect.poll(() => pool.queued, { timeout: 20_000 }).toBe(0);
  };

  test('answers from memory what the pool has checked, and on the spot what it has not, with one verdict', async () => {
    await using pool = openVerifierPool({ workers: 1, maxQueued: 64 });
    const ahead = createAheadVerifier(pool);
    const checks = mixed();
    ahead.ahead(checks.slice(0, 12));
    expect(checks.slice(0, 12).map((check) => ask(ahead, check))).toEqual(checks.slice(0, 12).map(inline));
    expect(ahead.hits).toBe(0);
    ahead.ahead(checks);
    await idle(pool);
    expect(checks.map((check) => ask(ahead, check))).toEqual(checks.map(inline));
    // Those of a wrong length need no verifier, and one stands there three times.
    expect(ahead.hits).toBeGreaterThan(15);
    const { hits } = ahead;
    expect(ask(ahead, checks[0] as SignatureCheck)).toBe(true);
    expect(ahead.hits).toBe(hits);
  });

  test('never takes the verdict of one check for another that differs in any part', async () => {
    await using pool = openVerifierPool({ workers: 0 });
    const ahead = createAheadVerifier(pool);
    const [good, ...others] = [signed(0), ...mixed()];
    for (const other of others) {
      ahead.ahead([good as SignatureCheck]);
      await idle(pool);
      expect(ask(ahead, other)).toBe(inline(other));
    }
  });

  test('remembers no more than it is told', async () => {
    await using pool = openVerifierPool({ workers: 1 });
    const ahead = createAheadVerifier(pool, 4);
    const checks = Array.from({ length: 8 }, (_, i) => signed(i));
    ahead.ahead(checks);
    await idle(pool);
    expect(checks.map((check) => ask(ahead, check))).not.toContain(false);
    expect(ahead.hits).toBe(4);
  });

  test('checks on the spot what a full pool dropped', async () => {
    await using pool = openVerifierPool({ workers: 1, maxQueued: 10 });
    const ahead = createAheadVerifier(pool);
    const checks = Array.from({ length: 11 }, (_, i) => signed(i));
    ahead.ahead(checks);
    await idle(pool);
    expect(checks.map((check) => ask(ahead, check))).not.toContain(false);
    expect(ahead.hits).toBe(0);
    ahead.ahead(checks.slice(1));
    await idle(pool);
    for (const check of checks) ask(ahead, check);
    expect(ahead.hits).toBe(10);
  });
});
