import { seededRandom, utf8 } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { describe, expect, test } from 'vitest';
import { drawProjections } from '../../../src/secure-aggregation/projections.ts';
import { scalars } from '../../../src/zk/group/group.ts';
import { drawRows, project } from '../../../src/zk/predicates/norm-bound.ts';
import {
  honestRefusalBound,
  largeVectorPassBound,
  liarsPassBound,
} from '../../../src/zk/predicates/projection-bounds.ts';

const LENGTH = 64;
const TRIALS = 1500;
const ROWS = 8;
const random = seededRandom('projection bounds');

/** Shapes that stress the bound: one place, two, a tail, all alike, and chance. */
const SHAPES: Readonly<Record<string, readonly number[]>> = {
  'one place': [1],
  'two places': [1, 1],
  'a place and its half': [2, 1],
  tail: Array.from({ length: LENGTH }, (_, i) => 0.7 ** i),
  flat: Array.from({ length: LENGTH }, (_, i) => (i % 2 === 0 ? 1 : -1)),
  chance: Array.from({ length: LENGTH }, () => random.below(2001) - 1000),
};

/** The shape as whole numbers of about this L2 norm, and their norm. */
function scaled(shape: readonly number[], norm: number): { vector: bigint[]; norm: number } {
  const factor = norm / Math.hypot(...shape);
  const places = Array.from({ length: LENGTH }, (_, i) => Math.round((shape[i] ?? 0) * factor));
  return { vector: places.map(BigInt), norm: Math.hypot(...places) };
}

type Draw = (trial: number) => readonly Int8Array[];
const drawn = Array.from({ length: TRIALS }, (_, trial) => drawRows(sha3_256(utf8(`trial ${trial}`)), ROWS, LENGTH));
const honestDraw: Draw = (trial) => drawn[trial] as readonly Int8Array[];

/** The largest projection, in each trial. */
function largestOf(vector: readonly bigint[], draw: Draw = honestDraw): number[] {
  return drawn.map((_, trial) => Math.max(...project(draw(trial), vector).map((p) => Math.abs(Number(p)))));
}

/** How often all projections are within ±beta. */
function passRate(largest: readonly number[], beta: number): number {
  return largest.filter((p) => p <= beta).length / largest.length;
}

/** Five standard deviations of a rate. */
function noise(rate: number): number {
  return 5 * Math.sqrt((rate * (1 - rate)) / TRIALS) + 1 / TRIALS;
}

describe.each(Object.entries(SHAPES))('a vector of shape: %s', (_, shape) => {
  const { vector, norm } = scaled(shape, 100_000);
  const largest = largestOf(vector);

  test.each([1.5, 2, 4])('%f times too long, it passes no more often than proven', (excess) => {
    const proven = largeVectorPassBound(ROWS, excess);
    expect(passRate(largest, norm / (Math.SQRT2 * excess))).toBeLessThanOrEqual(proven + noise(proven));
  });

  test.each([2.5, 3, 4])('with slack %f it is refused no more often than proven', (slack) => {
    const proven = honestRefusalBound(ROWS, slack);
    expect(1 - passRate(largest, (slack * norm) / Math.SQRT2)).toBeLessThanOrEqual(proven + noise(proven));
  });
});

describe('known bad: the same counts find', () => {
  const { vector, norm } = scaled(SHAPES.chance ?? [], 100_000);
  const beta = norm / (Math.SQRT2 * 2);
  const proven = largeVectorPassBound(ROWS, 2);

  test('rows that repeat themselves', () => {
    const repeating: Draw = (trial) => honestDraw(trial).map((_, __, rows) => rows[0] as Int8Array);
    expect(passRate(largestOf(vector, repeating), beta)).toBeGreaterThan(proven + noise(proven));
  });

  test('rows that the prover knew: a vector that is zero wherever they are not', () => {
    const [known = new Int8Array(LENGTH)] = honestDraw(0);
    const suited = vector.map((x, i) => (known[i] === 0 ? x : 0n));
    expect(
      passRate(
        largestOf(suited, () => [known]),
        0,
      ),
    ).toBe(1);
    expect(suited.filter((x) => x !== 0n).length).toBeGreaterThan(LENGTH / 4);
  });

  test('rows of signs alone, modulo the group order: two halves pass them all, and every other row at most here', () => {
    const half = scalars.inv(2n);
    const halves = Array.from({ length: LENGTH }, (_, i) => (i < 2 ? half : 0n));
    const isSmall = (p: bigint) => [0n, 1n, scalars.ORDER - 1n].includes(scalars.create(p));
    const rate = (draw: Draw) => {
      const all = Array.from({ length: 200 }, (_, trial) => draw(trial)).flat();
      return project(all, halves).filter(isSmall).length / all.length;
    };
    const signs: Draw = (trial) => honestDraw(trial).map((row) => row.map((c, i) => (c === 0 ? (i % 3) - 1 || 1 : c)));
    expect(rate(signs)).toBe(1);
    expect(rate(honestDraw)).toBeLessThan(0.5 + 5 * Math.sqrt(0.25 / 1600));
  });
});

