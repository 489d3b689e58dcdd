import { memoryStore, type Store, seededRandom } from '@murmuration/core';
import { describe, expect, test } from 'vitest';
import {
  type BudgetTerms,
  type Charge,
  createBudgetLedger,
  drawPoisson,
  type PrivacyEvent,
  rational,
  rdpEpsilon,
} from '../../src/index.ts';
import { codeOfAsync, seededEntropy } from './world.ts';

const ACCOUNT = { owner: 'alice', dataset: 'letters-2026' };
const TERMS: BudgetTerms = { epsilon: 3, delta: 1e-6, adjacency: 'add-or-remove-one' };
const EVENT: PrivacyEvent = {
  mechanism: { kind: 'gaussian', noiseMultiplier: 10 },
  sampling: { kind: 'none' },
  count: 1,
};
const CHARGE: Charge = { purpose: 'a sum', events: [EVENT] };

function ledgerOver(store: Store, nowMs: () => number = () => 0) {
  return createBudgetLedger({ store, clock: { nowMs } });
}

/** How many releases of EVENT fit under TERMS, found apart from the ledger. */
function capacity(): number {
  let count = 0;
  const epsilon = (n: number) =>
    rdpEpsilon({ adjacency: TERMS.adjacency, events: [{ ...EVENT, count: n }] }, TERMS.delta).epsilon;
  while (epsilon(count + 1) <= TERMS.epsilon) count++;
  return count;
}

async function openedLedger(store = memoryStore(), nowMs?: () => number) {
  const ledger = ledgerOver(store, nowMs);
  await ledger.open(ACCOUNT, TERMS);
  return { ledger, store };
}

