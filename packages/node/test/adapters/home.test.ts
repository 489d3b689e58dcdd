import { mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMurmurError, utf8 } from '@murmuration/core';
import { encodeGenesis } from '@murmuration/ledger';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createHome, joinSwarm, openHome } from '../../src/adapters/home.ts';
import { lockHome } from '../../src/adapters/home-lock.ts';
import { systemEntropy } from '../../src/adapters/system-entropy.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'murmur-home-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const create = (name = 'wren') => createHome(systemEntropy, { folder: join(folder, name), name, nowMs: Date.now() });

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (isMurmurError(error)) return error.code;
    throw error;
  }
  return 'none';
}

function genesisOf(...names: string[]): Uint8Array {
  const homes = names.map((name) => create(name));
  const replicas = homes.map(({ identity }) => identity.certificateBytes);
  return encodeGenesis({ name: 'test', createdMs: 1, seed: new Uint8Array(32), replicas, names });
}

describe('a home', () => {
  test('gives the same device each time it is opened', () => {
    const made = create();
    const opened = openHome(made.folder);
    expect(opened.identity.device).toBe(made.identity.device);
    expect(opened.name).toBe('wren');
    const signature = opened.identity.signer.sign('test', utf8('message'));
    expect(signature).toEqual(made.identity.signer.sign('test', utf8('message')));
  });

  test('keeps its keys from everybody but their owner', () => {
    const { folder: home } = create();
    for (const file of ['root.key', 'operational.key', 'certificate']) {
      expect(statSync(join(home, file)).mode & 0o777).toBe(0o600);
    }
  });

  test('is never made over another one', () => {
    create();
    expect(codeOf(() => create())).toBe('HOME_EXISTS');
  });

  test.each(['certificate', 'operational.key'])('with its %s cut short is refused as damaged', (file) => {
    const { folder: home } = create();
    truncateSync(join(home, file), 10);
    expect(codeOf(() => openHome(home))).toBe('HOME_DAMAGED');
  });

  test("with another device's key is refused as damaged", () => {
    const { folder: home } = create();
    const other = create('lark');
    writeFileSync(join(home, 'operational.key'), other.identity.secretKey);
    expect(codeOf(() => openHome(home))).toBe('HOME_DAMAGED');
  });

  test('that is not there is missing, with a remedy', () => {
    expect(codeOf(() => openHome(join(folder, 'nobody')))).toBe('HOME_MISSING');
  });

  test('follows one swarm for life', () => {
    const { folder: home } = create('martin');
    const own = genesisOf('robin', 'swift');
    joinSwarm(home, own);
    joinSwarm(home, own);
    expect(openHome(home).genesis?.names).toEqual(['robin', 'swift']);
    expect(codeOf(() => joinSwarm(home, genesisOf('finch')))).toBe('HOME_OTHER_SWARM');
    expect(openHome(home).genesis?.names).toEqual(['robin', 'swift']);
  });

  test('with a damaged genesis is refused', () => {
    const { folder: home } = create();
    writeFileSync(join(home, 'genesis'), 'not a genesis');
    expect(codeOf(() => openHome(home))).toBe('HOME_DAMAGED');
  });

  test('is held by one process at a time, and free again after it', () => {
    const { folder: home } = create();
    {
      using _ = lockHome(home);
      expect(codeOf(() => lockHome(home))).toBe('HOME_IN_USE');
    }
    using again = lockHome(home);
    expect(again).toBeDefined();
  });
});
