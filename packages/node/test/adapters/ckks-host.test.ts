import { isMurmurError, memoryStore, seededRandom } from '@murmuration/core';
import { type BudgetLedger, createBudgetLedger, type SumTerms } from '@murmuration/privacy';
import { expect, test } from 'vitest';
import { openCkksWorker } from '../../src/adapters/ckks-host.ts';

const ACCOUNT = { owner: 'swarm', dataset: 'updates' };
const LENGTH = 5000;

async function openLedger(): Promise<BudgetLedger> {
  const ledger = createBudgetLedger({ store: memoryStore(), clock: { nowMs: () => 0 } });
  await ledger.open(ACCOUNT, { epsilon: 1.5, delta: 1e-6, adjacency: 'add-or-remove-one' });
  return ledger;
}

function numbers(seed: string): Float64Array {
  const random = seededRandom(seed);
  return Float64Array.from({ length: LENGTH }, () => 2 * random.unit() - 1);
}

async function codeOf(run: Promise<unknown>): Promise<string> {
  try {
    await run;
  } catch (error) {
    return isMurmurError(error) ? error.code : String(error);
  }
  return 'none';
}

test('a key holder and an aggregator on threads of their own: the sum comes out noisy, debited by the ledger here', async () => {
  const ledger = await openLedger();
  await using holder = openCkksWorker(ledger);
  await using aggregator = openCkksWorker(undefined);
  const { keyId, publicKey, evaluationKeys } = await holder.createKeys();
  expect(evaluationKeys).toBeNull();
  const terms: SumTerms = { keyId, length: LENGTH, bound: 1, maxClients: 3 };
  const vectors: [string, Uint8Array][] = [];
  for (const name of ['a', 'b']) vectors.push([name, await aggregator.encrypt(numbers(name), 1, publicKey)]);
  vectors.push(['a', vectors[0]?.[1] as Uint8Array], ['c', new Uint8Array(10)]);
  const { wire, refused } = await aggregator.sum(terms, vectors);
  expect(refused).toEqual([
    { client: 'a', reason: 'already-counted' },
    { client: 'c', reason: 'malformed' },
  ]);
  const request = { account: ACCOUNT, purpose: 'a sum', terms, wire: wire as Uint8Array, sensitivity: 1 };
  const released = await holder.release({ ...request, noiseMultiplier: 4, resolution: 1 / 64 });
  const [a, b] = [numbers('a'), numbers('b')];
  const noise = released.values.map((value, i) => value - (a[i] as number) - (b[i] as number));
  const deviation = Math.sqrt(noise.reduce((sum, v) => sum + v * v, 0) / LENGTH);
  expect(deviation / released.sigma).toBeGreaterThan(0.9);
  expect(deviation / released.sigma).toBeLessThan(1.1);
  expect((await ledger.status(ACCOUNT)).debits).toBe(1);
  expect(await codeOf(holder.release({ ...request, noiseMultiplier: 4, resolution: 1 / 64 }))).toBe(
    'PRIVACY_BUDGET_EXHAUSTED',
  );
  expect(await codeOf(aggregator.release({ ...request, noiseMultiplier: 4 }))).toBe('PRIVACY_CKKS_WORKER');
  expect(await codeOf(holder.encrypt(Float64Array.of(2), 1))).toBe('PRIVACY_CKKS_BOUND');
}, 120_000);

test('a worker that is closed, full or without a key says so, and never leaves a call without an answer', async () => {
  const worker = openCkksWorker(undefined, { maxQueued: 2 });
  const calls = [1, 2, 3].map(() => codeOf(worker.encrypt(Float64Array.of(0.5), 1)));
  expect(await calls[2]).toBe('PRIVACY_CKKS_WORKER');
  expect(await calls[0]).toBe('PRIVACY_CKKS_WORKER');
  await calls[1];
  const underWay = codeOf(worker.createKeys());
  await worker[Symbol.asyncDispose]();
  expect(await underWay).toBe('PRIVACY_CKKS_WORKER');
  expect(await codeOf(worker.createKeys())).toBe('PRIVACY_CKKS_WORKER');
}, 120_000);

test('a worker whose heap has no room says so for each call, and takes no options out of range', async () => {
  await using worker = openCkksWorker(undefined, { maxHeapBytes: 10_000 });
  const { keyId } = await worker.createKeys();
  const wire = await worker.encrypt(Float64Array.of(0.5), 1);
  const terms: SumTerms = { keyId, length: 1, bound: 1, maxClients: 2 };
  for (let turn = 0; turn < 2; turn++) {
    expect(await codeOf(worker.sum(terms, [['a', wire]]))).toBe('PRIVACY_CKKS_MEMORY');
  }
  for (const bad of [{ maxHeapBytes: 2 ** 32 }, { maxQueued: 0 }, { maxSilentMs: Number.NaN }]) {
    expect(await codeOf((async () => openCkksWorker(undefined, bad))())).toBe('OPTION_OUT_OF_RANGE');
  }
}, 120_000);
