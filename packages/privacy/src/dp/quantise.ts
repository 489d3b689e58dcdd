import { checkInteger, checkNumber, type Entropy, MurmurError } from '@murmuration/core';
import { type Words, wordsFrom } from './noise/words.ts';

export interface QuantiserOptions {
  /** L2 norm C that updates are clipped to, in their unit. */
  readonly clippingNorm: number;
  /** What one integer stands for (γ), in the same unit. */
  readonly scale: number;
  readonly dimension: number;
  /** The norm of a rounded vector exceeds the bound, and is rounded anew, at most this often. @default e^-1/2 */
  readonly beta?: number;
}

export interface Quantised {
  readonly values: Int32Array;
  /** L2 norm before clipping, in the update's unit. */
  readonly norm: number;
  /** Roundings until one stayed within the bound. */
  readonly attempts: number;
}

export interface Quantiser {
  /** No output's squared L2 norm exceeds this integer: the sensitivity, in integer units, is its root. */
  readonly maxSquaredNorm: number;
  /** √maxSquaredNorm. */
  readonly l2: number;
  /**
   * Clips, scales and rounds to integers, without bias but for the conditioning.
   * @throws PRIVACY_NOT_FINITE, PRIVACY_WRONG_LENGTH, PRIVACY_ROUNDING_STUCK
   */
  quantise(update: Float32Array | Float64Array, entropy: Entropy): Quantised;
  /** Back to the update's unit. */
  restore(values: ArrayLike<number>): Float64Array;
}

const DEFAULT_BETA = Math.exp(-0.5);
/** Integers of one update stay below this, so that 32-bit masks have room for a group and its noise. */
const MAX_NORM = 2 ** 26;
/** With β = e^-1/2 that many failures in a row have probability below 1e-200. */
const MAX_ATTEMPTS = 1000;

/**
 * The conditional stochastic rounding of Kairouz, Liu & Steinke 2021 (Algorithm 1, without its rotation): rounds up
 * with the probability of the fraction, and again until the squared norm is at most
 * min(c² + d/4 + √(2 ln(1/β))·(c + √d/2), (c + √d)²) with c = C/γ. The norm is checked on the integers, exactly, so
 * the sensitivity holds whatever the rounding of the clipping did.
 */
export function createQuantiser(options: QuantiserOptions): Quantiser {
  const { clippingNorm, scale, dimension, beta = DEFAULT_BETA } = options;
  checkNumber('clipping norm', clippingNorm, 1e-30, 1e30);
  checkNumber('scale', scale, clippingNorm / MAX_NORM, 1e30);
  checkInteger('dimension', dimension, 1, 2 ** 31);
  checkNumber('beta', beta, 1e-12, 1 - 1e-6);
  const maxSquaredNorm = Math.floor(roundedSquaredNorm(clippingNorm / scale, dimension, beta));
  const l2 = Math.sqrt(maxSquaredNorm);
  return {
    maxSquaredNorm,
    l2,
    quantise: (update, entropy) => {
      checkLength(update.length, dimension);
      const { clipped, norm } = clip(update, clippingNorm);
      const words = wordsFrom(entropy, 2 * dimension);
      const values = new Int32Array(dimension);
      for (let attempts = 1; attempts <= MAX_ATTEMPTS; attempts++) {
        if (roundInto(values, clipped, scale, words) <= maxSquaredNorm) return { values, norm, attempts };
      }
      values.fill(0);
      throw new MurmurError({
        code: 'PRIVACY_ROUNDING_STUCK',
        message: `${MAX_ATTEMPTS} roundings in a row had a squared norm above ${maxSquaredNorm}`,
        remedy: 'repair the source of entropy; nothing was released',
      });
    },
    restore: (values) => Float64Array.from(values, (value) => value * scale),
  };
}

/**
 * The bound on a rounded vector's squared norm, in integer units (Kairouz, Liu & Steinke 2021, Theorem 1).
 * @param c clipping norm over scale, 0 to 2^40. @param dimension 1 to 2^31. @param beta in (0, 1)
 * @throws OPTION_OUT_OF_RANGE
 */
