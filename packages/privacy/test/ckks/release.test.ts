import { memoryStore } from '@murmuration/core';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  type BudgetLedger,
  type Ckks,
  type CkksKeyPair,
  createBudgetLedger,
  type PrivateRelease,
  planRelease,
  rdpEpsilon,
  releasePrivately,
  revealToKeyHolder,
} from '../../src/index.ts';
import { codeOf, codeOfAsync, seededEntropy } from '../dp/world.ts';
import { numbers, sharedEngine } from './world.ts';

const ACCOUNT = { owner: 'clinic', dataset: 'ages' };
let ckks: Ckks<0>;
let keys: CkksKeyPair;

beforeAll(async () => {
  ckks = (await sharedEngine()).open('sum');
  keys = ckks.createKeyPair();
});

async function openLedger(epsilon = 3): Promise<BudgetLedger> {
  const ledger = createBudgetLedger({ store: memoryStore(), clock: { nowMs: () => 0 } });
  await ledger.open(ACCOUNT, { epsilon, delta: 1e-6, adjacency: 'add-or-remove-one' });
  return ledger;
}

function options(ledger: BudgetLedger, seed = 'noise'): PrivateRelease {
  const entropy = seededEntropy(seed);
  return { ledger, account: ACCOUNT, entropy, purpose: 'a sum', sensitivity: 1, noiseMultiplier: 4 };
}

describe('decrypted numbers', () => {
  test('are shown by nothing but a release', () => {
    using vector = ckks.encrypt(keys.publicKey, Float64Array.of(0.123456), { bound: 1 });
    const decrypted = ckks.decrypt(vector, keys.secretKey);
    expect(JSON.stringify(decrypted)).not.toContain('0.1234');
    const reachable = Object.entries(Object.getOwnPropertyDescriptors(Object.getPrototypeOf(decrypted)));
    expect(reachable.map(([name]) => name).sort()).toEqual(['checkUsable', 'constructor', 'errorBound']);
    expect(Object.keys(decrypted).sort()).toEqual(['length', 'precision']);
  });

  test('leave with discrete Gaussian noise of the charged deviation', async () => {
    const x = numbers('x', 4000);
    using vector = ckks.encrypt(keys.publicKey, x, { bound: 1 });
    const ledger = await openLedger();
    const released = await releasePrivately(ckks.decrypt(vector, keys.secretKey), options(ledger));
    const noise = released.values.map((value, i) => value - (x[i] as number));
    const deviation = Math.sqrt(noise.reduce((sum, v) => sum + v * v, 0) / noise.length);
    const mean = noise.reduce((sum, v) => sum + v, 0) / noise.length;
    expect(released.sigma).toBeGreaterThan(4);
    expect(released.sigma).toBeLessThan(4 * 1.02);
    expect(deviation / released.sigma).toBeGreaterThan(0.93);
    expect(deviation / released.sigma).toBeLessThan(1.07);
    expect(Math.abs(mean)).toBeLessThan((5 * released.sigma) / Math.sqrt(noise.length));
    const spent = (await ledger.status(ACCOUNT)).spentEpsilon;
    const mechanism = { kind: 'gaussian', noiseMultiplier: 4 } as const;
    const plain = { mechanism, sampling: { kind: 'none' }, count: 1 } as const;
    const { epsilon } = rdpEpsilon({ adjacency: 'add-or-remove-one', events: [plain] }, 1e-6);
    expect(spent / epsilon).toBeGreaterThan(0.999);
    expect(spent / epsilon).toBeLessThan(1.001);
  });

  test('an overdraft is refused before anything is decrypted or noise is drawn, the budget unharmed', async () => {
    using vector = ckks.encrypt(keys.publicKey, numbers('x', 10), { bound: 1 });
    const decrypted = ckks.decrypt(vector, keys.secretKey);
    const ledger = await openLedger(1.9);
    let drawn = 0;
    const entropy = seededEntropy('noise');
    const counting = {
      bytes: (length: number) => {
        drawn += 1;
        return entropy.bytes(length);
      },
    };
    const release = () => codeOfAsync(() => releasePrivately(decrypted, { ...options(ledger), entropy: counting }));
    expect(await release()).toBeUndefined();
    expect(await release()).toBeUndefined();
    const [before, drawnBefore] = [await ledger.status(ACCOUNT), drawn];
    expect(await release()).toBe('PRIVACY_BUDGET_EXHAUSTED');
    expect(await ledger.status(ACCOUNT)).toEqual(before);
    expect(drawn).toBe(drawnBefore);
    expect(drawnBefore).toBeGreaterThan(0);
  });

  test('without an account, with a disposed vector or key, or with too little noise, nothing is debited', async () => {
    const ledger = await openLedger();
    const vector = ckks.encrypt(keys.publicKey, numbers('x', 10), { bound: 1 });
    const decrypted = ckks.decrypt(vector, keys.secretKey);
    const code = (change: Partial<PrivateRelease>) =>
      codeOfAsync(() => releasePrivately(decrypted, { ...options(ledger), ...change }));
    expect(await code({ account: { owner: 'clinic', dataset: 'other' } })).toBe('PRIVACY_BUDGET_UNKNOWN');
    expect(await code({ sensitivity: 1e-12 })).toBe('PRIVACY_CKKS_LEAK');
    for (const bad of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(await code({ sensitivity: bad })).toBe('OPTION_OUT_OF_RANGE');
      expect(await code({ noiseMultiplier: bad })).toBe('OPTION_OUT_OF_RANGE');
      expect(await code({ resolution: bad })).toBe('OPTION_OUT_OF_RANGE');
    }
    vector[Symbol.dispose]();
    expect(await code({})).toBe('PRIVACY_CKKS_DISPOSED');
    expect((await ledger.status(ACCOUNT)).debits).toBe(0);
  });
});

