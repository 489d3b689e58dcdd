import { type Entry, memoryStore, type Store } from '@murmuration/core';
import { describe, expect, test } from 'vitest';
import {
  type BudgetTerms,
  type Charge,
  createBudgetLedger,
  drawPoisson,
  type PrivacyEvent,
  type Receipt,
  rational,
} from '../../src/index.ts';
import { codeOfAsync, seededEntropy } from './world.ts';

const ACCOUNT = { owner: 'alice', dataset: 'letters' };
const TERMS: BudgetTerms = { epsilon: 3, delta: 1e-6, adjacency: 'add-or-remove-one' };
const EVENT: PrivacyEvent = { mechanism: { kind: 'pure', epsilon: 0.1 }, sampling: { kind: 'none' }, count: 1 };
const CHARGE: Charge = { purpose: 'a count', events: [EVENT] };

function ledgerOver(store: Store, nowMs: () => number = () => 0) {
  return createBudgetLedger({ store, clock: { nowMs } });
}

async function openedStore(): Promise<Store> {
  const store = memoryStore();
  await ledgerOver(store).open(ACCOUNT, TERMS);
  return store;
}

async function copyOf(store: Store): Promise<Store> {
  const copy = memoryStore();
  const entries: readonly Entry[] = await store.scan('', { limit: 100_000 });
  await copy.write(entries);
  return copy;
}

describe('a process that dies', () => {
  /** Lets `steps` operations through; the next one fails, before or after it took effect, and so do all others. */
  function dyingAt(store: Store, steps: number, after: boolean): Store {
    let left = steps;
    async function step<T>(run: () => Promise<T>): Promise<T> {
      if (left < 0) throw new Error('dead');
      left--;
      if (left >= 0) return run();
      if (after) await run();
      throw new Error('dies');
    }
    return {
      ...store,
      get: (key) => step(() => store.get(key)),
      scan: (prefix, options) => step(() => store.scan(prefix, options)),
      write: (changes, options) => step(() => store.write(changes, options)),
    };
  }

  test('at every single operation of the store, before and after it took effect: no release without its debit', async () => {
    let lives = 0;
    let cutOff = 0;
    for (let steps = 0; ; steps++) {
      const stores = await Promise.all([false, true].map(async (after) => ({ after, store: memoryStore() })));
      let completed = 0;
      for (const { after, store } of stores) {
        const ledger = ledgerOver(dyingAt(store, steps, after));
        let released = 0;
        const code = await codeOfAsync(async () => {
          await ledger.open(ACCOUNT, TERMS);
          for (let i = 0; i < 4; i++) await ledger.release(ACCOUNT, CHARGE, () => void released++);
        });
        lives++;
        if (code === undefined) completed++;
        const heir = ledgerOver(store);
        await heir.open(ACCOUNT, TERMS);
        const { debits, spentEpsilon } = await heir.status(ACCOUNT);
        expect(debits - released).toBeGreaterThanOrEqual(0);
        expect(debits - released).toBeLessThanOrEqual(1);
        expect(spentEpsilon).toBeCloseTo(0.1 * debits, 12);
        cutOff += debits - released;
        expect(await heir.release(ACCOUNT, CHARGE, ({ sequence }) => sequence)).toBe(debits + 1);
      }
      if (completed === 2) break;
    }
    expect(lives).toBeGreaterThan(20);
    // The detector sees what it is for: a death between debit and release.
    expect(cutOff).toBe(4);
  });
});

describe('two writers that do not know of each other', () => {
  /** Two views of one store that share no lock, each told when it may write. */
  async function fork() {
    const store = await openedStore();
    const gates: (() => void)[] = [];
    const view = (): Store => ({
      ...store,
      write: async (changes) => {
        await new Promise<void>((resolve) => gates.push(resolve));
        await store.write(changes);
      },
    });
    const ledgers = [ledgerOver(view()), ledgerOver(view())] as const;
    const released: string[] = [];
    const releases = ledgers.map((ledger, i) =>
      ledger.release(ACCOUNT, { ...CHARGE, purpose: `writer ${i}` }, () => void released.push(`writer ${i}`)),
    );
    while (gates.length < 2) await new Promise((resolve) => setImmediate(resolve));
    for (const open of gates) open();
    await Promise.all(releases);
    return { store, ledgers, released };
  }

  test('neither debit overwrites the other, and from then on nobody releases, nor after a restart', async () => {
    const { store, ledgers, released } = await fork();
    expect(released).toHaveLength(2);
    expect(await store.scan('privacy/budget/alice/letters/entry/')).toHaveLength(3);
    for (const ledger of [...ledgers, ledgerOver(store)]) {
      expect(await codeOfAsync(() => ledger.release(ACCOUNT, CHARGE, () => released.push('third')))).toBe(
        'PRIVACY_BUDGET_DAMAGED',
      );
      expect(await codeOfAsync(() => ledger.status(ACCOUNT))).toBe('PRIVACY_BUDGET_DAMAGED');
    }
    expect(released).toHaveLength(2);
  });
});

