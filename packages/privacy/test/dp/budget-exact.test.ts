import { memoryStore, seededRandom } from '@murmuration/core';
import { describe, expect, test } from 'vitest';
import { costOf, NOTHING, spendMore } from '../../src/dp/budget/spent.ts';
import { approximately, atMost, decimal, type Fraction, less, over, plus, ZERO } from '../../src/dp/maths/fraction.ts';
import {
  createBudgetLedger,
  type Mechanism,
  type PrivacyEvent,
  pureEpsilon,
  RDP_ORDERS,
  rdp,
} from '../../src/index.ts';
import { codeOfAsync } from './world.ts';

const ACCOUNT = { owner: 'alice', dataset: 'letters' };

function event(mechanism: Mechanism, count = 1): PrivacyEvent {
  return { mechanism, sampling: { kind: 'none' }, count };
}

const pure = (epsilon: number, count = 1) => event({ kind: 'pure', epsilon }, count);
const laplace = (scale: number) => event({ kind: 'laplace', scale });

async function opened(epsilon: number) {
  const ledger = createBudgetLedger({ store: memoryStore(), clock: { nowMs: () => 0 } });
  await ledger.open(ACCOUNT, { epsilon, delta: 1e-9, adjacency: 'add-or-remove-one' });
  const spend = (...events: readonly PrivacyEvent[]) =>
    codeOfAsync(() => ledger.release(ACCOUNT, { purpose: 'x', events }, () => 0));
  return { ledger, spend, status: () => ledger.status(ACCOUNT) };
}

describe('totals are exact', () => {
  test.each([
    ['0.1 ten times is 1', 1, pure(0.1), 10],
    ['0.1 three times is 0.3, which doubles exceed', 0.3, pure(0.1), 3],
    ['a third three times is 1', 1, laplace(3), 3],
    ['a tenth ten times is 1', 1, laplace(10), 10],
    ['a seventh seven times is 1', 1, event({ kind: 'discrete-laplace', scale: 7, sensitivity: 1 }), 7],
    ['1e-7 forty times is 4e-6', 4e-6, pure(1e-7), 40],
  ] as const)('%s: all fit, one more does not', async (_, cap, one, times) => {
    const { spend, status } = await opened(cap);
    expect((await status()).releasesLeft).toBeNull();
    for (let i = 0; i < times; i++) {
      expect(await spend(one)).toBeUndefined();
      expect((await status()).releasesLeft).toBe(times - 1 - i);
    }
    expect(await status()).toMatchObject({ spentEpsilon: cap, leftEpsilon: 0, releasesLeft: 0 });
    expect(await spend(one)).toBe('PRIVACY_BUDGET_EXHAUSTED');
    expect(await spend(pure(1e-12))).toBe('PRIVACY_BUDGET_EXHAUSTED');
  });

  test('known bad: in doubles neither 0.1 ten times nor 0.1 three times is its sum', () => {
    const sum = (times: number) => Array.from({ length: times }, () => 0.1).reduce((a, b) => a + b, 0);
    expect(sum(10)).not.toBe(1);
    expect(sum(3)).toBeGreaterThan(0.3);
    expect(pureEpsilon({ adjacency: 'replace-one', events: Array.from({ length: 10 }, () => pure(0.1)) })).toBe(1);
  });

  test('one release of ten runs, ten releases, and any order of forty spend the same to the last digit', async () => {
    const random = seededRandom('orders');
    const events = Array.from({ length: 40 }, () =>
      random.below(2) === 0
        ? event({ kind: 'gaussian', noiseMultiplier: 5 + 50 * random.unit() }, 1 + random.below(9))
        : pure(random.unit() / 100, 1 + random.below(9)),
    );
    const total = (list: readonly PrivacyEvent[]) =>
      list.reduce((spent, one) => spendMore(spent, costOf([one], 'replace-one')), NOTHING);
    const once = total(events);
    expect(total(events.toReversed())).toEqual(once);
    expect(total(events.flatMap((one) => Array.from({ length: one.count }, () => ({ ...one, count: 1 }))))).toEqual(
      once,
    );
    expect(costOf(events, 'replace-one')).toEqual(once);
    expect(total([...events, ...events, ...events])).toEqual(spendMore(NOTHING, once, 3));
  });

  test('what is charged at an order is never below its divergence, and above by less than 2^-80', () => {
    for (const mechanism of [
      { kind: 'gaussian', noiseMultiplier: 1e6 },
      { kind: 'gaussian', noiseMultiplier: 0.7 },
      { kind: 'zcdp', rho: 1e6 },
      { kind: 'discrete-gaussian', sigma: 0.5, shares: 9, l2: 2 ** 40, dimension: 5 },
    ] as const) {
      const { curve } = costOf([event(mechanism)], 'add-or-remove-one');
      for (const [i, order] of RDP_ORDERS.entries()) {
        const value = rdp(event(mechanism), 'add-or-remove-one', order);
        const units = curve[i] as bigint;
        // Doubles are multiples of 2^-1074: both sides as integers of that size.
        const exact = (x: number) => (x >= 2 ** 53 ? BigInt(x) << 160n : BigInt(Math.floor(x * 2 ** 160)));
        expect(units << 80n).toBeGreaterThanOrEqual(exact(value));
        expect((units - 1n) << 80n).toBeLessThan(exact(value) + 1n);
      }
    }
  });
});

describe('fractions', () => {
  const equal = (a: Fraction, b: Fraction) => a.num * b.den === b.num * a.den;

  test('a double is the decimal that it prints as', () => {
    for (const [value, num, den] of [
      [0, 0n, 1n],
      [0.1, 1n, 10n],
      [1e-7, 1n, 10n ** 7n],
      [1.5e21, 15n * 10n ** 20n, 1n],
      [123.456, 123456n, 1000n],
      [5e-324, 5n, 10n ** 324n],
    ] as const) {
      expect(equal(decimal(value), { num, den })).toBe(true);
      expect(approximately(decimal(value)) === value || value < 1e-300).toBe(true);
    }
  });

  test('sums of 300 odd scales stay small and never fall below the exact sum', () => {
    const random = seededRandom('odd scales');
    let rounded = ZERO;
    let exact = ZERO;
    for (let i = 0; i < 300; i++) {
      const term = over(1, decimal(1 + 100 * random.unit()));
      rounded = plus(rounded, term);
      exact = { num: exact.num * term.den + term.num * exact.den, den: exact.den * term.den };
      expect(rounded.den <= 2n ** 256n).toBe(true);
    }
    expect(atMost(exact, rounded)).toBe(true);
    expect(atMost(rounded, { num: exact.num + (exact.den >> 170n), den: exact.den })).toBe(true);
  });

  test('what is left of less is nothing', () => {
    expect(less(decimal(0.3), decimal(0.5))).toEqual(ZERO);
    expect(equal(less(decimal(0.5), decimal(0.3)), decimal(0.2))).toBe(true);
  });
});
