import { seededRandom } from '@murmuration/core';
import { type CkksEngine, loadCkks } from '../../src/index.ts';

let engine: Promise<CkksEngine> | undefined;

/** One instance of SEAL for all tests of a file: they run one after another. */
export function sharedEngine(): Promise<CkksEngine> {
  engine ??= loadCkks();
  return engine;
}

/** Numbers in [-bound, bound]. */
export function numbers(seed: string, length: number, bound = 1): Float64Array {
  const random = seededRandom(seed);
  return Float64Array.from({ length }, () => bound * (2 * random.unit() - 1));
}

export function maxError(actual: Float64Array, wanted: ArrayLike<number>): number {
  let worst = 0;
  for (let i = 0; i < wanted.length; i++)
    worst = Math.max(worst, Math.abs((actual[i] as number) - (wanted[i] as number)));
  return actual.length === wanted.length ? worst : Number.POSITIVE_INFINITY;
}

/** For reading what an honest sender sent. */
export function accepted<T>(
  result: { readonly ok: true; readonly value: T } | { readonly ok: false; reason: string; detail?: string },
): T {
  if (result.ok) return result.value;
  throw new Error(`${result.reason}: ${result.detail}`);
}
