import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMurmurError, type MurmurError } from '@murmuration/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CONFIG_KEYS } from '../../src/config/keys.ts';
import { loadConfig } from '../../src/config/load.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'murmur-config-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function failure(action: () => unknown): MurmurError {
  try {
    action();
  } catch (error) {
    if (isMurmurError(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

const origin = (loaded: ReturnType<typeof loadConfig>, key: string) =>
  loaded.entries.find((entry) => entry.key === key)?.origin;

describe('configuration', () => {
  test('TOML, YAML and JSON with the same content give the same configuration', () => {
    const toml = file(
      'c.toml',
      '[gateway]\nport = 9000\n[job]\nalpha = 0.1\n[network]\nlisten = ["/ip4/127.0.0.1/tcp/1"]',
    );
    const yaml = file(
      'c.yaml',
      'gateway:\n  port: 9000\njob:\n  alpha: 0.1\nnetwork:\n  listen: ["/ip4/127.0.0.1/tcp/1"]',
    );
    const json = file(
      'c.json',
      '{"gateway":{"port":9000},"job":{"alpha":0.1},"network":{"listen":["/ip4/127.0.0.1/tcp/1"]}}',
    );
    const read = [toml, yaml, json].map((path) => loadConfig({ file: path }).config);
    expect(read[0]?.['gateway.port']).toBe(9000);
    expect(read[1]).toEqual(read[0]);
    expect(read[2]).toEqual(read[0]);
  });

  test('defaults give way to the file, the file to the environment, the environment to flags', () => {
    const path = file('c.json', '{"gateway":{"port":1},"job":{"rounds":2,"seed":3}}');
    const env = { MURMUR_GATEWAY__PORT: '4', MURMUR_JOB__ROUNDS: '5', PATH: '/bin' };
    const loaded = loadConfig({ file: path, env, flags: { 'gateway.port': '6' } });
    expect(loaded.config['gateway.port']).toBe(6);
    expect(loaded.config['job.rounds']).toBe(5);
    expect(loaded.config['job.seed']).toBe(3);
    expect(loaded.config['job.alpha']).toBe(CONFIG_KEYS['job.alpha'].fallback);
    expect(origin(loaded, 'gateway.port')).toBe('flag --gateway.port');
    expect(origin(loaded, 'job.rounds')).toBe('environment MURMUR_JOB__ROUNDS');
    expect(origin(loaded, 'job.seed')).toBe(`file ${path}`);
    expect(origin(loaded, 'job.alpha')).toBe('default');
  });

  test('a key of several words is written with underscores in the environment', () => {
    expect(loadConfig({ env: { MURMUR_ROUND__DEADLINE_MS: '700' } }).config['round.deadlineMs']).toBe(700);
  });

  test.each([
    ['file', (dir: string) => ({ file: dir }), 'gatway.port', 'gateway.port'],
    ['environment', () => ({ env: { MURMUR_JOB__ROUND: '3' } }), 'job.round', 'job.rounds'],
    ['flag', () => ({ flags: { 'swarm.device': 3 } }), 'swarm.device', 'swarm.devices'],
  ])('an unknown key from %s fails with its path and the nearest key', (_, sources, key, meant) => {
    const path = file('c.toml', '[gatway]\nport = 1');
    const error = failure(() => loadConfig(sources(path)));
    expect(error.code).toBe('CONFIG_UNKNOWN_KEY');
    expect(error.facts).toMatchObject({ key, nearest: meant });
    expect(error.remedy).toContain(meant);
  });

  test.each([
    ['gateway.port', 'abc'],
    ['gateway.port', '70000'],
    ['gateway.port', 1.5],
    ['gateway.port', ''],
    ['job.alpha', 'NaN'],
    ['job.alpha', 0],
    ['log.level', 'loud'],
    ['network.listen', [1]],
    ['swarm.name', 7],
  ])('%s refuses %j and names itself', (key, value) => {
    const error = failure(() => loadConfig({ flags: { [key]: value } }));
    expect(error.code).toBe('CONFIG_INVALID_VALUE');
    expect(error.message).toContain(key);
  });

  test('a file that cannot be read, understood or told apart has a code of its own', () => {
    expect(failure(() => loadConfig({ file: join(folder, 'none.toml') })).code).toBe('CONFIG_UNREADABLE');
    expect(failure(() => loadConfig({ file: file('c.toml', '= 3') })).code).toBe('CONFIG_MALFORMED');
    expect(failure(() => loadConfig({ file: file('c.json', '{"a":') })).code).toBe('CONFIG_MALFORMED');
    expect(failure(() => loadConfig({ file: file('c.ini', 'a=1') })).code).toBe('CONFIG_FORMAT_UNKNOWN');
  });

  test('every default is a value that its own key accepts', () => {
    for (const [key, { fallback }] of Object.entries(CONFIG_KEYS)) {
      expect(loadConfig({ flags: { [key]: fallback } }).config[key as keyof typeof CONFIG_KEYS]).toEqual(fallback);
    }
  });
});
