import { expect, test } from 'vitest';
import { atLeast, createDiscreteGaussian } from '../../src/index.ts';
import { createWorld, plainSum, runWorld, seededEntropy } from './world.ts';

const VARIANCE = 400;
const LENGTH = 20_000;

/** Mean square of what a released sum adds to the plain one. */
function noiseOf(calibratedFor: number): number {
  const entropy = seededEntropy(`discrete Gaussian ${calibratedFor}`);
  const noise = (variance: number) => createDiscreteGaussian(entropy, atLeast(variance));
  const options = { size: 5, length: LENGTH, noiseVariance: VARIANCE, minSurvivors: calibratedFor };
  const world = createWorld({ seedText: 'noise', ...options, client: { noise } });
  const { result } = runWorld(world, (member) => (member < 5 - calibratedFor ? 'shares' : 'none'));
  expect([result?.survivors.length, result?.outOfRange]).toEqual([calibratedFor, 0]);
  const plain = plainSum(world.inputs, result?.survivors ?? []);
  return plain.reduce((squares, value, i) => squares + ((result?.sum[i] as number) - value) ** 2, 0) / LENGTH;
}

test('the fewest survivors of a released sum carry the whole variance together, whatever their number', () => {
  // The mean square of 20,000 draws has a relative standard deviation of 1 %.
  for (const survivors of [3, 4, 5]) expect(Math.abs(noiseOf(survivors) / VARIANCE - 1)).toBeLessThan(0.05);
});
