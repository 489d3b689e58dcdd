import { expect, test } from 'vitest';
import { firstThatFails, shrinkList } from '../src/index.ts';

const list = Array.from({ length: 100 }, (_, i) => i);

test.each([[[]], [[7]], [[3, 4]], [[0, 50, 99]], [[10, 11, 12, 13, 60, 61, 62, 88]]])(
  'of a hundred items exactly those remain that the failure needs: %j',
  async (needed) => {
    const fails = async (items: readonly number[]) => needed.every((one) => items.includes(one));
    expect(await shrinkList(list, fails, { runs: 1000 })).toEqual(needed);
  },
);

test('what remains fails, and stops failing without any one of its items, also where they stand in for each other', async () => {
  const fails = async (items: readonly number[]) => items.filter((one) => one % 7 === 0).length >= 3;
  const kept = await shrinkList(list, fails, { runs: 1000 });
  expect(kept.length).toBe(3);
  expect(await fails(kept)).toBe(true);
});

test('a spent budget ends the search with what fails so far', async () => {
  const budget = { runs: 5 };
  let runs = 0;
  const fails = async (items: readonly number[]) => ++runs > 0 && items.includes(42);
  const kept = await shrinkList(list, fails, budget);
  expect(runs).toBe(5);
  expect(budget.runs).toBe(0);
  expect(kept).toContain(42);
  expect(kept.length).toBeLessThan(100);
});

test('of simpler forms the first that still fails is taken, and none where none fails', async () => {
  const fails = async (one: number) => one >= 4;
  expect(await firstThatFails([1, 2, 4, 8], fails, { runs: 9 })).toBe(4);
  expect(await firstThatFails([1, 2], fails, { runs: 9 })).toBeUndefined();
  expect(await firstThatFails([1, 2, 4], fails, { runs: 2 })).toBeUndefined();
});
