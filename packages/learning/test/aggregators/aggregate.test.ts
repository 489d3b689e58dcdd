import { deviceIdFromDigest, seededRandom } from '@murmuration/core';
import { describe, expect, test } from 'vitest';
import { aggregate, attacks, defaultPlan, type Strategy, toleratedFaulty, type Update } from '../../src/index.ts';

const PLAN = defaultPlan('digits');
const LENGTH = 400;

/** Honest updates: a common direction and as much of their own. */
function honest(n: number, seed = 'honest'): Update[] {
  const random = seededRandom(seed);
  const centre = Array.from({ length: LENGTH }, () => random.unit() - 0.5);
  return Array.from({ length: n }, (_, i) => ({
    device: deviceIdFromDigest(new Uint8Array(32).fill(7 * i + 1)),
    delta: Float32Array.from(centre, (value) => value + 1.2 * (random.unit() - 0.5)),
    samples: 100,
  }));
}

/** The last update becomes a lie about the others. */
function withLiar(updates: readonly Update[], attack = 'inner-product-manipulation'): Update[] {
  const last = updates.at(-1) as Update;
  const others = updates.slice(0, -1).map((update) => update.delta);
  const craft = attacks[attack]?.craft;
  if (craft === undefined) throw new Error(`no attack ${attack}`);
  return [
    ...updates.slice(0, -1),
    { ...last, delta: craft({ own: last.delta, others, round: 0, random: seededRandom(1) }) },
  ];
}

describe('aggregate', () => {
  test('is the same, bit for bit, in whatever order updates arrive', () => {
    const updates = withLiar(honest(7));
    const wanted = aggregate(PLAN, updates);
    expect(aggregate(PLAN, [...updates].reverse())).toEqual(wanted);
    expect(wanted.verdicts.map(({ device }) => device)).toEqual(wanted.verdicts.map(({ device }) => device).sort());
  });

  test.each(['nnm-trimmed-mean', 'cge', 'median', 'multi-krum'] as const)(
    '%s: the liar is an outlier and nobody else',
    (strategy) => {
      for (const n of [5, 6, 7, 10]) {
        const { verdicts, faulty } = aggregate({ ...PLAN, strategy }, withLiar(honest(n)));
        const liar = verdicts.filter(({ outlier }) => outlier);
        expect(liar).toHaveLength(1);
        expect(liar[0]).toMatchObject({
          device: honest(n).at(-1)?.device,
          accepted: false,
          reason: 'outlier',
          weight: 0,
        });
        expect(liar[0]?.cosine).toBeLessThan(-0.5);
        expect(faulty).toBe(toleratedFaulty({ ...PLAN, strategy }, n - 1, 1));
      }
    },
  );

  test('without a liar nobody is an outlier and every update counts', () => {
    for (let n = 1; n <= 9; n++) {
      const { verdicts } = aggregate(PLAN, honest(n, `seed ${n}`));
      expect(verdicts.every(({ outlier, accepted, reason }) => !outlier && accepted && reason === 'accepted')).toBe(
        true,
      );
      expect(verdicts.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 9);
    }
  });

  test('a dropped outlier leaves no trace: the rest aggregates as if it had never come', () => {
    const updates = withLiar(honest(7));
    const without = aggregate(PLAN, updates.slice(0, -1), { excluded: 1 });
    expect(aggregate(PLAN, updates).aggregate).toEqual(without.aggregate);
  });

  test('the plain mean calls nobody an outlier and follows the liar', () => {
    const updates = withLiar(honest(7));
    const { verdicts, aggregate: result } = aggregate({ ...PLAN, strategy: 'mean' }, updates);
    expect(verdicts.some(({ outlier }) => outlier)).toBe(false);
    const direction = aggregate(PLAN, honest(7)).aggregate;
    expect(result.reduce((sum, value, k) => sum + value * (direction[k] as number), 0)).toBeLessThan(0);
  });

  test('a liar still falls when those quarantined have spent the plan’s f', () => {
    const { verdicts, faulty } = aggregate(PLAN, withLiar(honest(5)), { excluded: 2 });
    expect(faulty).toBe(0);
    expect(verdicts.filter(({ outlier }) => outlier)).toHaveLength(1);
    expect(verdicts.filter(({ accepted }) => accepted)).toHaveLength(4);
  });

  test('nobody is judged where the liars could be half: no honest device pays for a late majority', () => {
    // Two colluding liars among four, f = 2: each side looks like the outlier to the other.
    const [a, b, c, d] = honest(4) as [Update, Update, Update, Update];
    const lie = withLiar([a, b, c]).at(-1)?.delta as Float32Array;
    const { verdicts } = aggregate(PLAN, [a, b, { ...c, delta: lie }, { ...d, delta: lie }]);
    expect(verdicts.some(({ outlier }) => outlier)).toBe(false);
  });

  test('zero updates, one update and equal updates are no trouble', () => {
    const zero = honest(7).map((update) => ({ ...update, delta: new Float32Array(LENGTH) }));
    expect(
      aggregate(PLAN, zero).verdicts.every(({ cosine, norm, outlier }) => cosine === 0 && norm === 0 && !outlier),
    ).toBe(true);
    const [only] = honest(1) as [Update];
    expect(aggregate(PLAN, [only]).aggregate).toEqual(only.delta);
    expect(() => aggregate(PLAN, [])).toThrow(expect.objectContaining({ code: 'AGGREGATE_EMPTY' }));
  });

  test('NaN from a caller that did not decode is refused, not averaged', () => {
    const updates = honest(3);
    (updates[1] as Update).delta[5] = Number.NaN;
    expect(() => aggregate(PLAN, updates)).toThrow(expect.objectContaining({ code: 'AGGREGATE_NOT_FINITE' }));
  });
});

test('f adapts: the plan’s, less those excluded, at most what the rule bears among those present', () => {
  const table: readonly [Strategy, number, number, number][] = [
    ['nnm-trimmed-mean', 7, 0, 2],
    ['nnm-trimmed-mean', 6, 1, 1],
    ['nnm-trimmed-mean', 5, 2, 0],
    ['nnm-trimmed-mean', 4, 0, 1],
    ['nnm-trimmed-mean', 2, 0, 0],
    ['nnm-trimmed-mean', 7, 5, 0],
    ['multi-krum', 6, 0, 1],
    ['mean', 7, 0, 0],
  ];
  for (const [strategy, n, excluded, wanted] of table) {
    expect(toleratedFaulty({ ...PLAN, strategy }, n, excluded)).toBe(wanted);
  }
});
