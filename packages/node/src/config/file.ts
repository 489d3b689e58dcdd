import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { MurmurError } from '@murmuration/core';
import { parse as parseToml } from 'smol-toml';
import { parse as parseYaml } from 'yaml';

/** A configuration file is small; a larger one is a mistake. */
const MAX_BYTES = 1024 * 1024;

/**
 * Reads TOML, YAML or JSON, told apart by the extension, into flat dotted keys.
 * @throws CONFIG_UNREADABLE, CONFIG_FORMAT_UNKNOWN, CONFIG_MALFORMED
 */
export function readConfigFile(path: string): ReadonlyMap<string, unknown> {
  const source = read(path);
  const flat = new Map<string, unknown>();
  flatten(parseConfigText(path, source), '', flat);
  return flat;
}

function read(path: string): string {
  try {
    const source = readFileSync(path, 'utf8');
    if (source.length <= MAX_BYTES) return source;
  } catch (cause) {
    throw new MurmurError({
      code: 'CONFIG_UNREADABLE',
      message: `the configuration file ${path} cannot be read`,
      remedy: 'check the path and that this user may read it',
      facts: { path },
      cause,
    });
  }
  throw malformed(path, `longer than ${MAX_BYTES} characters`);
}

/** Text as the extension of its file says. @throws CONFIG_FORMAT_UNKNOWN, CONFIG_MALFORMED */
export function parseConfigText(path: string, source: string, what = 'configuration file'): unknown {
  if (source.length > MAX_BYTES) throw malformed(path, `longer than ${MAX_BYTES} characters`, undefined, what);
  const parser = parserFor(path, what);
  try {
    return parser(source);
  } catch (cause) {
    throw malformed(path, (cause as Error).message.split('\n')[0] ?? '', cause, what);
  }
}

function parserFor(path: string, what: string): (source: string) => unknown {
  switch (extname(path).toLowerCase()) {
    case '.toml':
      return parseToml;
    case '.yaml':
    case '.yml':
      return (source) => parseYaml(source, { maxAliasCount: 0 });
    case '.json':
      return JSON.parse;
    default:
      throw new MurmurError({
        code: 'CONFIG_FORMAT_UNKNOWN',
        message: `the ${what} ${path} has no known extension`,
        remedy: 'name it .toml, .yaml, .yml or .json',
        facts: { path },
      });
  }
}

function flatten(value: unknown, path: string, into: Map<string, unknown>): void {
  if (value === null || value === undefined) return;
  if (typeof value !== 'object' || Array.isArray(value)) {
    into.set(path, value);
    return;
  }
  for (const [key, inner] of Object.entries(value)) flatten(inner, path === '' ? key : `${path}.${key}`, into);
}

function malformed(path: string, why: string, cause?: unknown, what = 'configuration file'): MurmurError {
  return new MurmurError({
    code: 'CONFIG_MALFORMED',
    message: `the ${what} ${path} cannot be understood: ${why}`,
    remedy: 'correct the file; its extension says which format is expected',
    facts: { path },
    cause,
  });
}
