import { checkNumber, MurmurError } from '@murmuration/core';

export interface Rounded {
  readonly values: Int32Array;
  /** Numbers that were beyond ±clip and were cut to it. */
  readonly saturated: number;
}

/**
 * Integers for masking: each number is cut to ±clip, divided by `scale` and rounded to the nearest. For differential
 * privacy take a quantiser that bounds the L2 norm; this one bounds each number only.
 *
 * @param clip > 0, in the unit of the update
 * @param scale what one integer stands for; the integers' bound is ⌈clip / scale⌉
 * @throws PRIVACY_NOT_FINITE naming the first place, OPTION_OUT_OF_RANGE
 */
export function roundToIntegers(update: Float32Array | Float64Array, clip: number, scale: number): Rounded {
  checkNumber('clip', clip, 1e-30, 1e30);
  checkNumber('scale', scale, clip / 2 ** 30, clip);
  const values = new Int32Array(update.length);
  let saturated = 0;
  for (let i = 0; i < update.length; i++) {
    const value = update[i] as number;
    if (!Number.isFinite(value)) throw notFinite(value, i);
    if (Math.abs(value) > clip) saturated++;
    values[i] = Math.round(Math.max(-clip, Math.min(clip, value)) / scale);
  }
  return { values, saturated };
}

/** Back to the unit of the updates. */
export function fromIntegers(sum: Int32Array, scale: number): Float64Array {
  return Float64Array.from(sum, (value) => value * scale);
}

/** Cuts numbers beyond ±bound, in place. @returns how many */
export function saturate(values: Int32Array, bound: number): number {
  let saturated = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (value <= bound && value >= -bound) continue;
    values[i] = value > 0 ? bound : -bound;
    saturated++;
  }
  return saturated;
}

/** @returns how many numbers lie beyond ±bound */
export function countBeyond(values: Int32Array, bound: number): number {
  let beyond = 0;
  for (const value of values) if (value > bound || value < -bound) beyond++;
  return beyond;
}

function notFinite(value: number, index: number): MurmurError {
  return new MurmurError({
    code: 'PRIVACY_NOT_FINITE',
    message: `an update holds ${value} at index ${index}`,
    remedy: 'refuse such updates where they enter',
    facts: { index },
  });
}
