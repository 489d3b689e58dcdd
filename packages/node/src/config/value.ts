import { MurmurError } from '@murmuration/core';
import type { ConfigKey, ConfigValue } from './keys.ts';

/**
 * Reads one value as its key demands. Text from the environment and from flags is read as a number where the
 * key wants one, and split at commas where it wants a list.
 * @throws CONFIG_INVALID_VALUE
 */
export function readValue(name: string, key: ConfigKey, given: unknown, origin: string): ConfigValue {
  switch (key.kind) {
    case 'text':
      if (typeof given !== 'string') throw invalid(name, given, 'text', origin);
      if (key.oneOf !== undefined && !key.oneOf.includes(given)) {
        throw invalid(name, given, `one of ${key.oneOf.join(', ')}`, origin);
      }
      return given;
    case 'texts':
      if (typeof given === 'string') return given === '' ? [] : given.split(',').map((part) => part.trim());
      if (Array.isArray(given) && given.every((part) => typeof part === 'string')) return given;
      throw invalid(name, given, 'a list of texts', origin);
    default:
      return readNumber(name, key, given, origin);
  }
}

function readNumber(name: string, key: ConfigKey, given: unknown, origin: string): number {
  const min = key.min ?? Number.NEGATIVE_INFINITY;
  const max = key.max ?? Number.POSITIVE_INFINITY;
  const value = typeof given === 'string' && given.trim() !== '' ? Number(given) : given;
  const whole = key.kind === 'integer';
  const wanted = `${whole ? 'an integer' : 'a number'} from ${min} to ${max}`;
  if (typeof value !== 'number' || !Number.isFinite(value)) throw invalid(name, given, wanted, origin);
  if ((whole && !Number.isSafeInteger(value)) || value < min || value > max) throw invalid(name, given, wanted, origin);
  return value;
}

function invalid(name: string, given: unknown, wanted: string, origin: string): MurmurError {
  return new MurmurError({
    code: 'CONFIG_INVALID_VALUE',
    message: `${name} from ${origin} is ${JSON.stringify(given)}, not ${wanted}`,
    remedy: `give ${name} as ${wanted}`,
    facts: { key: name, origin },
  });
}
