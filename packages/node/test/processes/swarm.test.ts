import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMurmurError } from '@murmuration/core';
import { verifyEvidenceBundle } from '@murmuration/ledger';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startSwarm } from '../../src/index.ts';
import type { OpenJobRequest } from '../../src/views/learning.ts';
import type { SwarmSnapshot } from '../../src/views/swarm.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'murmur-swarm-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Small rounds of real training. */
const job = (rounds: number): OpenJobRequest => ({
  data: 'digits',
  rounds,
  strategy: 'nnm-trimmed-mean',
  alpha: 0.5,
  hidden: 8,
});
const PATIENCE_MS = 120_000;
const services = { deadlineMs: 4000, viewTimeoutMs: 1500 };

const finalised = (snapshot: SwarmSnapshot, rounds: number) =>
  (snapshot.job?.history ?? []).filter(({ state }) => state === 'finalised').length >= rounds;
const agreeing = (snapshot: SwarmSnapshot, replicas: number) => snapshot.ledger.replicasAgreeing >= replicas;

function lives(pid: number | null): boolean {
  try {
    return pid !== null && process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('a swarm of real processes', () => {
  test('goes on when its primary is killed in the middle of training; restarted, it catches up', async () => {
    await using swarm = await startSwarm({ folder, devices: 4, services, logLevel: 'debug' });
    const opened = await swarm.openJob(job(6));
    expect(opened.ok).toBe(true);
    const before = await swarm.reaches((snapshot) => finalised(snapshot, 1), PATIENCE_MS, 'finish a round');
    const primary = before.devices.find(({ device }) => device === before.ledger.primary);
    const name = primary?.name ?? '';
    await swarm.kill(name);
    const down = await swarm.reaches((snapshot) => finalised(snapshot, 3), PATIENCE_MS, 'go on without its primary');
    expect(down.devices.find((device) => device.name === name)?.state).toBe('down');
    await swarm.restart(name);
    const end = await swarm.reaches(
      (snapshot) => snapshot.job?.state === 'finished' && agreeing(snapshot, 4),
      PATIENCE_MS,
      'finish with all four agreeing',
    );
    expect(end.devices.map(({ state }) => state)).toEqual(['up', 'up', 'up', 'up']);
    expect(end.quarantines).toEqual([]);
    expect(end.ledger.height).toBeGreaterThan(before.ledger.height);
  }, 240_000);

  test('stopped as a whole and started again, goes on with the job where it was', async () => {
    let stoppedAt: SwarmSnapshot;
    {
      await using swarm = await startSwarm({ folder, devices: 4, services });
      await swarm.openJob(job(5));
      stoppedAt = await swarm.reaches((snapshot) => finalised(snapshot, 2), PATIENCE_MS, 'finish two rounds');
    }
    await using swarm = await startSwarm({ folder, services });
    const end = await swarm.reaches(
      (snapshot) => snapshot.job?.state === 'finished' && agreeing(snapshot, 4),
      PATIENCE_MS,
      'finish the job',
    );
    expect(end.swarm.id).toBe(stoppedAt.swarm.id);
    expect(end.job?.job).toBe(stoppedAt.job?.job);
    expect(end.job?.history[0]?.modelHash).toBe(stoppedAt.job?.history[0]?.modelHash);
    expect(end.job?.history).toHaveLength(5);
  }, 240_000);

  test('catches both liars, and its evidence verifies offline', async () => {
    const liars = ['inner-product-manipulation', 'equivocate'];
    await using swarm = await startSwarm({
      folder,
      devices: 7,
      liars,
      services: { viewTimeoutMs: 4000, lieFromHeight: 10 },
    });
    // Rounds enough that a slow machine, where some go without the poisoner, sees two of its updates.
    await swarm.openJob(job(20));
    const end = await swarm.reaches(({ quarantines }) => quarantines.length === 2, PATIENCE_MS, 'catch both liars');
    const behaviourOf = (id: string) => end.devices.find(({ device }) => device === id)?.behaviour;
    const caught = end.quarantines.map(({ device, reason }) => [behaviourOf(device), reason]).sort();
    expect(caught).toEqual([
      ['equivocate', 'equivocation'],
      ['inner-product-manipulation', 'poisoned-updates'],
    ]);
    for (const { evidenceId, device } of end.quarantines) {
      const bundle = (await swarm.evidenceBundle(evidenceId ?? '')) ?? new Uint8Array(0);
      expect(verifyEvidenceBundle(bundle)).toMatchObject({ ok: true, value: { accused: device } });
    }
    const equivocation = end.quarantines.find(({ reason }) => reason === 'equivocation');
    expect(equivocation?.detectionMs).toBeGreaterThan(0);
    const [newest, ...older] = await swarm.blocks({ limit: 3 });
    expect(newest?.signers).toBeGreaterThanOrEqual(end.quorum.quorum);
    expect(older.map(({ height }) => height)).toEqual([1, 2].map((back) => (newest?.height ?? 0) - back));
  }, 240_000);

  test('leaves keys that nobody else may read, and no process behind', async () => {
    let pids: (number | null)[];
    {
      await using swarm = await startSwarm({ folder, devices: 4, services });
      pids = swarm.members().map(({ pid }) => pid);
      expect(pids.map(lives)).toEqual([true, true, true, true]);
    }
    expect(pids.map(lives)).toEqual([false, false, false, false]);
    for (const key of ['root.key', 'operational.key']) {
      expect(statSync(join(folder, 'starling', key)).mode & 0o777).toBe(0o600);
    }
    expect(readFileSync(join(folder, 'starling', 'log.ndjson'), 'utf8')).toContain('"started"');
  }, 240_000);

  test('ends with its supervisor, however that one ends', async () => {
    const program = `
      const { startSwarm } = await import('${new URL('../../src/index.ts', import.meta.url).href}');
      const swarm = await startSwarm({ folder: ${JSON.stringify(folder)}, devices: 4 });
      console.log(JSON.stringify(swarm.members().map(({ pid }) => pid)));`;
    const flags = ['--conditions=murmuration-src', '--input-type=module', '-e', program];
    const supervisor = spawn(process.execPath, flags, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(supervisor.stdout, 'data')) as [Buffer];
    const pids = JSON.parse(line.toString()) as number[];
    expect(pids.map(lives)).toEqual([true, true, true, true]);
    supervisor.kill('SIGKILL');
    await expect.poll(() => pids.filter(lives), { timeout: 15_000, interval: 200 }).toEqual([]);
  }, 240_000);

  test('says with a code why it cannot start, and stops what it had started', async () => {
    {
      await using _ = await startSwarm({ folder, devices: 4, services });
      await expect(startSwarm({ folder })).rejects.toSatisfy((error) => isMurmurError(error, 'HOME_IN_USE'));
    }
    await expect(startSwarm({ folder: join(folder, 'other'), liars: ['equivocat'] })).rejects.toSatisfy(
      (error) => isMurmurError(error, 'BEHAVIOUR_UNKNOWN') && error.facts.nearest === 'equivocate',
    );
  }, 240_000);
});
