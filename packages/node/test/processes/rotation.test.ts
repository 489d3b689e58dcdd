import { cpSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeGenesis } from '@murmuration/ledger';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createHome, type Home, joinSwarm } from '../../src/adapters/home.ts';
import { systemEntropy } from '../../src/adapters/system-entropy.ts';
import { rotateDeviceKey, startDevice, startSwarm } from '../../src/index.ts';
import { protectDeviceKeys } from '../../src/keys/device-keys.ts';
import type { SwarmSnapshot } from '../../src/views/swarm.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'murmur-rotation-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const PATIENCE_MS = 120_000;
const WORDS = 'long enough';
const options = { entropy: systemEntropy, nowMs: Date.now(), cost: { memoryKiB: 64, passes: 1, lanes: 1 } };
const coded = (code: string) => expect.objectContaining({ code });

/** A replica that is its own quorum, and a member. */
function pair(): { replica: Home; member: Home } {
  const make = (name: string) => createHome(systemEntropy, { folder: join(folder, name), name, nowMs: Date.now() });
  const [replica, member] = [make('wren'), make('lark')];
  const { certificateBytes } = replica.identity;
  const fields = { name: 'two', createdMs: 1, seed: new Uint8Array(32), names: ['wren'] };
  const genesis = encodeGenesis({ ...fields, replicas: [certificateBytes] });
  for (const home of [replica, member]) joinSwarm(home.folder, genesis);
  return { replica, member };
}

const keyBytes = (home: string) => statSync(join(home, 'operational.key')).size;

describe('the home of a member', () => {
  test('takes its next key at a start and drops the old one at the next; a copy from before is shut out', async () => {
    const { replica, member } = pair();
    await using wren = await startDevice({ home: replica.folder, logLevel: 'silent' });
    const { ledger } = wren.services.chain;
    const { device } = member.identity;
    const start = (home: string) =>
      startDevice({ home, bootstrap: wren.addresses(), logLevel: 'silent', passphrase: () => WORDS });
    const known = (epoch: number) =>
      expect.poll(() => ledger.device(device)?.epoch, { timeout: PATIENCE_MS }).toBe(epoch);
    {
      await using _ = await start(member.folder);
      await known(0);
      expect(() => rotateDeviceKey(member.folder, options)).toThrow(coded('HOME_IN_USE'));
    }
    const older = join(folder, 'older');
    cpSync(member.folder, older, { recursive: true });
    expect(rotateDeviceKey(member.folder, options)).toMatchObject({ device, epoch: 1 });
    expect(() => rotateDeviceKey(member.folder, options)).toThrow(coded('KEYS_ROTATION_UNFINISHED'));
    expect(keyBytes(member.folder)).toBe(64);
    {
      await using lark = await start(member.folder);
      await known(1);
      await expect.poll(() => lark.services.chain.ledger.device(device)?.epoch, { timeout: PATIENCE_MS }).toBe(1);
    }
    {
      await using lark = await start(older);
      const answer = await lark.dial(wren.addresses()[0] as string);
      expect(answer).toMatchObject({ ok: false, reason: 'refused-by-peer' });
      expect(await wren.metrics()).toMatch(/comm_refused_total\{[^}]*reason="replaced-key"/);
    }
    await using _ = await start(member.folder);
    expect(keyBytes(member.folder)).toBe(32);
    expect(await wren.metrics()).not.toMatch(/consensus_refused/);
  }, 240_000);

  test('under a passphrase does the same, and drops the old key from the store', async () => {
    const { replica, member } = pair();
    protectDeviceKeys(member.folder, WORDS, options);
    await expect(startDevice({ home: member.folder, logLevel: 'silent' })).rejects.toThrow(coded('KEYS_LOCKED'));
    expect(() => rotateDeviceKey(member.folder, options)).toThrow(coded('KEYS_LOCKED'));
    expect(rotateDeviceKey(member.folder, { ...options, passphrase: WORDS })).toMatchObject({ epoch: 1 });
    await using wren = await startDevice({ home: replica.folder, logLevel: 'silent' });
    for (let start = 0; start < 2; start++) {
      const bootstrap = wren.addresses();
      const passphrase = async () => WORDS;
      await using lark = await startDevice({ home: member.folder, bootstrap, logLevel: 'silent', passphrase });
      const entry = () => lark.services.chain.ledger.device(member.identity.device)?.epoch;
      await expect.poll(entry, { timeout: PATIENCE_MS }).toBe(1);
    }
    expect(rotateDeviceKey(member.folder, { ...options, passphrase: WORDS })).toMatchObject({ epoch: 2 });
  }, 240_000);

  test('of a replica that can never be replaced is left as it was, or keeps the key of its votes', async () => {
    const { replica } = pair();
    const before = readFileSync(join(replica.folder, 'certificate'));
    expect(() => rotateDeviceKey(replica.folder, options)).toThrow(coded('KEYS_REPLICA_FIXED'));
    expect(readFileSync(join(replica.folder, 'certificate')).equals(before)).toBe(true);
    expect(keyBytes(replica.folder)).toBe(32);
    for (const epoch of [1, 2]) {
      rotateDeviceKey(replica.folder, { ...options, keepsVote: true });
      for (let start = 0; start < 2; start++) {
        await using wren = await startDevice({ home: replica.folder, logLevel: 'silent' });
        const entry = () => wren.services.chain.ledger.device(replica.identity.device);
        await expect.poll(() => entry()?.epoch, { timeout: PATIENCE_MS }).toBe(epoch);
      }
      // The key of its votes, and the newest.
      expect(keyBytes(replica.folder)).toBe(64);
    }
  }, 240_000);
});

test('real replicas rotate one after the other while the swarm trains, and are needed afterwards', async () => {
  await using swarm = await startSwarm({
    folder: join(folder, 'swarm'),
    devices: 4,
    changingReplicas: true,
    services: { deadlineMs: 3000, viewTimeoutMs: 1500 },
  });
  await swarm.openJob({ data: 'digits', rounds: 1000, strategy: 'nnm-trimmed-mean', alpha: 0.5, hidden: 8 });
  const rounds = () => swarm.snapshot().job?.round ?? 0;
  for (const name of ['wren', 'swift']) {
    await swarm.kill(name);
    const home = swarm.folder.members.find((member) => member.name === name)?.home ?? '';
    expect(rotateDeviceKey(home, options)).toMatchObject({ epoch: 1 });
    await swarm.restart(name);
    const [round, { height }] = [rounds(), swarm.snapshot().ledger];
    // The next epoch begins 16 heights after the block that has the new key.
    const isOn = ({ ledger }: SwarmSnapshot) => rounds() > round + 4 && ledger.height > height + 40;
    await swarm.reaches(isOn, PATIENCE_MS, 'train on');
    // Nothing that it votes in names the old key any more.
    await swarm.restart(name);
    expect(keyBytes(home)).toBe(32);
  }
  // Its ports are new: whom it came in through must not be the only one that knows them.
  const links = (name: string) => swarm.members().find((member) => member.name === name)?.report?.snapshot.links ?? [];
  await swarm.reaches(() => links('swift').length === 3 && links('wren').length === 3, PATIENCE_MS, 'link all');
  // Of four replicas three are a quorum: both that rotated are among them.
  await swarm.kill('starling');
  const { ledger } = swarm.snapshot();
  await swarm.reaches((snapshot) => snapshot.ledger.height > ledger.height + 5, PATIENCE_MS, 'commit with both');
  expect(swarm.snapshot().quarantines).toEqual([]);
}, 300_000);
