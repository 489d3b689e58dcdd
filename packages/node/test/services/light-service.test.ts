import type { Header } from '@murmuration/consensus';
import { defaultPlan } from '@murmuration/learning';
import { chainIdOf, createLightClient } from '@murmuration/ledger';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  decodeCheckpoints,
  decodeLightState,
  encodeLightQuestion,
  LIGHT_TOPIC,
} from '../../src/services/light-service.ts';
import type { LightQuestion } from '../../src/views/light.ts';
import { openWorkshop, type SimulatedSwarm, simulateSwarm, type Workshop } from '../support/simulated-swarm.ts';

let workshop: Workshop;
let swarm: SimulatedSwarm;
beforeAll(async () => {
  const plan = defaultPlan('digits');
  workshop = await openWorkshop({ ...plan, dataset: { kind: 'digits', train: 70, test: 10 } });
  swarm = simulateSwarm(workshop, { seed: 'light', devices: 4, services: { checkpointInterval: 4 } });
  await swarm.world.run({ untilMs: 100 });
  for (let i = 0; i < 12; i++) {
    let done = false;
    const plan = new Uint8Array(4).fill(i);
    void swarm
      .services(i % 4)
      ?.submit.submit({ kind: 'open-job', job: `job-${i}`, plan, rounds: 1, participants: [] })
      .then(() => {
        done = true;
      });
    await swarm.world.run({ until: () => done, untilMs: swarm.world.nowMs() + 20_000 });
  }
  await swarm.world.run({ untilMs: swarm.world.nowMs() + 3_000 });
});
afterAll(() => workshop[Symbol.asyncDispose]());

async function ask(question: LightQuestion, of = 0): Promise<Uint8Array | string> {
  const phone = swarm.world.node('phone');
  const device = swarm.world.node(`device-${of}`).device;
  let answer: Uint8Array | string | undefined;
  void phone.port.request(device, LIGHT_TOPIC, encodeLightQuestion(question)).then((result) => {
    answer = result.ok ? result.value : result.reason;
  });
  await swarm.world.run({ until: () => answer !== undefined, untilMs: swarm.world.nowMs() + 20_000 });
  return answer ?? 'no answer';
}

async function headers(of: number): Promise<Header[]> {
  const wire = await ask({ kind: 'checkpoints', epoch: 0, height: 0 }, of);
  if (typeof wire === 'string') throw new Error(wire);
  const read = decodeCheckpoints(wire);
  if (!read.ok) throw new Error(read.reason);
  return read.value.map((checkpoint) => ({ ...checkpoint, chainId: chainIdOf(swarm.genesis) }));
}

test('a device with nothing but the genesis follows the checkpoints and reads the state, from different replicas', async () => {
  const client = createLightClient(swarm.genesis);
  for (const header of await headers(0)) expect(client.follow(header).ok).toBe(true);
  expect(client.height).toBeGreaterThanOrEqual(8);
  for (const [key, there] of [
    ['job/job-0', true],
    ['job/job-none', false],
    [`device/${swarm.identities[2]?.device}`, true],
  ] as const) {
    const wire = await ask({ kind: 'state', height: client.height, key }, 1);
    const answer = typeof wire === 'string' ? undefined : decodeLightState(wire);
    if (!answer?.ok) throw new Error(`no answer: ${wire}`);
    const value = client.read(client.height, key, answer.value);
    expect(value.ok && (value.value !== null) === there).toBe(true);
  }
});

test('only what is newer is handed out, and a state only at the newest checkpoint', async () => {
  const known = await headers(0);
  const newest = known.at(-1)?.height ?? 0;
  const wire = await ask({ kind: 'checkpoints', epoch: 0, height: newest });
  expect(typeof wire !== 'string' && decodeCheckpoints(wire)).toMatchObject({ ok: true, value: [] });
  expect(await ask({ kind: 'state', height: newest - 4, key: 'meta/chain' })).toBe('refused');
  expect(await ask({ kind: 'state', height: newest + 4, key: 'meta/chain' })).toBe('refused');
});
