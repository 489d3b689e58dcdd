import { expect, test } from 'vitest';
import { IDENTITY, randomScalar, scalars } from '../../../src/zk/group/group.ts';
import { publicMsm, secretMsm } from '../../../src/zk/group/msm.ts';
import { vectorBases } from '../../../src/zk/group/pedersen.ts';
import { naiveSum, seededEntropy } from '../world.ts';

const EDGES = [0n, 1n, 2n, 15n, 16n, scalars.ORDER - 1n, 1n << 252n];

test.each([0, 1, 7, 33, 90])(
  'both multiplications equal the sum one by one, zeros and extremes included: %i points',
  (n) => {
    const entropy = seededEntropy(`msm ${n}`);
    const points = vectorBases('g', n);
    const weights = points.map((_, i) => EDGES[i] ?? randomScalar(entropy));
    const wanted = naiveSum(points, weights, IDENTITY);
    expect(publicMsm(points, weights).equals(wanted)).toBe(true);
    expect(secretMsm(points, weights).equals(wanted)).toBe(true);
  },
);

test('opposite scalars cancel to the identity', () => {
  const points = Array.from({ length: 50 }, () => vectorBases('g', 1)[0] ?? IDENTITY);
  const weights = points.map((_, i) => (i % 2 === 0 ? 5n : scalars.neg(5n)));
  expect(publicMsm(points, weights).is0()).toBe(true);
  expect(secretMsm(points, weights).is0()).toBe(true);
});