describe('the privacy budget', () => {
  test('releases until the cap, then refuses before the data is touched, and the account stays as it was', async () => {
    const { ledger } = await openedLedger();
    const fits = capacity();
    expect(fits).toBeGreaterThan(10);
    for (let i = 0; i < fits; i++) expect(await ledger.release(ACCOUNT, CHARGE, () => i)).toBe(i);
    const before = await ledger.status(ACCOUNT);
    let touched = false;
    const code = await codeOfAsync(() =>
      ledger.release(ACCOUNT, CHARGE, () => {
        touched = true;
      }),
    );
    expect(code).toBe('PRIVACY_BUDGET_EXHAUSTED');
    expect(touched).toBe(false);
    expect(await ledger.status(ACCOUNT)).toEqual(before);
    expect(before.debits).toBe(fits);
    expect(before.spentEpsilon).toBeLessThanOrEqual(TERMS.epsilon);
    expect(before.releasesLeft).toBe(0);
  });

  test('what the budget went into is listed with purposes, times and what was spent after each', async () => {
    let nowMs = 100;
    const { ledger } = await openedLedger(memoryStore(), () => nowMs++);
    expect(await ledger.history(ACCOUNT, 5)).toEqual([]);
    const receipts = [];
    for (const purpose of ['a', 'b', 'c']) {
      receipts.push(await ledger.release(ACCOUNT, { ...CHARGE, purpose }, (receipt) => receipt));
    }
    const history = await ledger.history(ACCOUNT, 10);
    expect(history.map(({ sequence, purpose, atMs }) => [sequence, purpose, atMs])).toEqual([
      [1, 'a', 101],
      [2, 'b', 102],
      [3, 'c', 103],
    ]);
    expect(history.map(({ spentEpsilon }) => spentEpsilon)).toEqual(receipts.map(({ spentEpsilon }) => spentEpsilon));
    expect(history[0]?.events).toEqual([EVENT]);
    expect((await ledger.history(ACCOUNT, 2)).map(({ purpose }) => purpose)).toEqual(['b', 'c']);
    expect(await codeOfAsync(() => ledger.history(ACCOUNT, 0))).toBe('OPTION_OUT_OF_RANGE');
    expect(await codeOfAsync(() => ledger.history({ owner: 'bob', dataset: 'x' }, 1))).toBe('PRIVACY_BUDGET_UNKNOWN');
  });

  test('an error names the account as people write it', async () => {
    const { ledger } = await openedLedger();
    await expect(ledger.status({ owner: 'bob', dataset: 'x' })).rejects.toThrow('no budget was opened for bob/x');
  });

  test('concurrent releases through several ledgers over one store: as many run as one after another', async () => {
    const { store } = await openedLedger();
    const ledgers = Array.from({ length: 4 }, () => ledgerOver(store));
    let ran = 0;
    const attempts = Array.from({ length: 3 * capacity() }, (_, i) =>
      codeOfAsync(async () => (ledgers[i % 4] as (typeof ledgers)[number]).release(ACCOUNT, CHARGE, () => void ran++)),
    );
    const codes = await Promise.all(attempts);
    expect(ran).toBe(capacity());
    expect(codes.filter((code) => code === 'PRIVACY_BUDGET_EXHAUSTED')).toHaveLength(2 * capacity());
    expect((await ledgerOver(store).status(ACCOUNT)).debits).toBe(capacity());
  });

  test('the debit is durable before the release runs, and is there after a restart', async () => {
    const { ledger, store } = await openedLedger();
    const seen = await ledger.release(ACCOUNT, CHARGE, async () => (await ledgerOver(store).status(ACCOUNT)).debits);
    expect(seen).toBe(1);
    expect(await ledgerOver(store).status(ACCOUNT)).toEqual(await ledger.status(ACCOUNT));
  });

  test('a process that dies between write and release has spent the budget and released nothing', async () => {
    const { store } = await openedLedger();
    const dying: Store = {
      ...store,
      write: async (changes) => {
        await store.write(changes);
        throw new Error('killed');
      },
    };
    let released = false;
    const run = () => {
      released = true;
    };
    expect(await codeOfAsync(() => ledgerOver(dying).release(ACCOUNT, CHARGE, run))).toBe('Error: killed');
    expect(released).toBe(false);
    expect((await ledgerOver(store).status(ACCOUNT)).debits).toBe(1);
  });

  test('a store that fails before it wrote debits nothing, releases nothing and does not block what follows', async () => {
    const { store } = await openedLedger();
    let broken = true;
    const flaky: Store = {
      ...store,
      write: async (changes) => {
        if (broken) throw new Error('disk full');
        await store.write(changes);
      },
    };
    const ledger = ledgerOver(flaky);
    expect(await codeOfAsync(() => ledger.release(ACCOUNT, CHARGE, () => 1))).toBe('Error: disk full');
    broken = false;
    expect(await ledger.release(ACCOUNT, CHARGE, ({ sequence }) => sequence)).toBe(1);
  });

  test('a release that fails stays spent', async () => {
    const { ledger } = await openedLedger();
    const fail = () => {
      throw new Error('no disk');
    };
    await expect(ledger.release(ACCOUNT, CHARGE, fail)).rejects.toThrow('no disk');
    expect((await ledger.status(ACCOUNT)).debits).toBe(1);
  });

  test('owners and data sets have budgets of their own', async () => {
    const { ledger } = await openedLedger();
    const other = { owner: 'alice', dataset: 'photos' };
    await ledger.open(other, TERMS);
    await ledger.release(ACCOUNT, CHARGE, () => 0);
    expect((await ledger.status(other)).spentEpsilon).toBe(0);
    expect((await ledger.status(ACCOUNT)).spentEpsilon).toBeGreaterThan(0);
  });

  test('opening again with the same terms is no error, with others it is', async () => {
    const { ledger } = await openedLedger();
    await ledger.open(ACCOUNT, TERMS);
    const more = { ...TERMS, epsilon: 100 };
    expect(await codeOfAsync(() => ledger.open(ACCOUNT, more))).toBe('PRIVACY_BUDGET_EXISTS');
    expect((await ledger.status(ACCOUNT)).terms).toEqual(TERMS);
  });

  test('without an account nothing runs; names that could reach another key are refused', async () => {
    const ledger = ledgerOver(memoryStore());
    expect(await codeOfAsync(() => ledger.release(ACCOUNT, CHARGE, () => 1))).toBe('PRIVACY_BUDGET_UNKNOWN');
    for (const dataset of ['', 'a/b', '../x', 'ü', 'a b', '-', 'x'.repeat(129)]) {
      expect(await codeOfAsync(() => ledger.open({ owner: 'alice', dataset }, TERMS))).toBe('PRIVACY_BAD_NAME');
    }
  });

  test('malformed charges are refused and leave the budget unharmed', async () => {
    const { ledger } = await openedLedger();
    const bad = (events: readonly PrivacyEvent[]) =>
      codeOfAsync(() => ledger.release(ACCOUNT, { purpose: 'x', events }, () => 1));
    expect(await bad([])).toBe('OPTION_OUT_OF_RANGE');
    expect(await bad([{ ...EVENT, mechanism: { kind: 'gaussian', noiseMultiplier: Number.NaN } }])).toBe(
      'OPTION_OUT_OF_RANGE',
    );
    expect(await bad([{ ...EVENT, mechanism: { kind: 'zcdp', rho: -1 } }])).toBe('OPTION_OUT_OF_RANGE');
    expect(await bad([{ ...EVENT, count: -5 }])).toBe('OPTION_OUT_OF_RANGE');
    expect((await ledger.status(ACCOUNT)).debits).toBe(0);
  });

  test('a caller that changes its charge afterwards changes nothing', async () => {
    const { ledger } = await openedLedger();
    const events = [{ ...EVENT }];
    const pending = ledger.release(ACCOUNT, { purpose: 'x', events }, () => 1);
    events[0] = { ...EVENT, mechanism: { kind: 'zcdp', rho: 0 } };
    await pending;
    expect((await ledger.status(ACCOUNT)).spentEpsilon).toBeGreaterThan(0.3);
  });

  test('pure releases add up plainly where that is less than Rényi accounting says', async () => {
    const { ledger } = await openedLedger();
    const events: PrivacyEvent[] = [{ ...EVENT, mechanism: { kind: 'laplace', scale: 10 } }];
    await ledger.release(ACCOUNT, { purpose: 'a count', events }, () => 1);
    await ledger.release(ACCOUNT, { purpose: 'a count', events }, () => 1);
    expect((await ledger.status(ACCOUNT)).spentEpsilon).toBeCloseTo(0.2, 12);
  });
});

