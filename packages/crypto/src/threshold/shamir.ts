import { accept, checkInteger, type Entropy, type Result, refuse } from '@murmuration/core';
import { checkBytes } from '../secrets/check-bytes.ts';
import { addLanes, invert, multiply, scaleLanes } from './gf256.ts';

export const SHAMIR_SECRET_BYTES = 32;
/** Holders are the non-zero elements of the field. */
export const SHAMIR_MAX_HOLDERS = 255;

const LANES = SHAMIR_SECRET_BYTES / 4;

export interface ShamirShare {
  /** 1 to 255: where the polynomial was evaluated. Public. */
  readonly holder: number;
  /** 32 bytes. Says nothing about the secret by itself. */
  readonly bytes: Uint8Array;
}

export type RecoverRefusal = 'too-few-shares' | 'malformed-share' | 'repeated-holder';

/**
 * Splits a secret so that any `threshold` shares give it back and fewer say nothing at all about it. Shares carry no
 * proof: a wrong one gives a wrong secret, so commit to the secret or the shares where holders may lie.
 *
 * @param secret 32 bytes
 * @param threshold 1 to `holders`
 * @param holders 1 to 255
 * @returns the shares of holders 1, 2, …, 32 bytes each
 * @throws CRYPTO_WRONG_LENGTH, OPTION_OUT_OF_RANGE
 * @see Shamir 1979, over GF(2^8) byte by byte
 */
export function splitSecret(
  secret: Uint8Array,
  threshold: number,
  holders: number,
  entropy: Entropy,
): readonly Uint8Array[] {
  checkBytes('a secret to split', secret, SHAMIR_SECRET_BYTES);
  checkInteger('holders of a secret', holders, 1, SHAMIR_MAX_HOLDERS);
  checkInteger('threshold of a secret', threshold, 1, holders);
  const drawn = entropy.bytes((threshold - 1) * SHAMIR_SECRET_BYTES);
  const coefficients = [lanesOf(secret)];
  for (let i = 1; i < threshold; i++) {
    coefficients.push(lanesOf(drawn.subarray((i - 1) * SHAMIR_SECRET_BYTES, i * SHAMIR_SECRET_BYTES)));
  }
  const shares = Array.from({ length: holders }, (_, i) => evaluate(coefficients, i + 1));
  drawn.fill(0);
  for (const coefficient of coefficients) coefficient.fill(0);
  return shares;
}

/**
 * The secret of the first `threshold` of `shares`.
 * @throws OPTION_OUT_OF_RANGE for the caller's threshold; never for shares
 */
export function recoverSecret(threshold: number, shares: readonly ShamirShare[]): Result<Uint8Array, RecoverRefusal> {
  checkInteger('threshold of a secret', threshold, 1, SHAMIR_MAX_HOLDERS);
  if (shares.length < threshold) return refuse('too-few-shares', `${shares.length} of ${threshold}`);
  const used = shares.slice(0, threshold);
  for (const { holder, bytes } of used) {
    const known = Number.isInteger(holder) && holder >= 1 && holder <= SHAMIR_MAX_HOLDERS;
    if (!known || bytes.length !== SHAMIR_SECRET_BYTES) return refuse('malformed-share', `of holder ${holder}`);
  }
  const holders = used.map(({ holder }) => holder);
  if (new Set(holders).size < threshold) return refuse('repeated-holder');
  const secret = new Int32Array(LANES);
  for (const { holder, bytes } of used) {
    const lanes = lanesOf(bytes);
    scaleLanes(lanes, lagrangeAtZero(holder, holders));
    addLanes(secret, lanes);
  }
  return accept(new Uint8Array(secret.buffer));
}

/** Π other / (other − holder); subtraction is addition here. */
function lagrangeAtZero(holder: number, holders: readonly number[]): number {
  let numerator = 1;
  let denominator = 1;
  for (const other of holders) {
    if (other === holder) continue;
    numerator = multiply(numerator, other);
    denominator = multiply(denominator, other ^ holder);
  }
  return multiply(numerator, invert(denominator));
}

/** Horner's rule, from the highest coefficient down. */
function evaluate(coefficients: readonly Int32Array[], at: number): Uint8Array {
  const value = new Int32Array(LANES);
  for (let i = coefficients.length - 1; i >= 0; i--) {
    scaleLanes(value, at);
    addLanes(value, coefficients[i] as Int32Array);
  }
  return new Uint8Array(value.buffer);
}

function lanesOf(bytes: Uint8Array): Int32Array {
  return new Int32Array(Uint8Array.from(bytes).buffer);
}
