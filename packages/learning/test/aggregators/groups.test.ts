import { seededRandom, shuffle, utf8 } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { gram, norm, subtract } from '@murmuration/kernels';
import { drawGroups, tolerance } from '@murmuration/privacy';
import { describe, expect, test } from 'vitest';
import { RULES, type Strategy } from '../../src/index.ts';

const LENGTH = 12;
type Robust = Exclude<Strategy, 'mean'>;
type Rows = readonly Float32Array[];

/** What the robust rules promise about m sums, of which at most f are liars', whatever those are. */
const BOUNDS: Record<Robust, (honest: Rows, m: number, f: number) => number> = {
  // (f, κ)-robustness, Allouah et al. 2023: within √κ standard deviations of any m − f honest sums.
  median: (honest, m, f) => Math.sqrt(4 * (1 + f / (m - 2 * f)) ** 2) * deviation(honest),
  // The trimmed mean's κ, through mixing (Allouah et al. 2023, lemma 1), then clipping (Allouah et al. 2024).
  'nnm-trimmed-mean': (honest, m, f) => {
    const trimmed = ((6 * f) / (m - 2 * f)) * (1 + f / (m - 2 * f));
    const mixed = ((8 * f) / (m - f)) * (1 + trimmed);
    return Math.sqrt(mixed + (2 * f) / (m - 2 * f)) * deviation(honest);
  },
  // A liar's sum that is chosen has a score below that of an honest one that is not, at most (m − f − 2)·D²; at least
  // m − 2f − 1 of its neighbours are honest. So it lies within D·√((m − f − 2) / (m − 2f − 1)) of one of them.
  'multi-krum': (honest, m, f) => diameter(honest) * (1 + (f / (m - f)) * Math.sqrt((m - f - 2) / (m - 2 * f - 1))),
  // Whatever is kept is no longer than the longest honest sum: that is all, and blind to what is shorter.
  cge: (honest, m, f) => diameter(honest) + (f / (m - f)) * 2 * Math.max(...honest.map(norm)),
};
const ROBUST = Object.keys(BOUNDS) as Robust[];

/** Of the squared distances to the mean of all, their mean's root. */
function deviation(rows: Rows): number {
  const squares = rows.map((row) => norm(subtract(row, meanOf(rows))) ** 2);
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / rows.length);
}

function diameter(rows: Rows): number {
  return Math.max(...rows.flatMap((a) => rows.map((b) => norm(subtract(a, b)))));
}

function meanOf(rows: Rows): Float32Array {
  return Float32Array.from({ length: LENGTH }, (_, i) => rows.reduce((sum, row) => sum + at(row, i), 0) / rows.length);
}

function at(row: Float32Array, i: number): number {
  return row[i] as number;
}

/** How far liars go, in standard deviations of the honest sums. */
const REACHES = [0.5, 1, 2, 5, 30, 1e4];

interface Drawn {
  readonly rows: Rows;
  readonly honest: Rows;
}

/**
 * Means of the groups that one beacon draws, of devices around a common update. Who lies sets the mean of its group to
 * what it likes, and knows all the others: all on one point or scattered, near the honest or far from them.
 */
function draw(seed: string, devices: number, groupSize: number, liarCount: number): Drawn {
  const random = seededRandom(seed);
  const ids = Array.from({ length: devices }, (_, i) => `device ${i}`);
  const liars = new Set(shuffle(random, [...ids]).slice(0, liarCount));
  const groups = drawGroups(sha3_256(utf8(seed)), ids, groupSize);
  const centre = Float32Array.from({ length: LENGTH }, () => random.unit() - 0.3);
  const update = () => centre.map((value) => value + 2 * (random.unit() - 0.5));
  const means = groups.map((members) => meanOf(members.map(update)));
  const lies = groups.map((members) => members.some((member) => liars.has(member)));
  const honest = means.filter((_, group) => !lies[group]);
  const heart = meanOf(honest);
  const away = Float32Array.from({ length: LENGTH }, () => random.unit() - 0.5);
  const back = random.below(3) === 0;
  const reach = (deviation(honest) * (REACHES[random.below(REACHES.length)] as number)) / norm(away);
  const scatter = random.below(3) === 0 ? 0.5 : 0;
  const lie = () =>
    heart.map((value, i) => {
      const far = back ? -reach * value : reach * at(away, i);
      return value + far * (1 + scatter * (random.unit() - 0.5));
    });
  return { rows: means.map((mean, group) => (lies[group] ? lie() : mean)), honest };
}