export function roundedSquaredNorm(c: number, dimension: number, beta: number = DEFAULT_BETA): number {
  checkNumber('clipping norm over scale', c, 0, 2 ** 40);
  checkInteger('dimension', dimension, 1, 2 ** 31);
  checkNumber('beta', beta, 1e-12, 1 - 1e-6);
  const root = Math.sqrt(dimension);
  const conditional = c * c + dimension / 4 + Math.sqrt(2 * Math.log(1 / beta)) * (c + root / 2);
  return Math.min(conditional, (c + root) ** 2);
}

/**
 * Scales `update` down to L2 norm C where it is longer, up to the last digit: what must hold exactly is checked on the
 * rounded integers. Returns a copy and the norm before.
 * @param clippingNorm > 0, in the unit of the update
 * @throws PRIVACY_NOT_FINITE, naming the place; OPTION_OUT_OF_RANGE
 */
export function clip(update: Float32Array | Float64Array, clippingNorm: number) {
  checkNumber('clipping norm', clippingNorm, Number.MIN_VALUE, Number.MAX_VALUE);
  const clipped = Float64Array.from(update);
  let largest = 0;
  for (let i = 0; i < clipped.length; i++) {
    const value = clipped[i] as number;
    if (!Number.isFinite(value)) throw notFinite(value, i);
    largest = Math.max(largest, Math.abs(value));
  }
  if (largest === 0) return { clipped, norm: 0 };
  // Relative to the largest entry, so that no square overflows or vanishes.
  let squares = 0;
  for (const value of clipped) squares += (value / largest) ** 2;
  const length = Math.sqrt(squares);
  const factor = clippingNorm / largest / length;
  if (factor < 1) for (let i = 0; i < clipped.length; i++) clipped[i] = (clipped[i] as number) * factor;
  return { clipped, norm: largest * length };
}

/** Rounds up where a 53-bit fraction of chance is below the value's own. @returns the squared norm */
function roundInto(values: Int32Array, clipped: Float64Array, scale: number, words: Words): number {
  let squares = 0;
  for (let i = 0; i < values.length; i++) {
    const scaled = (clipped[i] as number) / scale;
    const floor = Math.floor(scaled);
    const up = words.below(2 ** 53) / 2 ** 53 < scaled - floor ? 1 : 0;
    const value = floor + up;
    values[i] = value;
    // Integers: exact below 2^53, and rounding beyond never brings a sum back below the bound, which is smaller.
    squares += value * value;
  }
  return squares;
}

/**
 * Refuses parameters whose sums could wrap: clients · max|value| plus ten deviations of the noise must stay below
 * 2^(bits-1). @throws PRIVACY_MODULUS_TOO_SMALL, OPTION_OUT_OF_RANGE
 */
export function checkHeadroom(sum: {
  readonly clients: number;
  readonly l2: number;
  /** Of the whole sum, in integer units. */
  readonly sigma: number;
  readonly bits: number;
}): void {
  checkInteger('clients', sum.clients, 1);
  checkNumber('L2 norm', sum.l2, 0, 2 ** 40);
  checkNumber('sigma', sum.sigma, 0, 2 ** 60);
  checkInteger('bits', sum.bits, 2, 64);
  const needed = sum.clients * Math.floor(sum.l2) + 10 * sum.sigma;
  if (needed < 2 ** (sum.bits - 1)) return;
  throw new MurmurError({
    code: 'PRIVACY_MODULUS_TOO_SMALL',
    message: `sums of ${sum.clients} vectors reach ±${Math.ceil(needed)}, more than ${sum.bits} bits hold`,
    remedy: 'choose a coarser scale, a smaller group or a wider modulus',
    facts: { clients: sum.clients, needed, bits: sum.bits },
  });
}

function checkLength(length: number, dimension: number): void {
  if (length === dimension) return;
  throw new MurmurError({
    code: 'PRIVACY_WRONG_LENGTH',
    message: `an update has ${length} values, not ${dimension}`,
    remedy: `give exactly the ${dimension} values of the model`,
    facts: { length, dimension },
  });
}

function notFinite(value: number, index: number): MurmurError {
  return new MurmurError({
    code: 'PRIVACY_NOT_FINITE',
    message: `value ${index} of the update is ${value}`,
    remedy: 'send finite numbers only; look for a diverged training',
    facts: { index },
  });
}
