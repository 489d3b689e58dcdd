import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createHome, joinSwarm } from '../../src/adapters/home.ts';
import { systemEntropy } from '../../src/adapters/system-entropy.ts';
import { startDevice, startSwarm } from '../../src/index.ts';
import type { SwarmSnapshot } from '../../src/views/swarm.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'murmur-changing-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const PATIENCE_MS = 120_000;
const services = { deadlineMs: 3000, viewTimeoutMs: 1500, lieFromHeight: 6 };
const job = { data: 'digits', rounds: 1000, strategy: 'nnm-trimmed-mean', alpha: 0.5, hidden: 8 } as const;

const voters = ({ devices }: SwarmSnapshot) =>
  devices.filter(({ role }) => role === 'replica').map(({ device }) => device);

test('real devices take the vote from a liar, give one to a newcomer, and go on with it when another one dies', async () => {
  await using swarm = await startSwarm({
    folder: join(folder, 'swarm'),
    devices: 5,
    liars: ['equivocate'],
    changingReplicas: true,
    services,
  });
  await swarm.openJob(job);
  const liar = swarm.members().find(({ behaviour }) => behaviour !== null)?.device ?? '';
  const without = (id: string) => (snapshot: SwarmSnapshot) => voters(snapshot).every((device) => device !== id);
  const four = await swarm.reaches(without(liar), PATIENCE_MS, 'take the vote from the liar');
  expect(four.quarantines.map(({ device }) => device)).toEqual([liar]);

  const home = createHome(systemEntropy, { folder: join(folder, 'newcomer'), name: 'newcomer', nowMs: Date.now() });
  const member = swarm.folder.members[0]?.home ?? '';
  joinSwarm(home.folder, new Uint8Array(readFileSync(join(member, 'genesis'))));
  const bootstrap = four.devices.find(({ name }) => name === 'starling')?.addresses ?? [];
  await using newcomer = await startDevice({ home: home.folder, bootstrap, services, logLevel: 'silent' });
  const { device } = newcomer;
  const registered = (snapshot: SwarmSnapshot) => snapshot.devices.some((one) => one.device === device);
  await swarm.reaches(registered, PATIENCE_MS, 'register the newcomer');
  expect(existsSync(join(home.folder, 'store.id'))).toBe(false);
  const said = await swarm.changeReplica(device, 'join');
  expect(said.size).toBe(5);
  await swarm.reaches((snapshot) => voters(snapshot).includes(device), PATIENCE_MS, 'let the newcomer vote');
  await expect.poll(() => newcomer.services.consensus?.status.self, { timeout: PATIENCE_MS }).toBe(4);

  // Five replicas, of which four are a quorum.
  await swarm.kill('starling');
  const height = newcomer.services.chain.height;
  await expect.poll(() => newcomer.services.chain.height, { timeout: PATIENCE_MS }).toBeGreaterThan(height + 5);
  expect(existsSync(join(home.folder, 'store.id'))).toBe(true);
  const block = await newcomer.source.blocks({ limit: 1 });
  expect(block[0]?.signers).toBe(4);
}, 240_000);