/** How far the rule's result is from the honest sums, as a share of its bound, for the worst m − f of them tried. */
function shareOfBound(strategy: Robust, { rows, honest }: Drawn, f: number, seed: string): number {
  const m = rows.length;
  const { aggregate } = RULES[strategy].combine({ rows, gram: gram(rows), faulty: f });
  const random = seededRandom(`${seed} subsets`);
  const subsets = Array.from({ length: 4 }, () => shuffle(random, [...honest]).slice(0, m - f));
  return Math.max(
    ...subsets.map((some) => norm(subtract(aggregate, meanOf(some))) / (BOUNDS[strategy](some, m, f) + 1e-5)),
  );
}

const GROUPINGS = [
  [100, 5],
  [100, 8],
  [57, 8],
  [35, 5],
  [25, 5],
] as const;

describe.each(ROBUST)('%s over the sums of groups', (strategy) => {
  const rule = RULES[strategy];

  test('with as many liars as it bears, or fewer, it stays inside its bound for every drawn grouping', () => {
    for (let run = 0; run < 150; run++) {
      const [devices, groupSize] = GROUPINGS[run % GROUPINGS.length] as (typeof GROUPINGS)[number];
      const { poisoners } = tolerance(devices, groupSize, 0, rule.maxFaulty);
      const liars = run % 3 === 0 ? 1 + (run % poisoners) : poisoners;
      const seed = `${strategy} ${run}`;
      const share = shareOfBound(strategy, draw(seed, devices, groupSize, liars), poisoners, seed);
      expect([seed, share <= 1]).toEqual([seed, true]);
    }
  });

  test('with liars in most groups it does not: positive control', () => {
    const broken = Array.from({ length: 60 }, (_, run) => `${strategy} control ${run}`).filter((seed) => {
      // Enough liars for 12 of 20 groups and more, of which the rule knows as many as it bears.
      const drawn = draw(seed, 100, 5, 25);
      const f = rule.maxFaulty(20);
      const { aggregate } = rule.combine({ rows: drawn.rows, gram: gram(drawn.rows), faulty: f });
      const bound = BOUNDS[strategy](drawn.honest, 20, f);
      return norm(subtract(aggregate, meanOf(drawn.honest))) > bound;
    });
    expect(broken.length).toBeGreaterThan(5);
  });
});

test('the table tells what each rule bears: Multi-Krum one liar fewer than half of the sums, the plain mean none', () => {
  for (const [devices, groupSize] of GROUPINGS) {
    const { groups, poisoners } = tolerance(devices, groupSize);
    const by = (strategy: Strategy) => tolerance(devices, groupSize, 0, RULES[strategy].maxFaulty).poisoners;
    expect(ROBUST.map(by)).toEqual(ROBUST.map((strategy) => (strategy === 'multi-krum' ? poisoners - 1 : poisoners)));
    expect(2 * by('multi-krum') + 3).toBeLessThanOrEqual(groups);
    expect(by('mean')).toBe(0);
  }
});

test('one liar more than Multi-Krum bears takes it anywhere, and the others not: 2f + 1 sums, f of them on one point', () => {
  for (const f of [2, 3, 4]) {
    const random = seededRandom(`breakdown ${f}`);
    const honest = Array.from({ length: f + 1 }, () => Float32Array.from({ length: LENGTH }, () => random.unit()));
    const rows = [...honest, ...Array.from({ length: f }, () => new Float32Array(LENGTH).fill(1e6))];
    const spoilt = (strategy: Robust) =>
      norm(RULES[strategy].combine({ rows, gram: gram(rows), faulty: f }).aggregate) > 1e5;
    expect([f, ROBUST.filter(spoilt)]).toEqual([f, ['multi-krum']]);
    expect(RULES['multi-krum'].maxFaulty(rows.length)).toBe(f - 1);
  }
});

test('the plain mean goes where one liar likes: positive control', () => {
  const { rows, honest } = draw('mean', 100, 5, 0);
  const spoilt = [new Float32Array(LENGTH).fill(1e6), ...rows.slice(1)];
  const { aggregate } = RULES.mean.combine({ rows: spoilt, gram: gram(spoilt), faulty: 0 });
  expect(norm(subtract(aggregate, meanOf(honest)))).toBeGreaterThan(1e5 * deviation(honest));
});