describe('a store that was set back', () => {
  test('is refused by whoever saw more, and found out by any receipt that was kept elsewhere', async () => {
    const store = await openedStore();
    const ledger = ledgerOver(store);
    const receipts: Receipt[] = [];
    const spend = async (from: typeof ledger) => from.release(ACCOUNT, CHARGE, (receipt) => receipts.push(receipt));
    for (let i = 0; i < 3; i++) await spend(ledger);
    const backup = await copyOf(store);
    for (let i = 0; i < 3; i++) await spend(ledger);
    for (const receipt of receipts) expect(await ledger.contains(ACCOUNT, receipt)).toBe(true);
    const { debits, digest } = await ledger.status(ACCOUNT);
    expect(await ledger.contains(ACCOUNT, { sequence: debits, digest })).toBe(true);
    expect(await ledger.contains(ACCOUNT, { sequence: debits, digest: digest.subarray(0, 16) })).toBe(true);
    expect(await ledger.contains(ACCOUNT, { sequence: debits - 1, digest })).toBe(false);
    const short = { sequence: debits, digest: digest.subarray(0, 8) };
    expect(await codeOfAsync(() => ledger.contains(ACCOUNT, short))).toBe('OPTION_OUT_OF_RANGE');

    const restored = ledgerOver(backup);
    const held = await Promise.all(receipts.map((receipt) => restored.contains(ACCOUNT, receipt)));
    expect(held).toEqual([true, true, true, false, false, false]);
    expect(await restored.contains(ACCOUNT, { sequence: debits, digest })).toBe(false);
    // By itself a chain that was cut as a whole is a whole chain: this is what is not promised.
    expect((await restored.status(ACCOUNT)).debits).toBe(3);
    // Spending again to the same length makes another chain.
    for (let i = 0; i < 3; i++) await restored.release(ACCOUNT, { ...CHARGE, purpose: 'again' }, () => 0);
    const again = await Promise.all(receipts.map((receipt) => restored.contains(ACCOUNT, receipt)));
    expect(again).toEqual([true, true, true, false, false, false]);
  });

  test('under the feet of a running process it stops every release', async () => {
    const store = await openedStore();
    let current = store;
    const swapped: Store = {
      ...store,
      get: (key) => current.get(key),
      scan: (prefix, options) => current.scan(prefix, options),
      write: (changes) => current.write(changes),
    };
    const ledger = ledgerOver(swapped);
    await ledger.release(ACCOUNT, CHARGE, () => 0);
    const backup = await copyOf(store);
    await ledger.release(ACCOUNT, CHARGE, () => 0);
    current = backup;
    expect(await codeOfAsync(() => ledger.release(ACCOUNT, CHARGE, () => 0))).toBe('PRIVACY_BUDGET_DAMAGED');
    current = memoryStore();
    expect(await codeOfAsync(() => ledger.release(ACCOUNT, CHARGE, () => 0))).toBe('PRIVACY_BUDGET_DAMAGED');
  });
});

