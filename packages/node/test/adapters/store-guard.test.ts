import { copyFileSync, mkdtempSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMurmurError, seededRandom } from '@murmuration/core';
import { encodeGenesis } from '@murmuration/ledger';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createHome, type Home, joinSwarm } from '../../src/adapters/home.ts';
import { sqliteStore } from '../../src/adapters/sqlite-store.ts';
import { systemEntropy } from '../../src/adapters/system-entropy.ts';
import { startDevice } from '../../src/device.ts';
import { blockChange, blocksToPrune } from '../../src/services/block-store.ts';
import { VoteJournal } from '../../src/services/vote-journal.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'murmur-guard-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Homes of one swarm, each of which is a replica; one alone is its own quorum. */
function homes(name: string, ...names: readonly string[]): Home[] {
  const made = names.map((each) =>
    createHome(systemEntropy, { folder: join(folder, `${name}-${each}`), name: each, nowMs: Date.now() }),
  );
  const replicas = made.map(({ identity }) => identity.certificateBytes);
  const seed = new Uint8Array(32);
  for (const home of made) {
    joinSwarm(home.folder, encodeGenesis({ name, createdMs: 1, seed, replicas, names: [...names] }));
  }
  return made;
}

async function start(home: Home): Promise<string> {
  try {
    await using device = await startDevice({ home: home.folder, logLevel: 'silent' });
    return device.name;
  } catch (error) {
    if (isMurmurError(error)) return error.code;
    throw error;
  }
}

describe('a replica', () => {
  test('starts again with its store, and not without it, with an empty one, or with the one of another home', async () => {
    const [home] = homes('one', 'wren') as [Home];
    const [other] = homes('two', 'lark') as [Home];
    expect([await start(home), await start(home), await start(other)]).toEqual(['wren', 'wren', 'lark']);
    renameSync(home.storePath, `${home.storePath}.away`);
    expect(await start(home)).toBe('STORE_FORGOTTEN');
    rmSync(home.storePath, { force: true });
    copyFileSync(other.storePath, home.storePath);
    const before = readFileSync(home.storePath);
    expect(await start(home)).toBe('STORE_FORGOTTEN');
    expect(readFileSync(home.storePath).equals(before)).toBe(true);
    rmSync(join(home.folder, 'store.id'));
    expect(await start(home)).toBe('STORE_OTHER_CHAIN');
    renameSync(`${home.storePath}.away`, home.storePath);
    expect(await start(home)).toBe('wren');
  });

  test('does not start with the store of another device of its swarm', async () => {
    const [wren, lark] = homes('swarm', 'wren', 'lark') as [Home, Home];
    expect([await start(wren), await start(lark)]).toEqual(['wren', 'lark']);
    copyFileSync(lark.storePath, wren.storePath);
    expect(await start(wren)).toBe('STORE_FORGOTTEN');
    rmSync(join(wren.folder, 'store.id'));
    expect(await start(wren)).toBe('STORE_OTHER_DEVICE');
  });

  test('does not start in a home that another process uses', async () => {
    const [home] = homes('one', 'wren') as [Home];
    await using device = await startDevice({ home: home.folder, logLevel: 'silent' });
    expect(device.name).toBe('wren');
    expect(await start(home)).toBe('HOME_IN_USE');
  });
});

test('a device that does not vote starts again with an empty store', async () => {
  const [replica] = homes('one', 'wren') as [Home];
  const member = createHome(systemEntropy, { folder: join(folder, 'member'), name: 'lark', nowMs: Date.now() });
  joinSwarm(member.folder, new Uint8Array(readFileSync(join(replica.folder, 'genesis'))));
  expect(await start(member)).toBe('lark');
  rmSync(member.storePath);
  expect(await start(member)).toBe('lark');
});

/** Writes votes as a replica does. @returns what is read from them */
async function voted(path: string): Promise<string[]> {
  await using store = sqliteStore(path);
  const journal = new VoteJournal(store);
  await journal.read();
  const random = seededRandom('votes');
  for (let height = 1; height <= 60; height++) {
    const value = Uint8Array.from({ length: 700 }, () => random.below(256));
    const key = `vote/${String(height).padStart(16, '0')}`;
    await store.write(journal.changes([{ kind: 'persist', key, value }]), { durable: false });
  }
  return lines(await new VoteJournal(store).read());
}

const lines = (records: readonly { key: string; value: Uint8Array }[]) =>
  records.map(({ key, value }) => `${key} ${Buffer.from(value).toString('hex')}`);

async function readVotes(path: string): Promise<readonly string[] | string> {
  try {
    await using store = sqliteStore(path);
    return lines(await new VoteJournal(store).read());
  } catch (error) {
    if (isMurmurError(error)) return error.code;
    throw error;
  }
}

describe('a store file with votes', () => {
  test('in which bytes have rotted gives all of them or none: the replica never forgets silently', async () => {
    const path = join(folder, 'votes.sqlite');
    const votes = await voted(path);
    const whole = readFileSync(path);
    const random = seededRandom('rot');
    const codes = new Map<string, number>();
    for (let round = 0; round < 120; round++) {
      const rotten = join(folder, `rotten-${round}.sqlite`);
      const bytes = Uint8Array.from(whole);
      for (let flips = 1 + random.below(3); flips > 0; flips--) {
        const at = random.below(whole.length);
        bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
      }
      writeFileSync(rotten, bytes);
      const read = await readVotes(rotten);
      if (typeof read !== 'string') expect(read).toEqual(votes);
      else codes.set(read, (codes.get(read) ?? 0) + 1);
      rmSync(rotten);
    }
    expect([...codes.keys()].sort()).toEqual(expect.arrayContaining(['VOTES_DAMAGED']));
    for (const code of codes.keys()) expect(code).toMatch(/^(STORE_DAMAGED|STORE_WRONG_FILE|VOTES_DAMAGED)$/);
    expect([...codes.values()].reduce((a, b) => a + b, 0)).toBeGreaterThan(60);
  });

  test('that was cut short anywhere is refused', async () => {
    const path = join(folder, 'votes.sqlite');
    await voted(path);
    const whole = readFileSync(path);
    const random = seededRandom('cut');
    for (let round = 0; round < 25; round++) {
      const cut = join(folder, `cut-${round}.sqlite`);
      writeFileSync(cut, whole);
      truncateSync(cut, 1 + random.below(whole.length - 1));
      expect(await readVotes(cut)).toMatch(/^(STORE_DAMAGED|STORE_WRONG_FILE|VOTES_DAMAGED)$/);
    }
  });
});

test('a store file that is pruned as it grows stays bounded', async () => {
  const path = join(folder, 'blocks.sqlite');
  const sizes: number[] = [];
  await using store = sqliteStore(path);
  const random = seededRandom('blocks');
  const payload = Uint8Array.from({ length: 4000 }, () => random.below(256));
  for (let height = 1; height <= 1200; height++) {
    const changes = [blockChange({ height, payload, certificate: new Uint8Array(300) })];
    if (height % 50 === 0) changes.push(...(await blocksToPrune(store, height - 100)));
    await store.write(changes, { durable: false });
    if (height % 200 === 0) sizes.push(readFileSync(path).length);
  }
  expect((await store.scan('block/')).length).toBeLessThanOrEqual(150);
  // 1,200 blocks of 4 KB would be 5 MB; at most 150 are kept at once.
  expect(Math.max(...sizes)).toBeLessThan(2_000_000);
});
