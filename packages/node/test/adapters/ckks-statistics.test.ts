import { isMurmurError, memoryStore, seededRandom } from '@murmuration/core';
import {
  type BudgetLedger,
  createBudgetLedger,
  loadCkks,
  sensitivityOf,
  totalRotations,
  type VectorExpectation,
} from '@murmuration/privacy';
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from 'vitest';
import { type CkksStatisticsWorker, openCkksStatisticsWorker } from '../../src/adapters/ckks-host.ts';
import type { SentVector } from '../../src/adapters/ckks-protocol.ts';

const ACCOUNT = { owner: 'clinic', dataset: 'patients' };
const LENGTH = 5000;
const RELATION = 'replace-one';
const ages = numbers('ages');
const pressures = numbers('pressures');

let holder: CkksStatisticsWorker<2>;
let stranger: CkksStatisticsWorker<2>;
let ledger: BudgetLedger;
let expected: VectorExpectation<2>;
let age: SentVector<2>;
let pressure: SentVector<2>;

function numbers(seed: string): Float64Array {
  const random = seededRandom(seed);
  return Float64Array.from({ length: LENGTH }, () => 2 * random.unit() - 1);
}

async function codeOf(run: Promise<unknown>): Promise<string> {
  try {
    await run;
  } catch (error) {
    return isMurmurError(error) ? `${error.code} ${error.facts.reason ?? ''}`.trim() : String(error);
  }
  return 'none';
}

beforeAll(async () => {
  ledger = createBudgetLedger({ store: memoryStore(), clock: { nowMs: () => 0 } });
  await ledger.open(ACCOUNT, { epsilon: 100, delta: 1e-6, adjacency: RELATION });
  holder = openCkksStatisticsWorker('statistics', ledger);
  stranger = openCkksStatisticsWorker('statistics', undefined);
  const keys = await holder.createKeys({ relinearise: true, rotations: totalRotations(4096) });
  await stranger.loadEvaluationKeys(keys.evaluationKeys as Uint8Array, keys.keyId);
  expected = { keyId: keys.keyId, length: LENGTH, level: holder.top, maxMagnitude: 1 };
  age = { wire: await holder.encrypt(ages, 1), expected };
  pressure = { wire: await stranger.encrypt(pressures, 1, keys.publicKey), expected };
}, 120_000);

afterAll(async () => {
  await holder[Symbol.asyncDispose]();
  await stranger[Symbol.asyncDispose]();
});

const release = (sent: SentVector<0 | 1 | 2>, sensitivity: number, noiseMultiplier: number) =>
  holder.release({ ...sent, account: ACCOUNT, purpose: 'a test', sensitivity, noiseMultiplier });

