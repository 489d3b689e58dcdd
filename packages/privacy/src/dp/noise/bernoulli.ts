import { stuck, type Words } from './words.ts';

/**
 * Trials of one Bernoulli(exp(-γ)) that stay in Numbers. A further one happens with probability below 1/16! and
 * goes on in BigInt, so that den·k < 2^53 need hold for k ≤ 16 only.
 */
export const MAX_NUMBER_TRIALS = 16;

/** Heads in a row of Bernoulli(1/e) that end a draw: probability e^-1000. */
const MAX_HEADS = 1000;

/** Trials that end a draw: probability below 1/1000!. */
const MAX_BIG_TRIALS = 1000n;

/** 8 · 12!, the largest multiple of 12! below 2^32, and 8 · 12!/k! for k = 0 … 12. */
const FACTORIAL_SCALE = 3_832_012_800;
const THRESHOLDS = Array.from({ length: 13 }, (_, k) => FACTORIAL_SCALE / factorial(k));

/**
 * One with probability exp(-num/den), exactly (Canonne, Kamath & Steinke 2020, Algorithm 1).
 *
 * Draws A_k ~ Bernoulli(γ/k) for k = 1, 2, … until one fails: that k is odd with probability exp(-γ).
 *
 * @param num integer ≥ 0, num < 2^53
 * @param den integer ≥ 1 with den · 16 < 2^53: then every product below is an exact Number
 */
export function bernoulliExp(words: Words, num: number, den: number): boolean {
  // The floor is exact: where num = k·den - 1 < 2^53, the quotient lies more than half a unit in the last place below k.
  const whole = Math.floor(num / den);
  return allExpOne(words, whole) && bernoulliExpFraction(words, num - whole * den, den);
}

/** Whether `count` Bernoulli(1/e) in a row are one. */
function allExpOne(words: Words, count: number): boolean {
  for (let i = 0; i < count; i++) {
    if (i === MAX_HEADS) throw stuck();
    if (!bernoulliExpOne(words)) return false;
  }
  return true;
}

/** As `bernoulliExp`, for num ≤ den. */
export function bernoulliExpFraction(words: Words, num: number, den: number): boolean {
  let bound = den;
  for (let k = 1; k <= MAX_NUMBER_TRIALS; k++) {
    if (words.below(bound) >= num) return (k & 1) === 1;
    bound += den;
  }
  return fractionFrom(words, BigInt(num), BigInt(den), BigInt(MAX_NUMBER_TRIALS + 1));
}

/**
 * One with probability 1/e: the same loop at γ = 1, its trials read from one word. Of 12! equally likely values
 * those below 12!/k! pass the first k trials; the smallest of them goes on with trial 13.
 */
export function bernoulliExpOne(words: Words): boolean {
  for (let tries = 0; tries < MAX_HEADS; tries++) {
    const draw = words.next();
    if (draw >= FACTORIAL_SCALE) continue;
    let k = 2;
    while (k <= 12 && draw < (THRESHOLDS[k] as number)) k++;
    return k <= 12 ? (k & 1) === 1 : fractionFrom(words, 1n, 1n, 13n);
  }
  throw stuck();
}

/** How many Bernoulli(1/e) in a row are one. */
export function geometricExpOne(words: Words): number {
  for (let heads = 0; heads < MAX_HEADS; heads++) if (!bernoulliExpOne(words)) return heads;
  throw stuck();
}

/** `bernoulliExp` without a bound on its arguments. About twenty times slower. */
export function bernoulliExpBig(words: Words, num: bigint, den: bigint): boolean {
  const whole = num / den;
  // As a Number it may be rounded or infinite: that far no draw gets.
  return allExpOne(words, Number(whole)) && fractionFrom(words, num - whole * den, den, 1n);
}

/** Goes on with trial `first` where all before it passed. */
function fractionFrom(words: Words, num: bigint, den: bigint, first: bigint): boolean {
  for (let k = first; k < MAX_BIG_TRIALS; k++) if (words.belowBig(den * k) >= num) return (k & 1n) === 1n;
  throw stuck();
}

function factorial(n: number): number {
  return n === 0 ? 1 : n * factorial(n - 1);
}
