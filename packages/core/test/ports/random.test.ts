import { describe, expect, test } from 'vitest';
import { type Random, seededRandom, shuffle } from '../../src/index.ts';

/** sfc32 and xmur3 again, in BigInt arithmetic modulo 2^32, from their published definitions. */
function reference(seed: string): () => number {
  const mod = 2n ** 32n;
  const rotate = (x: bigint, by: bigint) => ((x << by) | (x >> (32n - by))) % mod;
  let h = (1779033703n ^ BigInt(seed.length)) % mod;
  for (const char of seed) h = rotate(((h ^ BigInt(char.charCodeAt(0))) * 3432918353n) % mod, 13n);
  const next = () => {
    h = ((h ^ (h >> 16n)) * 2246822507n) % mod;
    h = ((h ^ (h >> 13n)) * 3266489909n) % mod;
    h ^= h >> 16n;
    return h;
  };
  let [a, b, c, counter] = [next(), next(), next(), 1n];
  const draw = () => {
    const t = (a + b + counter) % mod;
    counter = (counter + 1n) % mod;
    a = b ^ (b >> 9n);
    b = (c + (c << 3n)) % mod;
    c = (rotate(c, 21n) + t) % mod;
    return Number(t);
  };
  for (let i = 0; i < 12; i++) draw();
  return draw;
}

describe('known answers', () => {
  test('draws equal sfc32 seeded by xmur3, computed in BigInt', () => {
    for (const seed of ['', '0', '42', 'a longer seed with words', 'x'.repeat(300)]) {
      const random = seededRandom(seed);
      const expected = reference(seed);
      for (let i = 0; i < 200; i++) expect(random.uint32()).toBe(expected());
    }
  });

  test('these draws never change: simulations are replayed by their seeds', () => {
    const random = seededRandom(42);
    expect(Array.from({ length: 5 }, () => random.uint32())).toEqual(FIRST_OF_42);
    expect(seededRandom(42).fork('peers').uint32()).toBe(FIRST_OF_FORK);
  });
});

const FIRST_OF_42 = [1951423913, 2560351384, 1644053043, 3541558748, 988297860];
const FIRST_OF_FORK = 4280715752;

test('a number and its text are one seed; two seeds are two streams', () => {
  expect(seededRandom(7).uint32()).toBe(seededRandom('7').uint32());
  const first = new Set(Array.from({ length: 1000 }, (_, seed) => seededRandom(seed).uint32()));
  expect(first.size).toBe(1000);
});

test('consuming a stream or a fork never shifts another fork', () => {
  const random = seededRandom('forks');
  const before = random.fork('a').uint32();
  random.uint32();
  random.fork('b').uint32();
  expect(random.fork('a').uint32()).toBe(before);
  expect(random.fork('b').uint32()).not.toBe(before);
});

describe('uniformity', () => {
  /** 0.999999 quantile of chi-square, by Wilson and Hilferty's approximation. */
  const limit = (freedom: number) => freedom * (1 - 2 / (9 * freedom) + 4.7534 * Math.sqrt(2 / (9 * freedom))) ** 3;

  test.each([2, 3, 6, 10, 255, 1000])('below(%i) passes a chi-square test', (bound) => {
    const random = seededRandom(`below ${bound}`);
    expect(chi(bound, () => random.below(bound))).toBeLessThan(limit(bound - 1));
  });

  test('unit() passes it in 64 bins, and stays in [0, 1)', () => {
    const random = seededRandom('unit');
    const draw = () => {
      const value = random.unit();
      expect(value >= 0 && value < 1).toBe(true);
      return Math.floor(value * 64);
    };
    expect(chi(64, draw)).toBeLessThan(limit(63));
  });

  test('a bound of 3 · 2^30 shows no modulo bias, and the biased sampler is caught', () => {
    const bound = 3 * 2 ** 30;
    const third = (value: number) => Math.floor(value / 2 ** 30);
    const fair = seededRandom('fair');
    expect(chi(3, () => third(fair.below(bound)))).toBeLessThan(limit(2));
    const biased = seededRandom('biased');
    expect(chi(3, () => third(biased.uint32() % bound))).toBeGreaterThan(limit(2));
  });

  test('shuffle gives each of the 24 orders of four items alike', () => {
    const random = seededRandom('orders');
    const orders = new Map<string, number>();
    const order = () => {
      const name = shuffle(random, [0, 1, 2, 3]).join('');
      if (!orders.has(name)) orders.set(name, orders.size);
      return orders.get(name) as number;
    };
    expect(chi(24, order)).toBeLessThan(limit(23));
    expect(orders.size).toBe(24);
  });

  /** Pearson's statistic against equal bins. */
  function chi(bins: number, draw: () => number): number {
    const draws = Math.max(20_000, bins * 50);
    const counts = new Array<number>(bins).fill(0);
    for (let i = 0; i < draws; i++) {
      const bin = draw();
      counts[bin] = (counts[bin] as number) + 1;
    }
    const expected = draws / bins;
    return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  }
});

test('the ends of below', () => {
  const random: Random = seededRandom('ends');
  for (let i = 0; i < 20; i++) expect(random.below(1)).toBe(0);
  expect(random.below(2 ** 32)).toBeLessThan(2 ** 32);
  for (const bound of [0, -1, 1.5, Number.NaN, 2 ** 32 + 1]) expect(() => random.below(bound)).toThrow(/bound/);
});

test('shuffle works in place on no item and on one', () => {
  const random = seededRandom('few');
  expect(shuffle(random, [])).toEqual([]);
  const one = [1];
  expect(shuffle(random, one)).toBe(one);
});
