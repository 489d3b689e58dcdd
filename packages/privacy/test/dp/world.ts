import { readFileSync } from 'node:fs';
import { type Entropy, seededRandom } from '@murmuration/core';
import type { Mechanism, PrivacyPlan, Sampling } from '../../src/index.ts';

/** Replayable "entropy". */
export function seededEntropy(seed: string): Entropy {
  const random = seededRandom(seed);
  return {
    bytes: (length) => {
      const words = Uint32Array.from({ length: Math.ceil(length / 4) }, () => random.uint32());
      return new Uint8Array(words.buffer).slice(0, length);
    },
  };
}

export function vectors<T>(path: string): T {
  return JSON.parse(readFileSync(new URL(`../vectors/${path}`, import.meta.url), 'utf8')) as T;
}

export function poisson(rate: number): Sampling {
  return { kind: 'poisson', rate };
}

/** Runs of one mechanism under add-or-remove-one. */
export function planOf(mechanism: Mechanism, rate: number, count: number): PrivacyPlan {
  return { adjacency: 'add-or-remove-one', events: [{ mechanism, sampling: poisson(rate), count }] };
}

export function gaussianPlan(noiseMultiplier: number, rate: number, count: number): PrivacyPlan {
  return planOf({ kind: 'gaussian', noiseMultiplier }, rate, count);
}

/** The error's code, or undefined where nothing was thrown. */
export function codeOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    return (error as { code?: string }).code;
  }
  return undefined;
}

export async function codeOfAsync(run: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await run();
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
  return undefined;
}
