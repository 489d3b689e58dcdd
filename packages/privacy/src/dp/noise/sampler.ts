import { MurmurError } from '@murmuration/core';

/** Exact integer noise. Draws are independent; none is remembered. */
export interface NoiseSampler {
  /** `number`: all arithmetic provably within 2^53; `bigint`: beyond it, about twenty times slower. */
  readonly path: 'number' | 'bigint';
  /** @throws PRIVACY_NOISE_OVERFLOW where the draw is not a safe integer, PRIVACY_ENTROPY_STUCK */
  sample(): number;
  /** Without a bound. */
  sampleBig(): bigint;
  /**
   * Overwrites `out` with independent draws.
   * @throws PRIVACY_NOISE_OVERFLOW, `out` wiped, where a draw does not fit: noise is never wrapped or cut silently
   */
  fill(out: Int32Array | Float64Array): void;
}

/** @internal Both samplers are one of two draws. */
export function samplerOf(draw: (() => number) | undefined, drawBig: () => bigint): NoiseSampler {
  const sample = draw ?? (() => safeNumber(drawBig()));
  return {
    path: draw === undefined ? 'bigint' : 'number',
    sample,
    sampleBig: draw === undefined ? drawBig : () => BigInt(draw()),
    fill: (out) => {
      const limit = out instanceof Int32Array ? 2 ** 31 - 1 : Number.MAX_SAFE_INTEGER;
      for (let i = 0; i < out.length; i++) {
        const noise = sample();
        if (Math.abs(noise) > limit) {
          out.fill(0);
          throw overflow(`is beyond ±${limit}`);
        }
        out[i] = noise;
      }
    },
  };
}

function safeNumber(noise: bigint): number {
  const value = Number(noise);
  if (!Number.isSafeInteger(value)) throw overflow('is no safe integer');
  return value;
}

function overflow(what: string): MurmurError {
  return new MurmurError({
    code: 'PRIVACY_NOISE_OVERFLOW',
    message: `a draw of noise ${what}`,
    remedy: 'use a coarser scale of quantisation, or sampleBig',
  });
}
