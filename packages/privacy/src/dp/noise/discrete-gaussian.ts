import { assert, type Entropy } from '@murmuration/core';
import { bernoulliExp, bernoulliExpBig } from './bernoulli.ts';
import { drawLaplace, drawLaplaceBig, withinNumbers } from './discrete-laplace.ts';
import { integerSquareRoot, type Rational, rational } from './rational.ts';
import { type NoiseSampler, samplerOf } from './sampler.ts';
import { stuck, type Words, wordsFrom } from './words.ts';

const MAX_TRIES = 1000;
/** Largest integer whose square is a safe integer. */
const MAX_ROOT = 94_906_265;

/**
 * The discrete Gaussian distribution: P(x) ∝ exp(-x²/2σ²) on the integers, drawn exactly by rejection from a
 * discrete Laplace distribution of scale t = ⌊σ⌋ + 1 (Canonne, Kamath & Steinke 2020, Algorithm 3). Added to an
 * integer vector of L2 sensitivity Δ it is ρ-zCDP with ρ = Δ²/2σ² (their Theorem 4).
 *
 * With σ² = n/d a candidate Y is kept with probability exp(-(|Y|dt - n)²/2ndt²). The Number path is taken where
 * 2ndt²·k < 2^53 for the k ≤ 16 trials of a Bernoulli draw: then every integer involved is exact. For an integer σ²
 * that is 2σ²t²·16 < 2^53, σ up to about 4,090. Only a Y whose numerator exceeds 2^53, and a 17th trial, are settled
 * in BigInt.
 *
 * @param variance σ² in units of the integer grid
 * @throws PRIVACY_BAD_SCALE where it is not positive; each draw PRIVACY_ENTROPY_STUCK
 */
export function createDiscreteGaussian(entropy: Entropy, variance: Rational): NoiseSampler {
  const { draw, drawBig } = gaussianDraws(wordsFrom(entropy), variance);
  return samplerOf(draw, drawBig);
}

/** @internal Both paths over one source of words: the same words give the same draws. No `draw` beyond 2^53. */
export function gaussianDraws(words: Words, variance: Rational) {
  const { num, den } = rational(variance.num, variance.den);
  const t = integerSquareRoot(num / den) + 1n;
  const big: Shape<bigint> = { n: num, step: den * t, t, denominator: 2n * num * den * t * t };
  const drawBig = () => drawGaussianBig(words, big);
  if (!withinNumbers(big.denominator)) return { draw: undefined, drawBig };
  const shape = { n: Number(big.n), step: Number(big.step), t: Number(t), denominator: Number(big.denominator) };
  assert(shape.denominator * 16 < 2 ** 53, '2σ²t²·k < 2^53 for every trial k of the Number path');
  return { draw: () => drawGaussian(words, shape, big), drawBig };
}

interface Shape<Integer> {
  readonly n: Integer;
  /** d·t */
  readonly step: Integer;
  readonly t: Integer;
  /** 2ndt² */
  readonly denominator: Integer;
}

function drawGaussian(words: Words, shape: Shape<number>, big: Shape<bigint>): number {
  const { n, step, t, denominator } = shape;
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const y = drawLaplace(words, t, 1);
    // |y|·step may round only where it is far above MAX_ROOT, which the comparison then sees.
    const root = Math.abs(Math.abs(y) * step - n);
    const kept =
      root <= MAX_ROOT ? bernoulliExp(words, root * root, denominator) : keptBig(words, BigInt(Math.abs(y)), big);
    if (kept) return y;
  }
  throw stuck();
}

function drawGaussianBig(words: Words, shape: Shape<bigint>): bigint {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const y = drawLaplaceBig(words, shape.t, 1n);
    if (keptBig(words, y < 0n ? -y : y, shape)) return y;
  }
  throw stuck();
}

function keptBig(words: Words, magnitude: bigint, { n, step, denominator }: Shape<bigint>): boolean {
  const root = magnitude * step - n;
  return bernoulliExpBig(words, root * root, denominator);
}
