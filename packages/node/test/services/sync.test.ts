import { accept, noMetrics, silentLog, toHex } from '@murmuration/core';
import type { DeviceIdentity } from '@murmuration/identity';
import { defaultPlan } from '@murmuration/learning';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Chain } from '../../src/services/chain.ts';
import { SyncService } from '../../src/services/sync-service.ts';
import { openWorkshop, type SimulatedSwarm, simulateSwarm, type Workshop } from '../support/simulated-swarm.ts';

let workshop: Workshop;
beforeAll(async () => {
  const plan = defaultPlan('digits');
  workshop = await openWorkshop({ ...plan, dataset: { kind: 'digits', train: 70, test: 10 } });
});
afterAll(() => workshop[Symbol.asyncDispose]());

/** Blocks that change little: each command is refused, and counted. */
async function makeBlocks(swarm: SimulatedSwarm, index: number, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    let done = false;
    const command = {
      kind: 'commit-update',
      job: 'none',
      round: 1,
      hash: new Uint8Array(32),
      samples: i,
      bytes: 0,
    } as const;
    void swarm
      .services(index)
      ?.submit.submit(command)
      .then(() => {
        done = true;
      });
    await swarm.world.run({ until: () => done, untilMs: swarm.world.nowMs() + 20_000 });
  }
}

const rootsOf = (swarm: SimulatedSwarm) =>
  swarm.running().map(({ chain }) => `${chain.height} ${toHex(chain.stateRoot)}`);

async function untilLevel(swarm: SimulatedSwarm): Promise<void> {
  const level = () => swarm.running().length === swarm.names.length && new Set(rootsOf(swarm)).size === 1;
  await swarm.world.run({ until: level, untilMs: swarm.world.nowMs() + 30_000 });
  expect(rootsOf(swarm)).toEqual(swarm.names.map(() => rootsOf(swarm)[0]));
}

describe('a device that was away', () => {
  test('catches up by certified blocks', async () => {
    const swarm = simulateSwarm(workshop, { seed: 1, devices: 4 });
    await swarm.world.run({ untilMs: 100 });
    swarm.crash(3);
    await makeBlocks(swarm, 0, 12);
    swarm.restart(3);
    await untilLevel(swarm);
  });

  test('catches up by a snapshot where blocks would be too many, and takes part again', async () => {
    const services = { checkpointInterval: 8, snapshotGap: 10 };
    const swarm = simulateSwarm(workshop, { seed: 2, devices: 4, services });
    await swarm.world.run({ untilMs: 100 });
    swarm.crash(3);
    await makeBlocks(swarm, 0, 40);
    swarm.restart(3);
    await untilLevel(swarm);
    expect(await swarm.services(3)?.chain.block(1)).toBeUndefined();
    swarm.crash(1);
    await makeBlocks(swarm, 3, 2);
    swarm.restart(1);
    await untilLevel(swarm);
  });

  test('goes on where it was when it is started again at once', async () => {
    const services = { checkpointInterval: 8 };
    const swarm = simulateSwarm(workshop, { seed: 3, devices: 4, services });
    await swarm.world.run({ untilMs: 100 });
    await makeBlocks(swarm, 0, 20);
    await untilLevel(swarm);
    const before = rootsOf(swarm);
    for (const i of swarm.names.keys()) swarm.crash(i);
    for (const i of swarm.names.keys()) swarm.restart(i);
    await swarm.world.run({ until: () => swarm.running().length === 4 });
    expect(rootsOf(swarm)[0]?.split(' ')[0]).toBe(before[0]?.split(' ')[0]);
    await makeBlocks(swarm, 2, 1);
    await untilLevel(swarm);
  });
});

describe('a peer that serves blocks', () => {
  test('cannot make a device take one that no quorum certified', async () => {
    const swarm = simulateSwarm(workshop, { seed: 4, devices: 4 });
    await swarm.world.run({ untilMs: 100 });
    await makeBlocks(swarm, 0, 5);
    const reader = swarm.world.node('reader');
    const liar = swarm.world.node('liar');
    let served = 0;
    liar.port.onRequest('sync/blocks', async (_from, request) => {
      const answer = await liar.port.request(swarm.world.node('device-0').device, 'sync/blocks', request);
      if (!answer.ok) return answer;
      served += 1;
      const forged = answer.value.slice();
      forged[forged.length - 1] = (forged[forged.length - 1] as number) ^ 1;
      return accept(forged);
    });
    const { clock, port, random, store } = reader;
    const { genesis } = swarm;
    const identity = swarm.identities[0] as DeviceIdentity;
    const deps = { identity, genesis, name: 'reader', port, store, clock, random, log: silentLog, metrics: noMetrics };
    const chain = await Chain.open(deps);
    const sync = new SyncService({ ...deps, chain }, { snapshotGap: 256 }, () => undefined);
    swarm.world.network.partition(['reader'], swarm.names);
    sync.catchUp(5, liar.device);
    await swarm.world.run({ untilMs: swarm.world.nowMs() + 20_000 });
    expect(served).toBeGreaterThan(0);
    // The forged byte is in the last block; those before it are genuine, whoever handed them over.
    expect(chain.height).toBe(4);
    swarm.world.network.heal();
    sync.catchUp(5, liar.device);
    await swarm.world.run({ untilMs: swarm.world.nowMs() + 20_000 });
    expect(chain.height).toBeGreaterThanOrEqual(5);
  });
});
