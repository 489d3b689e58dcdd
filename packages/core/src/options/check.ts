import { MurmurError } from '../errors/murmur-error.ts';
import { nearest } from './nearest.ts';

/** Refuses keys of `given` that `known` lacks, naming the nearest match. @throws OPTION_UNKNOWN */
export function refuseUnknownKeys(given: object, known: readonly string[], where: string): void {
  for (const key of Object.keys(given)) {
    if (known.includes(key)) continue;
    const meant = nearest(key, known);
    throw new MurmurError({
      code: 'OPTION_UNKNOWN',
      message: `${where} has no option "${key}"`,
      remedy: meant === undefined ? `known are ${known.join(', ')}` : `did you mean "${meant}"?`,
      facts: { key, where, ...(meant === undefined ? {} : { nearest: meant }) },
    });
  }
}

/** @returns `value` where it is an integer in [min, max]. @throws OPTION_OUT_OF_RANGE */
export function checkInteger(name: string, value: number, min: number, max = Number.MAX_SAFE_INTEGER): number {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw outOfRange(name, value, `an integer from ${min} to ${max}`);
}

/** @returns `value` where it is finite and in [min, max]. @throws OPTION_OUT_OF_RANGE */
export function checkNumber(name: string, value: number, min: number, max: number): number {
  if (Number.isFinite(value) && value >= min && value <= max) return value;
  throw outOfRange(name, value, `a number from ${min} to ${max}`);
}

function outOfRange(name: string, value: unknown, wanted: string): MurmurError {
  return new MurmurError({
    code: 'OPTION_OUT_OF_RANGE',
    message: `${name} is ${String(value)}, not ${wanted}`,
    remedy: `give ${name} as ${wanted}`,
    facts: { name, value: String(value) },
  });
}
