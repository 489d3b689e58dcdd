import { isMurmurError } from '@murmuration/core';
import { defaultPlan } from '@murmuration/learning';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openWorkshop, type SimulatedSwarm, simulateSwarm, type Workshop } from '../support/simulated-swarm.ts';

let workshop: Workshop;
beforeAll(async () => {
  const plan = defaultPlan('digits');
  workshop = await openWorkshop({ ...plan, dataset: { kind: 'digits', train: 70, test: 10 } });
});
afterAll(() => workshop[Symbol.asyncDispose]());

async function makeBlocks(swarm: SimulatedSwarm, count: number, by = 0): Promise<void> {
  for (let i = 0; i < count; i++) {
    let done = false;
    const hash = new Uint8Array(32);
    void swarm
      .services(by)
      ?.submit.submit({ kind: 'commit-update', job: 'none', round: 1, hash, samples: i, bytes: 0 })
      .then(() => {
        done = true;
      });
    await swarm.world.run({ until: () => done, untilMs: swarm.world.nowMs() + 20_000 });
  }
}

test.each([1, 2, 3])(
  'a second machine with one key stops before it votes, says why, and nobody is accused; seed %i',
  async (seed) => {
    const stopped: { name: string; error: unknown }[] = [];
    const onFatal = (name: string, error: unknown) => stopped.push({ name, error });
    const swarm = simulateSwarm(workshop, { seed: `twins ${seed}`, devices: 4, onFatal });
    await swarm.world.run({ untilMs: 100 });
    await makeBlocks(swarm, 6);
    swarm.twin(3);
    await makeBlocks(swarm, 6);
    await swarm.world.run({ untilMs: swarm.world.nowMs() + 10_000 });
    expect(stopped.map(({ name }) => name)).toContain('twin-3');
    for (const { name, error } of stopped) {
      expect(name).toMatch(/^(twin|device)-3$/);
      expect(isMurmurError(error, 'KEY_IN_USE_ELSEWHERE') && error.message).toMatch(/it signed a .* for view/);
    }
    expect(swarm.wronglyQuarantined()).toEqual([]);
    // The others, a quorum, go on; the second machine stays silent at its next start.
    await makeBlocks(swarm, 2);
    const { store } = swarm.world.node('twin-3');
    expect(await store.get('votes/duplicated')).toBeDefined();
  },
);

test('no device that is restarted, or that lost what was not synced, takes itself for two', async () => {
  const stopped: string[] = [];
  const swarm = simulateSwarm(workshop, { seed: 'alone', devices: 4, onFatal: (name) => stopped.push(name) });
  await swarm.world.run({ untilMs: 100 });
  for (let i = 0; i < 6; i++) {
    swarm.crash(i % 4);
    await makeBlocks(swarm, 1, (i + 1) % 4);
    swarm.restart(i % 4);
    await swarm.world.run({ untilMs: swarm.world.nowMs() + 4_000 });
  }
  expect(stopped).toEqual([]);
  expect(swarm.running()).toHaveLength(4);
});
