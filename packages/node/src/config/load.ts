import { MurmurError, nearest } from '@murmuration/core';
import { readConfigFile } from './file.ts';
import { CONFIG_KEYS, type Config, type ConfigKey, type ConfigName, type ConfigValue } from './keys.ts';
import { readValue } from './value.ts';

/** Environment variables that start so belong to us: `MURMUR_GATEWAY__PORT` is `gateway.port`. */
const ENVIRONMENT_PREFIX = 'MURMUR_';

export interface ConfigSources {
  /** TOML, YAML or JSON by extension. */
  readonly file?: string;
  /** The process's environment. @default none */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** From the command line, by dotted key. Undefined ones are passed over. */
  readonly flags?: Readonly<Record<string, unknown>>;
}

export interface ConfigEntry {
  readonly key: ConfigName;
  readonly value: ConfigValue;
  /** `default`, `file PATH`, `environment VARIABLE` or `flag --KEY`. */
  readonly origin: string;
  readonly about: string;
}

export interface LoadedConfig {
  readonly config: Config;
  /** Every key with its value and where that came from, in the order of `CONFIG_KEYS`. */
  readonly entries: readonly ConfigEntry[];
}

/**
 * Defaults, then the file, then the environment, then flags; the last one wins.
 * @throws CONFIG_UNKNOWN_KEY naming the nearest key; CONFIG_INVALID_VALUE; what `readConfigFile` throws
 */
export function loadConfig(sources: ConfigSources = {}): LoadedConfig {
  const entries = new Map<string, ConfigEntry>();
  for (const [key, { fallback, about }] of Object.entries(CONFIG_KEYS)) {
    entries.set(key, { key: key as ConfigName, value: fallback, origin: 'default', about });
  }
  const put = (key: string, given: unknown, origin: string) => {
    const known = Object.hasOwn(CONFIG_KEYS, key) ? (CONFIG_KEYS[key as ConfigName] as ConfigKey) : undefined;
    if (known === undefined) throw unknownKey(key, origin);
    const value = readValue(key, known, given, origin);
    entries.set(key, { key: key as ConfigName, value, origin, about: known.about });
  };
  if (sources.file !== undefined) {
    for (const [key, value] of readConfigFile(sources.file)) put(key, value, `file ${sources.file}`);
  }
  for (const [variable, value] of Object.entries(sources.env ?? {})) {
    if (variable.startsWith(ENVIRONMENT_PREFIX) && variable.includes('__') && value !== undefined) {
      put(keyOfVariable(variable), value, `environment ${variable}`);
    }
  }
  for (const [key, value] of Object.entries(sources.flags ?? {})) {
    if (value !== undefined) put(key, value, `flag --${key}`);
  }
  const config = Object.fromEntries([...entries].map(([key, { value }]) => [key, value]));
  return { config: config as Config, entries: [...entries.values()] };
}

/** `MURMUR_ROUND__DEADLINE_MS` is `round.deadlineMs`: the words of a key are matched without case and underscores. */
function keyOfVariable(variable: string): string {
  const dotted = variable.slice(ENVIRONMENT_PREFIX.length).replaceAll('__', '.').replaceAll('_', '').toLowerCase();
  return Object.keys(CONFIG_KEYS).find((key) => key.toLowerCase() === dotted) ?? dotted;
}

function unknownKey(key: string, origin: string): MurmurError {
  const meant = nearest(key, Object.keys(CONFIG_KEYS));
  return new MurmurError({
    code: 'CONFIG_UNKNOWN_KEY',
    message: `${origin} sets "${key}", which is not a configuration key`,
    remedy: meant === undefined ? 'run `murmur config print` for the keys there are' : `did you mean "${meant}"?`,
    facts: { key, origin, ...(meant === undefined ? {} : { nearest: meant }) },
  });
}