describe('statistics on a thread of their own, the key on another', () => {
  test('total, mean and variance of a column are the plain ones, under the noise that was paid for', async () => {
    const sum = ages.reduce((a, b) => a + b, 0);
    const mean = sum / LENGTH;
    const variance = ages.reduce((a, b) => a + (b - mean) ** 2, 0) / LENGTH;
    const meanMove = sensitivityOf({ kind: 'bounded-mean', low: -1, high: 1, size: LENGTH }, RELATION).l2;
    const varianceMove = (4 * (LENGTH - 1)) / LENGTH ** 2;
    const results = [
      { sent: await stranger.total(age), wanted: sum, move: 2, level: 2 },
      { sent: await stranger.mean(age), wanted: mean, move: meanMove, level: 1 },
      { sent: await stranger.variance(age), wanted: variance, move: varianceMove, level: 0 },
    ];
    for (const { sent, wanted, move, level } of results) {
      expect(sent.expected).toMatchObject({ level, length: 1, keyId: expected.keyId });
      const before = (await ledger.status(ACCOUNT)).spentEpsilon;
      const { values, sigma, receipt } = await release(sent, move, 4);
      expect(Math.abs((values[0] as number) - wanted)).toBeLessThan(8 * sigma);
      expect(sigma / move).toBeGreaterThan(4);
      expect(sigma / move).toBeLessThan(4.5);
      expect(receipt.spentEpsilon).toBeGreaterThan(before);
    }
  }, 120_000);

  test('a linear model scores each record, and its levels are those of the types', async () => {
    const scores = await stranger.linear([age, pressure], { weights: Float64Array.of(0.3, -0.5), intercept: 0.1 });
    expectTypeOf(scores).toEqualTypeOf<SentVector<1>>();
    const { values, sigma } = await release(scores, 1e-3, 10);
    expect(values.length).toBe(LENGTH);
    const errors = values.map((v, i) => v - 0.3 * (ages[i] as number) + 0.5 * (pressures[i] as number) - 0.1);
    const deviation = Math.sqrt(errors.reduce((sum, v) => sum + v * v, 0) / LENGTH);
    expect(deviation / sigma).toBeGreaterThan(0.9);
    expect(deviation / sigma).toBeLessThan(1.1);
    type Logistic = CkksStatisticsWorker<2>['logistic'];
    expectTypeOf<SentVector<2>>().not.toExtend<Parameters<Logistic>[0][number]>();
    expectTypeOf<SentVector<1>>().not.toExtend<Parameters<CkksStatisticsWorker<2>['variance']>[0]>();
  }, 120_000);

  test('a logistic model, four levels deep, gives probabilities', async () => {
    const account = { owner: 'clinic', dataset: 'risks' };
    await ledger.open(account, { epsilon: 1e4, delta: 1e-6, adjacency: RELATION });
    await using deep = openCkksStatisticsWorker('deep', ledger);
    const keys = await deep.createKeys({ relinearise: true });
    await deep.loadEvaluationKeys(keys.evaluationKeys as Uint8Array, keys.keyId);
    const wire = await deep.encrypt(Float64Array.of(-1, 0, 1), 1);
    const column = { wire, expected: { keyId: keys.keyId, length: 3, level: deep.top, maxMagnitude: 1 } };
    const risk = await deep.logistic([column], { weights: [4], intercept: 1 });
    expectTypeOf(risk).toEqualTypeOf<SentVector<2>>();
    const request = { ...risk, account, purpose: 'risks', sensitivity: 1e-3, noiseMultiplier: 4 };
    const bold = { ...request, maxKeyLeakage: 1, maxTotalKeyLeakage: 1 };
    const { values } = await deep.release(bold);
    for (const [i, score] of [-3, 1, 5].entries()) {
      expect(Math.abs((values[i] as number) - 1 / (1 + Math.exp(-score)))).toBeLessThan(0.019 + 0.04);
    }
    expect(await codeOf(deep.logistic([column], { weights: [9], intercept: 0 }))).toBe('PRIVACY_CKKS_BOUND');
  }, 120_000);

  test('what goes wrong in the thread arrives as the error that it was there, and the next call is answered', async () => {
    const level0 = await stranger.variance(age);
    const claimed = { wire: level0.wire, expected: { ...level0.expected, level: 1 } } as const;
    const other = { ...expected, keyId: '00'.repeat(32) };
    const low: { wire: Uint8Array; expected: VectorExpectation<0 | 2> } = level0;
    expect(await codeOf(stranger.mean(low as SentVector<2>))).toBe('PRIVACY_CKKS_LEVEL');
    expect(await codeOf(stranger.mean(claimed))).toBe('PRIVACY_CKKS_WORKER wrong-level');
    expect(await codeOf(stranger.mean({ wire: age.wire, expected: other }))).toBe('PRIVACY_CKKS_WORKER wrong-key');
    expect(await codeOf(stranger.mean({ wire: age.wire.slice(0, 999), expected }))).toBe(
      'PRIVACY_CKKS_WORKER malformed',
    );
    expect(await codeOf(stranger.linear([age], { weights: [1, 2], intercept: 0 }))).toBe('PRIVACY_WRONG_LENGTH');
    expect(await codeOf(stranger.linear([age], { weights: [Number.NaN], intercept: 0 }))).toBe('PRIVACY_NOT_FINITE');
    expect(await codeOf(holder.mean(age))).toBe('PRIVACY_CKKS_WORKER no-evaluation-keys');
    expect(await codeOf(release(await stranger.mean(age), 1e-12, 1))).toBe('PRIVACY_CKKS_LEAK');
    const keys = new Uint8Array(100);
    expect(await codeOf(stranger.loadEvaluationKeys(keys, expected.keyId))).toBe('PRIVACY_CKKS_WORKER malformed');
    expect((await stranger.mean(age)).expected.level).toBe(1);
    const poor = { ...(await stranger.mean(age)), account: ACCOUNT, purpose: 'too much', sensitivity: 1 };
    expect(await codeOf(holder.release({ ...poor, noiseMultiplier: 0.02 }))).toBe('PRIVACY_BUDGET_EXHAUSTED');
  }, 120_000);

  test('a stored secret key is moved into the thread and wiped; what was encrypted before is released with it', async () => {
    using ckks = (await loadCkks()).open('statistics');
    using pair = ckks.createKeyPair();
    const stored = ckks.keyBytes(pair.secretKey);
    const damaged = stored.with(-5, (stored.at(-5) as number) ^ 1);
    const own = ckks.encryptToBytes(pair.publicKey, ages, { bound: 1 });
    await using worker = openCkksStatisticsWorker('statistics', ledger);
    expect(await codeOf(worker.loadSecretKey(damaged))).toBe('PRIVACY_CKKS_WORKER not-a-key');
    expect(await worker.loadSecretKey(stored)).toBe(pair.publicKey.keyId);
    expect(stored.every((byte) => byte === 0)).toBe(true);
    const mine = { wire: own, expected: { ...expected, keyId: pair.publicKey.keyId } };
    const request = { ...mine, account: ACCOUNT, purpose: 'old data', sensitivity: 0.1, noiseMultiplier: 10 };
    const { values, sigma } = await worker.release(request);
    const worst = values.reduce((most, v, i) => Math.max(most, Math.abs(v - (ages[i] as number))), 0);
    expect(worst).toBeLessThan(8 * sigma);
    expect(await codeOf(holder.release(request))).toBe('PRIVACY_CKKS_FOREIGN');
  }, 120_000);

  test('new keys wait for the release under way: what was debited is released', async () => {
    const slow: BudgetLedger = {
      ...ledger,
      status: (account) => ledger.status(account),
      release: async (account, charge, run) => {
        const released = await ledger.release(account, charge, run);
        for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
        return released;
      },
    };
    await using worker = openCkksStatisticsWorker('statistics', slow);
    const { keyId } = await worker.createKeys();
    const sent = { wire: await worker.encrypt(ages, 1), expected: { ...expected, keyId } };
    const releasing = worker.release({
      ...sent,
      account: ACCOUNT,
      purpose: 'raced',
      sensitivity: 1,
      noiseMultiplier: 9,
    });
    const fresh = worker.createKeys();
    expect((await releasing).values.length).toBe(LENGTH);
    expect((await fresh).keyId).not.toBe(keyId);
  }, 120_000);
});
