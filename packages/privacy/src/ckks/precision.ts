import type { CkksParameters } from './parameters.ts';

/**
 * What is known of the numbers of a ciphertext without decrypting it. `deviation` is an upper bound on the standard
 * deviation of each number's error under the usual heuristic (errors of single coefficients independent); it is added
 * up as if the errors of two terms were fully correlated, so it never rests on who encrypted what.
 */
export interface Precision {
  /** No number is larger, by the word of those who encrypted. */
  readonly magnitude: number;
  readonly deviation: number;
}

/**
 * The error in a slot is mostly a product: of the rounding and of what the secret is in that slot. Both are normal, so
 * their product has the tail of a Laplace variable, e^(-√2·t) beyond t deviations, not that of a normal one: 1.8e-15 at
 * 24. Measured over 1.9 million fresh numbers: 7.9e-4 beyond 5 deviations and 1.2e-5 beyond 8, where e^(-√2·t) has 8.5e-4
 * and 1.2e-5.
 */
const DEVIATIONS = 24;

/** What no number's error exceeds, except with probability 1.8e-15 for each. */
export function errorBound({ deviation }: Precision): number {
  return DEVIATIONS * deviation;
}

/** The largest deviation with that bound. */
export function deviationOf(bound: number): number {
  return bound / DEVIATIONS;
}

/** SEAL's centred binomial distribution of 42 coins. */
const NOISE_VARIANCE = 42 / 4;
/** Of doubles, through the transforms of encoding: measured below 2^-50 of the largest number. */
const FLOAT_DEVIATION = 2 ** -49;

export function sumOf(a: Precision, b: Precision): Precision {
  return { magnitude: a.magnitude + b.magnitude, deviation: a.deviation + b.deviation };
}

/** Before rescaling. */
export function productOf(a: Precision, b: Precision): Precision {
  return {
    magnitude: a.magnitude * b.magnitude,
    deviation: a.magnitude * b.deviation + b.magnitude * a.deviation + DEVIATIONS * a.deviation * b.deviation,
  };
}

export function worse(a: Precision, deviation: number): Precision {
  return { magnitude: a.magnitude, deviation: a.deviation + deviation };
}

export interface PrecisionModel {
  /** Rounding to the grid of `scale`, and doubles. */
  encoded(magnitude: number, scale: number): Precision;
  /** What encryption adds: by the public key, whose noise is divided by the last prime and rounded; by the secret one. */
  encryption(key: 'public' | 'secret', scale: number): number;
  /** What dropping a prime adds, at the scale after it. */
  rescaling(scale: number): number;
  /**
   * What a rotation or relinearisation with `primes` of data adds, to one number or to a sum of any of them. A digit's
   * coefficients lie in [0, q), not around 0, so its energy, N²/6 over all slots, lies mostly in a few of them.
   */
  keySwitching(primes: number, scale: number): number;
}

/** Errors of ternary secrets at degree N: variances of coefficients, turned into deviations of real slots. */
export function precisionModel({ degree, chain }: CkksParameters): PrecisionModel {
  // A slot is a sum of N coefficients by unit roots; half of its variance is real.
  const slot = (variance: number, scale: number) => Math.sqrt((degree * variance) / 2) / scale;
  // Rounding errors uniform in ±1/2, of both parts, the second times a secret of variance 2/3 a coefficient.
  const rounding = (1 + (2 * degree) / 3) / 12;
  const special = chain.at(-1) as number;
  return {
    encoded: (magnitude, scale) => ({ magnitude, deviation: slot(1 / 12, scale) + magnitude * FLOAT_DEVIATION }),
    encryption: (key, scale) => slot(key === 'public' ? rounding + 1 : NOISE_VARIANCE, scale),
    rescaling: (scale) => slot(rounding, scale),
    keySwitching: (primes, scale) => {
      const digits = chain.slice(0, primes).reduce((sum, bits) => sum + 2 ** (bits - special), 0);
      return (
        (slot(NOISE_VARIANCE, scale) * degree * digits) / Math.sqrt(6) + slot(rounding, scale) * Math.sqrt(degree / 2)
      );
    },
  };
}