describe('amplification', () => {
  const sampled: PrivacyEvent = { ...EVENT, sampling: { kind: 'poisson', rate: 0.1 } };

  test('is charged for executed Poisson draws only, each once', async () => {
    const { ledger } = await openedLedger();
    const charge = (draws: Charge['draws']): Charge => ({ purpose: 'a step', events: [sampled], draws: draws ?? [] });
    const entropy = seededEntropy('draws');
    const draw = drawPoisson(entropy, 100, rational(1, 10));
    const other = drawPoisson(entropy, 100, rational(1, 5));
    const release = (draws: Charge['draws']) => codeOfAsync(() => ledger.release(ACCOUNT, charge(draws), () => 1));
    expect(await release([])).toBe('PRIVACY_SAMPLING_NOT_EXECUTED');
    expect(await release([other])).toBe('PRIVACY_SAMPLING_NOT_EXECUTED');
    expect(await release([draw])).toBeUndefined();
    expect(await release([draw])).toBe('PRIVACY_SAMPLING_NOT_EXECUTED');
    const forged = { ...draw, charge: () => {} } as unknown;
    expect(await release([forged as typeof draw])).toBe('PRIVACY_SAMPLING_NOT_EXECUTED');
    expect((await ledger.status(ACCOUNT)).debits).toBe(1);
  });

  test('a charge of several steps needs as many draws', async () => {
    const { ledger } = await openedLedger();
    const entropy = seededEntropy('steps');
    const draws = Array.from({ length: 3 }, () => drawPoisson(entropy, 100, rational(1, 10)));
    const charge = (count: number): Charge => ({ purpose: 'steps', events: [{ ...sampled, count }], draws });
    expect(await codeOfAsync(() => ledger.release(ACCOUNT, charge(4), () => 1))).toBe('PRIVACY_SAMPLING_NOT_EXECUTED');
    expect(await ledger.release(ACCOUNT, charge(3), () => 1)).toBe(1);
  });
});