test('rows are -1, 0 and 1 with chances 1/4, 1/2, 1/4, each place by itself', () => {
  const counts = new Map<string, number>();
  for (let trial = 0; trial < 500; trial++) {
    for (const row of honestDraw(trial)) {
      for (let i = 0; i + 1 < LENGTH; i += 2) {
        const pair = `${row[i]} ${row[i + 1]}`;
        counts.set(pair, (counts.get(pair) ?? 0) + 1);
      }
    }
  }
  const total = 500 * ROWS * (LENGTH / 2);
  const chance = (c: number) => (c === 0 ? 1 / 2 : 1 / 4);
  let chiSquare = 0;
  for (const a of [-1, 0, 1]) {
    for (const b of [-1, 0, 1]) {
      const wanted = total * chance(a) * chance(b);
      chiSquare += ((counts.get(`${a} ${b}`) ?? 0) - wanted) ** 2 / wanted;
    }
  }
  expect(counts.size).toBe(9);
  expect(chiSquare).toBeLessThan(32); // 8 degrees of freedom: 1e-4
});

describe('liars in a sum, modulo 2^32', () => {
  const norm = { bound: 1000, projections: 4, length: 16, liars: 2 };
  const trials = 3000;
  /** What both add together, against |C|·β on each row: each alone is held to β. */
  const rate = (vector: Int32Array) => {
    let passed = 0;
    for (let i = 0; i < trials; i++) {
      const sums = drawProjections(sha3_256(utf8(`liars ${i}`)), norm.projections, norm.length).of(vector);
      if (sums.every((p) => Math.abs(p | 0) <= norm.liars * norm.bound)) passed++;
    }
    return passed / trials;
  };

  test.each([
    ['one number', [16_000]],
    ['four numbers', [5000, -5000, 5000, 5000]],
    ['numbers that are their own negatives', [2 ** 31, 2 ** 31]],
  ])('%s: no more often than proven, for each choice of who drops out', (_, places) => {
    const vector = Int32Array.from({ length: norm.length }, (__, i) => places[i] ?? 0);
    const proven = liarsPassBound({ ...norm, norm: Math.hypot(...places) }) / 2 ** norm.liars;
    expect(proven).toBeLessThan(0.26);
    expect(rate(vector)).toBeLessThanOrEqual(proven + 5 * Math.sqrt(0.25 / trials));
  });

  test('known bad: what is within the bound passes always, and nothing is claimed of it', () => {
    expect(rate(Int32Array.from({ length: norm.length }, (_, i) => (i < 2 ? 1000 : 0)))).toBe(1);
    expect(liarsPassBound({ ...norm, norm: 1000 })).toBe(1);
  });

  test('the numbers of the docstrings, and no claim where sums may wrap', () => {
    const plan = { bound: 6000 / Math.SQRT2, projections: 32, length: 10_000, liars: 1 };
    const at = (excess: number) => liarsPassBound({ ...plan, bound: 4243, norm: excess * Math.SQRT2 * 4243 });
    expect(at(2).toExponential(1)).toBe('2.6e-3');
    expect(at(100 / 6).toExponential(1)).toBe('5.2e-6');
    expect(liarsPassBound({ ...plan, bound: 2 ** 20, norm: 1e12 })).toBe(1);
    expect(honestRefusalBound(32, 6)).toBeLessThan(1e-6);
    expect([16, 32, 64].map((r) => largeVectorPassBound(r, 2).toExponential(1))).toEqual([
      '3.6e-2',
      '1.3e-3',
      '1.7e-6',
    ]);
    expect(largeVectorPassBound(64, 1)).toBe(1);
  });
});
