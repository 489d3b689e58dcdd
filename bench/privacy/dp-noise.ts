import { randomBytes } from 'node:crypto';
import {
  chiSquareFit,
  createDiscreteGaussian,
  discreteGaussianProbability,
  type NoiseSampler,
  rational,
} from '@murmuration/privacy';
import type { Row } from '../rows.ts';

const entropy = { bytes: (length: number) => new Uint8Array(randomBytes(length)) };
const TEN_MILLION = 10_000_000;
const REPETITIONS = 7;
const REACH = 128;

/** The discrete Gaussian: time a sample, goodness of fit, and the same test on samplers that are wrong. */
export function dpNoiseRows(): readonly Row[] {
  return [...[8, 100, 1000].map(timeRow), ...fitRows()];
}

function timeRow(sigma: number): Row {
  const fast = createDiscreteGaussian(entropy, rational(sigma * sigma));
  // The same σ as a fraction of large integers: the path without a bound.
  const big = createDiscreteGaussian(entropy, rational(BigInt(sigma * sigma) * 10n ** 20n + 1n, 10n ** 20n));
  microseconds(fast, 200_000);
  const ours = median(Array.from({ length: REPETITIONS }, () => microseconds(fast, 300_000)));
  const other = median(Array.from({ length: 3 }, () => microseconds(big, 2_000)));
  return {
    what: `discrete Gaussian, sigma ${sigma}, ${fast.path} path, processor time a sample, median of ${REPETITIONS}`,
    value: ours,
    unit: 'µs',
    against: `the ${big.path} path, ${other.toFixed(1)} µs`,
    bar: '≤ 1.5',
    holds: ours <= 1.5 && fast.path === 'number',
  };
}

function microseconds(sampler: NoiseSampler, samples: number): number {
  const started = process.cpuUsage();
  for (let i = 0; i < samples; i++) sampler.sample();
  const { user, system } = process.cpuUsage(started);
  return (user + system) / samples;
}

function fitRows(): readonly Row[] {
  const sampler = createDiscreteGaussian(entropy, rational(64));
  let draws = 0;
  const right = pValueOf(sampler.sample, TEN_MILLION, 64);
  const shifted = pValueOf(() => sampler.sample() + (++draws % 16 === 0 ? 1 : 0), TEN_MILLION, 64);
  const rounded = pValueOf(() => Math.round(0.5 * boxMuller()), TEN_MILLION / 10, 0.25);
  const against = 'the exact law, chi-square, cells of 25 or more';
  return [
    pValueRow('goodness of fit, sigma 8, 10^7 samples, p-value', right, against, '≥ 1e-4', right >= 1e-4),
    pValueRow('planted: one too high in one draw of 16, p-value', shifted, against, '< 1e-9', shifted < 1e-9),
    pValueRow('planted: rounded continuous Gaussian, sigma 0.5, p-value', rounded, against, '< 1e-9', rounded < 1e-9),
  ];
}

function pValueRow(what: string, value: number, against: string, bar: string, holds: boolean): Row {
  return { what, value, unit: 'p', against, bar, holds };
}

function pValueOf(draw: () => number, samples: number, variance: number): number {
  const cells = new Float64Array(2 * REACH + 1);
  for (let i = 0; i < samples; i++) {
    const at = draw() + REACH;
    cells[at] = (cells[at] as number) + 1;
  }
  const counts = new Map([...cells].map((count, i) => [i - REACH, count]));
  return chiSquareFit(counts, discreteGaussianProbability(variance), REACH).pValue;
}

function boxMuller(): number {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] as number;
}
