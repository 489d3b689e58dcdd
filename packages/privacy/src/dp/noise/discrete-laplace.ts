import type { Entropy } from '@murmuration/core';
import { bernoulliExpBig, bernoulliExpFraction, geometricExpOne, MAX_NUMBER_TRIALS } from './bernoulli.ts';
import { type Rational, rational } from './rational.ts';
import { type NoiseSampler, samplerOf } from './sampler.ts';
import { stuck, type Words, wordsFrom } from './words.ts';

const MAX_TRIES = 1000;
/** Below this t·(heads + 1) is exact for all heads < 1000, and t·k for all trials k. */
const MAX_NUMBER_T = 2 ** 53 / 1024;

/**
 * The discrete Laplace distribution of scale b = num/den: P(x) ∝ exp(-|x|/b) on the integers, drawn exactly
 * (Canonne, Kamath & Steinke 2020, Algorithm 2). Added to an integer of sensitivity Δ it is (Δ/b)-DP. Charge it as
 * `discrete-laplace`.
 *
 * @param scale b in units of the integer grid
 * @throws PRIVACY_BAD_SCALE where it is not positive; each draw PRIVACY_ENTROPY_STUCK
 */
export function createDiscreteLaplace(entropy: Entropy, scale: Rational): NoiseSampler {
  const { draw, drawBig } = laplaceDraws(wordsFrom(entropy), scale);
  return samplerOf(draw, drawBig);
}

/** @internal Both paths over one source of words: the same words give the same draws. No `draw` beyond 2^53. */
export function laplaceDraws(words: Words, scale: Rational) {
  const { num, den } = rational(scale.num, scale.den);
  const drawBig = () => drawLaplaceBig(words, num, den);
  if (num >= BigInt(MAX_NUMBER_T) || den >= BigInt(MAX_NUMBER_T)) return { draw: undefined, drawBig };
  const t = Number(num);
  const s = Number(den);
  return { draw: () => drawLaplace(words, t, s), drawBig };
}

/** @internal Scale t/s. @param t integer in [1, 2^43) */
export function drawLaplace(words: Words, t: number, s: number): number {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const u = words.below(t);
    if (!bernoulliExpFraction(words, u, t)) continue;
    const x = u + t * geometricExpOne(words);
    const magnitude = s === 1 ? x : Math.floor(x / s);
    const negative = words.next() >= 0x80000000;
    // Zero has one sign: else it were drawn twice as often.
    if (negative && magnitude === 0) continue;
    return negative ? -magnitude : magnitude;
  }
  throw stuck();
}

/** @internal */
export function drawLaplaceBig(words: Words, t: bigint, s: bigint): bigint {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const u = words.belowBig(t);
    if (!bernoulliExpBig(words, u, t)) continue;
    const magnitude = (u + t * BigInt(geometricExpOne(words))) / s;
    const negative = words.next() >= 0x80000000;
    if (negative && magnitude === 0n) continue;
    return negative ? -magnitude : magnitude;
  }
  throw stuck();
}

/** Whether the Number path's bound holds for the trials of Bernoulli(exp(-num/den)). */
export function withinNumbers(den: bigint): boolean {
  return den * BigInt(MAX_NUMBER_TRIALS) < 2n ** 53n;
}