describe('what types do not keep out', () => {
  test('a clock that is broken, or runs backwards, changes nothing that is spent', async () => {
    const store = await openedStore();
    const times = [5e12, 4e12, Number.NaN, -7, 0.5, 1e300, Number.POSITIVE_INFINITY, 1_000.25];
    let now = 0;
    const ledger = ledgerOver(store, () => times[now++ % times.length] as number);
    for (let i = 0; i < times.length; i++) await ledger.release(ACCOUNT, CHARGE, () => 0);
    expect(await ledgerOver(store).status(ACCOUNT)).toMatchObject({ debits: times.length, spentEpsilon: 0.8 });
  });

  test('plans that lie about their shape are refused with a code, and the account stays readable', async () => {
    const store = await openedStore();
    const ledger = ledgerOver(store);
    const bad: readonly (readonly [unknown, string])[] = [
      [{ ...EVENT, mechanism: { kind: 'gausian', noiseMultiplier: 1 } }, 'PRIVACY_BAD_EVENT'],
      [{ ...EVENT, mechanism: null }, 'PRIVACY_BAD_EVENT'],
      [{ ...EVENT, sampling: { kind: 'shuffled', rate: 0.1 } }, 'PRIVACY_BAD_EVENT'],
      [{ mechanism: EVENT.mechanism, count: 1 }, 'PRIVACY_BAD_EVENT'],
      [null, 'PRIVACY_BAD_EVENT'],
      [{ ...EVENT, sampling: { kind: 'fixed-size', size: 3, population: 10.5 } }, 'OPTION_OUT_OF_RANGE'],
      [{ ...EVENT, sampling: { kind: 'fixed-size', size: 3, population: Number.NaN } }, 'OPTION_OUT_OF_RANGE'],
      [{ ...EVENT, mechanism: { kind: 'pure', epsilon: '0.1' } }, 'OPTION_OUT_OF_RANGE'],
      [{ ...EVENT, mechanism: { kind: 'gaussian-mixture', sigma: 1 } }, 'PRIVACY_BAD_EVENT'],
    ];
    for (const [event, code] of bad) {
      const events = [event] as readonly PrivacyEvent[];
      expect(await codeOfAsync(() => ledger.release(ACCOUNT, { purpose: 'x', events }, () => 0))).toBe(code);
    }
    const terms = { ...TERMS, adjacency: 'replace' } as object as BudgetTerms;
    expect(await codeOfAsync(() => ledger.open({ ...ACCOUNT, dataset: 'other' }, terms))).toBe('PRIVACY_BAD_EVENT');
    for (const purpose of ['ü'.repeat(256), '\u{1F600}'.repeat(128), '\uD800', 'a\u0000b']) {
      await codeOfAsync(() => ledger.release(ACCOUNT, { ...CHARGE, purpose }, () => 0));
      const { debits } = await ledgerOver(store).status(ACCOUNT);
      expect(await ledger.release(ACCOUNT, CHARGE, ({ sequence }) => sequence)).toBe(debits + 1);
    }
  });

  test('the rate of a draw cannot be changed after it was drawn, and what looks like a draw is none', async () => {
    const ledger = ledgerOver(await openedStore());
    const draw = drawPoisson(seededEntropy('draw'), 1000, rational(1, 2));
    expect(() => Object.assign(draw, { rate: 0.001 })).toThrow(TypeError);
    const lookalike = Object.create(draw, { rate: { value: 0.001 } }) as typeof draw;
    const claimed: PrivacyEvent = {
      mechanism: { kind: 'gaussian', noiseMultiplier: 3 },
      sampling: { kind: 'poisson', rate: 0.001 },
      count: 1,
    };
    for (const draws of [[draw], [lookalike], [{} as object as typeof draw]]) {
      expect(
        await codeOfAsync(() => ledger.release(ACCOUNT, { purpose: 'x', events: [claimed], draws }, () => 0)),
      ).toBe('PRIVACY_SAMPLING_NOT_EXECUTED');
    }
    expect((await ledger.status(ACCOUNT)).debits).toBe(0);
  });
});

describe('projection, computed by hand', () => {
  async function spending(times: readonly number[], epsilon: number, nowMs: number, cap = 3) {
    let now = 0;
    const store = memoryStore();
    const ledger = ledgerOver(store, () => now);
    await ledger.open(ACCOUNT, { ...TERMS, epsilon: cap });
    for (const time of times) {
      now = time;
      const events = [{ ...EVENT, mechanism: { kind: 'pure', epsilon } as const }];
      await ledger.release(ACCOUNT, { purpose: 'x', events }, () => 0);
    }
    now = nowMs;
    return ledger.status(ACCOUNT);
  }

  test.each([
    // Two of six halves spent, one a second: four more, the last at 5 s.
    ['in pace', [0, 1000], 0.5, 1000, { spentEpsilon: 1, leftEpsilon: 2, releasesLeft: 4, exhaustedAtMs: 5000 }],
    ['late: the next one now, the others after it', [0, 1000], 0.5, 10_000, { releasesLeft: 4, exhaustedAtMs: 13_000 }],
    ['uneven: by the mean pace', [0, 100, 4000], 0.5, 4000, { releasesLeft: 3, exhaustedAtMs: 10_000 }],
    [
      'exhausted: when the last ran',
      [0, 1000, 2000],
      1,
      9000,
      { leftEpsilon: 0, releasesLeft: 0, exhaustedAtMs: 2000 },
    ],
    ['exhausted by one', [700], 3, 9000, { leftEpsilon: 0, releasesLeft: 0, exhaustedAtMs: 700 }],
    ['one debit has no pace', [700], 0.5, 9000, { releasesLeft: 5, exhaustedAtMs: null }],
    ['all at once have no pace', [700, 700, 700], 0.5, 9000, { releasesLeft: 3, exhaustedAtMs: null }],
    ['a clock that ran backwards has no pace', [900, 700], 0.5, 9000, { releasesLeft: 4, exhaustedAtMs: null }],
    ['free releases never end', [0, 1000], 0, 1000, { spentEpsilon: 0, releasesLeft: 2 ** 31, exhaustedAtMs: null }],
    [
      'nothing yet',
      [],
      1,
      5,
      { spentEpsilon: 0, leftEpsilon: 3, releasesLeft: null, exhaustedAtMs: null, lastMs: null },
    ],
  ] as const)('%s', async (_, times, epsilon, nowMs, expected) => {
    expect(await spending(times, epsilon, nowMs)).toMatchObject(expected);
  });
});