describe('a damaged store', () => {
  async function spent(): Promise<{ store: Store; keys: readonly string[] }> {
    const { ledger, store } = await openedLedger();
    for (let i = 0; i < 4; i++) await ledger.release(ACCOUNT, CHARGE, () => i);
    const entries = await store.scan('privacy/budget/', {});
    return { store, keys: entries.map(({ key }) => key) };
  }

  test('a missing, swapped or flipped record stops every release', async () => {
    const { keys } = await spent();
    expect(keys).toHaveLength(6);
    for (const [i, key] of keys.entries()) {
      for (const damage of ['drop', 'flip', 'swap'] as const) {
        const { store } = await spent();
        const value = (await store.get(key)) as Uint8Array;
        const neighbour = (await store.get(keys[(i + 1) % keys.length] as string)) as Uint8Array;
        const flipped = value.slice();
        flipped[flipped.length >> 1] = (flipped[flipped.length >> 1] as number) ^ 4;
        const changed = { drop: null, flip: flipped, swap: neighbour }[damage];
        await store.write([{ key, value: changed }]);
        const code = await codeOfAsync(() => ledgerOver(store).release(ACCOUNT, CHARGE, () => 1));
        expect([damage, key, code]).toEqual([damage, key, 'PRIVACY_BUDGET_DAMAGED']);
      }
    }
  });

  test('every single-bit flip of a debit is noticed', async () => {
    const { store, keys } = await spent();
    const key = keys[2] as string;
    const value = (await store.get(key)) as Uint8Array;
    for (let bit = 0; bit < 8 * value.length; bit++) {
      const flipped = value.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      await store.write([{ key, value: flipped }]);
      expect(await codeOfAsync(() => ledgerOver(store).status(ACCOUNT))).toBe('PRIVACY_BUDGET_DAMAGED');
    }
  });
});

describe('monitoring', () => {
  test('projects the releases left, and their end at the pace so far', async () => {
    let nowMs = 1_000_000;
    const { ledger } = await openedLedger(memoryStore(), () => nowMs);
    expect(await ledger.status(ACCOUNT)).toMatchObject({ spentEpsilon: 0, leftEpsilon: 3, releasesLeft: null });
    for (let i = 0; i < 5; i++) {
      await ledger.release(ACCOUNT, CHARGE, () => 0);
      nowMs += 60_000;
    }
    const status = await ledger.status(ACCOUNT);
    expect(status.releasesLeft).toBe(capacity() - 5);
    expect(status.lastMs).toBe(1_240_000);
    expect(status.exhaustedAtMs).toBe(1_240_000 + 60_000 * (capacity() - 5));
    for (let i = 0; i < capacity() - 5; i++) await ledger.release(ACCOUNT, CHARGE, () => 0);
    expect(await codeOfAsync(() => ledger.release(ACCOUNT, CHARGE, () => 0))).toBe('PRIVACY_BUDGET_EXHAUSTED');
  });

  test('spent and left are those of a plan of all debits: 30 random charges', async () => {
    const random = seededRandom('charges');
    const { ledger } = await openedLedger();
    const events: PrivacyEvent[] = [];
    for (let i = 0; i < 30; i++) {
      const event: PrivacyEvent = {
        ...EVENT,
        mechanism: { kind: 'gaussian', noiseMultiplier: 20 + 20 * random.unit() },
      };
      await ledger.release(ACCOUNT, { purpose: `release ${i}`, events: [event] }, () => 0);
      events.push(event);
    }
    const { spentEpsilon, leftEpsilon } = await ledger.status(ACCOUNT);
    expect(spentEpsilon).toBeCloseTo(rdpEpsilon({ adjacency: TERMS.adjacency, events }, TERMS.delta).epsilon, 10);
    expect(spentEpsilon + leftEpsilon).toBeCloseTo(TERMS.epsilon, 12);
  });
});
