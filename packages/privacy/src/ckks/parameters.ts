import { checkInteger, MurmurError } from '@murmuration/core';

/** How often results may be multiplied before nothing of the chain is left: 0 can only be added to. */
export type Level = 0 | 1 | 2 | 3 | 4 | 5 | 6;
/** Levels at which one may still multiply. */
export type MultipliableLevel = Exclude<Level, 0>;
interface LevelBelow {
  readonly 0: never;
  readonly 1: 0;
  readonly 2: 1;
  readonly 3: 2;
  readonly 4: 3;
  readonly 5: 4;
  readonly 6: 5;
}
/** The level after a product. */
export type Below<L extends Level> = LevelBelow[L];

export interface CkksParameters {
  /** N, the degree of the ring: a power of two. N/2 numbers fit into one ciphertext. */
  readonly degree: number;
  /** Bits of each prime: the base, one a level, and the key-switching prime, which is as large as the largest. */
  readonly chain: readonly number[];
  /** Fixed-point scale of a fresh ciphertext, as a power of two. */
  readonly scaleBits: number;
}

const PRESETS = {
  /** Sums only. 4096 numbers a ciphertext, |sum| < 2^14, error about 1e-9. */
  sum: { degree: 8192, chain: [60, 60], scaleBits: 45 },
  /** Two products deep: mean, variance, linear models. |value| < 2^19. */
  statistics: { degree: 8192, chain: [60, 40, 40, 60], scaleBits: 40 },
  /** Six products deep: polynomials, as of a logistic model. 8192 numbers a ciphertext. */
  deep: { degree: 16384, chain: [60, 40, 40, 40, 40, 40, 40, 60], scaleBits: 40 },
} as const satisfies Readonly<Record<string, CkksParameters>>;

export type CkksPreset = keyof typeof PRESETS;
/** The level of a fresh ciphertext. */
export type TopLevel<P extends CkksPreset> = { readonly sum: 0; readonly statistics: 2; readonly deep: 6 }[P];

/** @throws PRIVACY_CKKS_PARAMETERS */
export function presetParameters(preset: CkksPreset): CkksParameters {
  if (Object.hasOwn(PRESETS, preset)) return PRESETS[preset];
  throw badParameters(`there is no preset "${preset}"`, `choose one of ${Object.keys(PRESETS).join(', ')}`);
}

/**
 * Most bits of the whole modulus at 128 bits of classical security, for ternary secrets (HomomorphicEncryption.org
 * standard of 2018, Table 1; Albrecht et al.).
 */
const MAX_MODULUS_BITS: Readonly<Record<number, number>> = {
  1024: 27,
  2048: 54,
  4096: 109,
  8192: 218,
  16384: 438,
  32768: 881,
};

const MAX_LEVEL = 6;

/** Refuses whatever lies below the security floor or cannot work. @throws PRIVACY_CKKS_INSECURE, PRIVACY_CKKS_PARAMETERS */
export function checkParameters({ degree, chain, scaleBits }: CkksParameters): void {
  const most = MAX_MODULUS_BITS[degree];
  if (most === undefined) {
    throw badParameters(
      `the degree ${degree} is in no table`,
      `choose one of ${Object.keys(MAX_MODULUS_BITS).join(', ')}`,
    );
  }
  checkInteger('primes of a CKKS chain', chain.length, 2, MAX_LEVEL + 2);
  for (const bits of chain) checkInteger('bits of a CKKS prime', bits, 20, 60);
  const total = chain.reduce((sum, bits) => sum + bits, 0);
  if (total > most) throw insecure(degree, total, most);
  const [base, ...rest] = chain as [number, ...number[]];
  const special = rest.pop() as number;
  if (special < Math.max(base, ...rest)) {
    throw badParameters(`the last prime has ${special} bits, fewer than another`, 'make the last prime the largest');
  }
  checkInteger('bits of a CKKS scale', scaleBits, 15, base - 6);
  if (rest.some((bits) => bits !== scaleBits)) {
    throw badParameters(
      `the primes between have ${rest.join(', ')} bits and the scale ${scaleBits}`,
      'give the primes between base and last the bits of the scale, so that it stays',
    );
  }
}

function insecure(degree: number, bits: number, most: number): MurmurError {
  return new MurmurError({
    code: 'PRIVACY_CKKS_INSECURE',
    message: `a modulus of ${bits} bits at degree ${degree} has less than 128 bits of security; it may have ${most}`,
    remedy: 'use a preset, a larger degree, or fewer and smaller primes',
    facts: { degree, bits, most },
  });
}

function badParameters(message: string, remedy: string): MurmurError {
  return new MurmurError({ code: 'PRIVACY_CKKS_PARAMETERS', message, remedy });
}