describe('what releases tell about the key', () => {
  test('adds up over its releases, also over those that run at once, and ends them before it is too much', async () => {
    using pair = ckks.createKeyPair();
    using vector = ckks.encrypt(pair.publicKey, numbers('x', 4000), { bound: 1 });
    const decrypted = ckks.decrypt(vector, pair.secretKey);
    const ledger = await openLedger(1e4);
    const { keyLeakage } = planRelease(decrypted, options(ledger), 'add-or-remove-one');
    const most = { ...options(ledger), maxTotalKeyLeakage: 2.5 * keyLeakage };
    const codes = await Promise.all([1, 2, 3].map(() => codeOfAsync(() => releasePrivately(decrypted, most))));
    expect(codes.sort()).toEqual(['PRIVACY_CKKS_LEAK', undefined, undefined]);
    expect((await ledger.status(ACCOUNT)).debits).toBe(2);
    expect(pair.secretKey.keyLeakage / keyLeakage).toBeCloseTo(2, 9);
    const poor = await openLedger(1e-3);
    expect(await codeOfAsync(() => releasePrivately(decrypted, options(poor)))).toBe('PRIVACY_BUDGET_EXHAUSTED');
    expect(pair.secretKey.keyLeakage / keyLeakage).toBeCloseTo(2, 9);
  });
});

describe('the sensitivity that is charged', () => {
  const source = (length: number, deviation: number) => ({
    length,
    errorBound: 8 * deviation,
    precision: { magnitude: 1, deviation },
  });

  test('counts the distance of neighbours, the rounding of each number and the error of both ciphertexts', () => {
    const plan = planRelease(
      source(100, 1e-4),
      { sensitivity: 1, noiseMultiplier: 10, resolution: 0.01 },
      'add-or-remove-one',
    );
    const distance = (1 + 2 * 8e-4 * 10) / 0.01 + 10;
    expect(plan.event.mechanism).toEqual({
      kind: 'discrete-gaussian',
      sigma: 10 * distance,
      shares: 1,
      l2: distance,
      dimension: 100,
    });
    expect(plan.keyLeakage).toBeCloseTo((10 * 8e-4) / (2 * 10 * distance * 0.01), 12);
  });

  test('is the one of the account: replace-one is not charged twice', () => {
    const wanted = { sensitivity: 1, noiseMultiplier: 4 };
    const epsilon = (adjacency: 'add-or-remove-one' | 'replace-one') => {
      const { event } = planRelease(source(100, 1e-9), wanted, adjacency);
      return rdpEpsilon({ adjacency, events: [event] }, 1e-6).epsilon;
    };
    expect(epsilon('replace-one')).toBeCloseTo(epsilon('add-or-remove-one'), 9);
  });
});

describe('the key holder', () => {
  test('reads own data, and nobody reads with another key', () => {
    using other = ckks.createKeyPair();
    using vector = ckks.encrypt(keys.publicKey, Float64Array.of(0.5), { bound: 1 });
    expect(revealToKeyHolder(vector, keys.secretKey)[0]).toBeCloseTo(0.5, 9);
    expect(codeOf(() => ckks.decrypt(vector, other.secretKey))).toBe('PRIVACY_CKKS_FOREIGN');
  });
});
