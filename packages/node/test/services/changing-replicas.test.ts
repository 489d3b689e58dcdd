import { decodeCertificate } from '@murmuration/consensus';
import type { DeviceIdentity } from '@murmuration/identity';
import { defaultPlan } from '@murmuration/learning';
import { makePeace, unleashChaos } from '@murmuration/simulator';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCheckpoints } from '../../src/services/checkpoint-store.ts';
import type { DeviceServices } from '../../src/services/device-services.ts';
import { openWorkshop, type SimulatedSwarm, simulateSwarm, type Workshop } from '../support/simulated-swarm.ts';

let workshop: Workshop;
beforeAll(async () => {
  const plan = defaultPlan('digits');
  workshop = await openWorkshop({ ...plan, dataset: { kind: 'digits', train: 70, test: 10 } });
});
afterAll(() => workshop[Symbol.asyncDispose]());

const LOOKAHEAD = 16;
const NEWCOMER = 5;
const services = { checkpointInterval: 16, lieFromHeight: 4 };

const idOf = (swarm: SimulatedSwarm, i: number) => (swarm.identities[i] as DeviceIdentity).device;
const idKey = (swarm: SimulatedSwarm, i: number) => (swarm.identities[i] as DeviceIdentity).signer.publicKey;

/** Numbers of the devices that vote on the next height, as device `at` has it. */
function voters(swarm: SimulatedSwarm, at: number): number[] {
  const replicas = swarm.services(at)?.chain.replicaSet.replicas ?? [];
  return replicas.map(({ device }) => swarm.identities.findIndex((one) => one.device === device));
}

/** Runs until `holds`, with commands that are refused coming in through device `by` all the time. */
async function until(swarm: SimulatedSwarm, by: number, holds: () => boolean, withinMs = 60_000): Promise<boolean> {
  const end = swarm.world.nowMs() + withinMs;
  for (let samples = 0; !holds() && swarm.world.nowMs() < end; samples++) {
    const hash = new Uint8Array(32);
    const command = { kind: 'commit-update', job: 'none', round: 1, hash, samples, bytes: 0 } as const;
    void swarm.services(by)?.submit.submit(command);
    await swarm.world.run({ until: holds, untilMs: swarm.world.nowMs() + 100 });
  }
  return holds();
}

function ask(swarm: SimulatedSwarm, by: readonly number[], change: 'join' | 'leave', device: number): void {
  const command = { kind: 'change-replica', device: idOf(swarm, device), change } as const;
  for (const at of by) void swarm.services(at)?.submit.submit(command);
}

const heightOf = (swarm: SimulatedSwarm, at: number) => swarm.services(at)?.chain.height ?? 0;
const isVoter = (swarm: SimulatedSwarm, at: number) => swarm.services(at)?.consensus?.status.self !== null;

/** Whether a replica has executed the last height of its epoch, and nobody has shown it a certificate of the state there. */
const isUncertifiedAt = (swarm: SimulatedSwarm, lastHeight: number) => (at: number) => {
  const status = swarm.services(at)?.consensus?.status;
  const stable = status?.engine?.stableCheckpoint ?? 0;
  return heightOf(swarm, at) === lastHeight && status?.set.epoch === 0 && stable < lastHeight;
};

/** Epochs whose end this device can prove to others. */
async function provedEnds(swarm: SimulatedSwarm, at: number): Promise<number[]> {
  const known = await readCheckpoints(swarm.deps(at).store);
  return known.filter(({ epochProof }) => epochProof.length > 0).map(({ epoch }) => epoch);
}

async function settles(swarm: SimulatedSwarm, devices: readonly number[]): Promise<void> {
  const heights = () => devices.map((at) => heightOf(swarm, at));
  await swarm.world.run({ until: () => new Set(heights()).size === 1, untilMs: swarm.world.nowMs() + 30_000 });
  expect(heights()).toEqual(heights().map(() => heights()[0]));
}

describe('a swarm whose replicas may change', () => {
  test('takes the vote from an equivocator, lets a new device in, and then needs its vote', async () => {
    const swarm = simulateSwarm(workshop, {
      ...{ seed: 1, devices: 5, members: 1, lookahead: LOOKAHEAD, services, liars: { 3: 'equivocate' } },
    });
    swarm.crash(NEWCOMER);
    await swarm.world.run({ untilMs: 200 });
    const honest = [0, 1, 2, 4];
    expect(await until(swarm, 0, () => honest.every((at) => !voters(swarm, at).includes(3)))).toBe(true);
    expect(swarm.services(0)?.chain.ledger.isQuarantined(idOf(swarm, 3))).toBe(true);
    expect(voters(swarm, 0)).toEqual(honest);

    swarm.restart(NEWCOMER);
    const known = () => swarm.services(0)?.chain.ledger.device(idOf(swarm, NEWCOMER)) !== undefined;
    expect(await until(swarm, 0, known)).toBe(true);
    ask(swarm, honest, 'join', NEWCOMER);
    expect(await until(swarm, 0, () => swarm.services(NEWCOMER)?.consensus?.status.self === 4)).toBe(true);
    expect(voters(swarm, NEWCOMER)).toEqual([...honest, NEWCOMER]);

    // Five replicas, of which four are a quorum: without the first, nothing commits unless the new one votes.
    swarm.crash(0);
    const before = heightOf(swarm, 1);
    expect(await until(swarm, 1, () => heightOf(swarm, 1) >= before + 3)).toBe(true);
    const block = await swarm.services(1)?.chain.block(before + 3);
    const read = decodeCertificate(block?.certificate ?? new Uint8Array(0));
    expect(read).toMatchObject({ ok: true, value: { epoch: 2 } });
    expect(read.ok && read.value.signatures.map(({ replica }) => replica)).toEqual([1, 2, 3, 4]);
    await settles(swarm, [1, 2, 3, 4, NEWCOMER]);
    expect(await provedEnds(swarm, 1)).toEqual([0, 1]);
    expect(swarm.wronglyQuarantined()).toEqual([]);
  });

  type Moment = (swarm: SimulatedSwarm, lastHeight: number) => boolean;
  test.each<[string, number, Moment]>([
    ['on the way to the last height', 1, (swarm, last) => heightOf(swarm, 0) >= last - 13],
    [
      'at the last height, which nobody has certified',
      2,
      (swarm, last) => [0, 1, 2, 3].every(isUncertifiedAt(swarm, last)),
    ],
    ['when some are beyond the last height', 3, (swarm, last) => heightOf(swarm, 0) > last],
  ])('goes on after all of them stopped %s', async (_, seed, moment) => {
    const swarm = simulateSwarm(workshop, { seed, devices: 4, members: 1, lookahead: LOOKAHEAD, services });
    const all = [0, 1, 2, 3, 4];
    await swarm.world.run({ until: () => swarm.services(0)?.chain.ledger.device(idOf(swarm, 4)) !== undefined });
    ask(swarm, [0, 1, 2], 'join', 4);
    const lastHeight = () => swarm.services(0)?.chain.epochs[1]?.baseHeight ?? Number.POSITIVE_INFINITY;
    expect(await until(swarm, 0, () => moment(swarm, lastHeight()))).toBe(true);
    const end = lastHeight();
    for (const at of all) swarm.crash(at);
    await swarm.world.run({ untilMs: swarm.world.nowMs() + 1000 });
    for (const at of all) swarm.restart(at);
    await swarm.world.run({ until: () => swarm.running().length === 5 });
    expect(await until(swarm, 1, () => all.every((at) => isVoter(swarm, at)))).toBe(true);
    expect(await until(swarm, 1, () => heightOf(swarm, 4) > end + LOOKAHEAD)).toBe(true);
    await settles(swarm, all);
    expect(voters(swarm, 4)).toEqual(all);
    await swarm.world.run({ untilMs: swarm.world.nowMs() + 3000 });
    for (const at of all) expect(await provedEnds(swarm, at), `device ${at}`).toEqual([0]);
  });

  test('has a replica vote under its old key until the epoch that knows it ends, and then under the new one', async () => {
    const swarm = simulateSwarm(workshop, { seed: 4, devices: 4, lookahead: LOOKAHEAD, services });
    const old = idKey(swarm, 2);
    await swarm.world.run({ untilMs: 500 });
    // Of four replicas three are a quorum: from here on nothing commits without the third.
    swarm.crash(0);
    swarm.rotateKey(2);
    expect(await until(swarm, 1, () => swarm.services(1)?.chain.epochs.length === 2)).toBe(true);
    const [first, second] = swarm.services(1)?.chain.epochs ?? [];
    expect(first?.set.replicas[2]?.key).toEqual(old);
    expect(second?.set.replicas[2]?.key).toEqual(idKey(swarm, 2));
    expect(idKey(swarm, 2)).not.toEqual(old);
    const end = second?.baseHeight ?? 0;
    swarm.crash(2);
    const before = heightOf(swarm, 1);
    expect(before).toBeLessThan(end);
    swarm.restart(2);
    expect(await until(swarm, 1, () => heightOf(swarm, 1) > end + 3)).toBe(true);
    const read = decodeCertificate((await swarm.services(1)?.chain.block(end + 1))?.certificate ?? new Uint8Array(0));
    expect(read).toMatchObject({ ok: true, value: { epoch: 1 } });
    expect(read.ok && read.value.signatures.map(({ replica }) => replica)).toEqual([1, 2, 3]);
    await settles(swarm, [1, 2, 3]);
  });

  test.each([
    ['blocks', 1000],
    ['a snapshot', 4],
  ])('has a device that was away for two epochs follow by %s, and needs its vote', async (_, retainBlocks) => {
    const swarm = simulateSwarm(workshop, {
      ...{ seed: retainBlocks, devices: 5, members: 2, lookahead: LOOKAHEAD },
      services: { ...services, retainBlocks },
    });
    const known = (device: number) => swarm.services(0)?.chain.ledger.device(idOf(swarm, device)) !== undefined;
    await swarm.world.run({ until: () => known(5) && known(6) });
    swarm.crash(4);
    for (const device of [5, 6]) {
      ask(swarm, [0, 1, 2, 3], 'join', device);
      expect(await until(swarm, 0, () => swarm.services(device)?.consensus?.status.self === device)).toBe(true);
    }
    const end = heightOf(swarm, 0) + 20;
    expect(await until(swarm, 0, () => heightOf(swarm, 0) >= end)).toBe(true);
    swarm.restart(4);
    await swarm.world.run({ until: () => swarm.services(4) !== undefined });
    expect(swarm.services(4)?.chain.epochs).toHaveLength(1);
    expect(await until(swarm, 0, () => swarm.services(4)?.consensus?.status.set.epoch === 2)).toBe(true);
    const jumped = (await swarm.services(4)?.chain.block(30)) === undefined;
    expect(jumped).toBe(retainBlocks === 4);
    // Seven replicas, of which five are a quorum.
    for (const at of [0, 1]) swarm.crash(at);
    const before = heightOf(swarm, 2);
    expect(await until(swarm, 2, () => heightOf(swarm, 2) >= before + 3)).toBe(true);
    await settles(swarm, [2, 3, 4, 5, 6]);
    await swarm.world.run({ untilMs: swarm.world.nowMs() + 3000 });
    expect(await provedEnds(swarm, 4)).toEqual([0, 1]);
  });

  test('carries a job on to its end while one of them loses its vote', async () => {
    const liars = { 4: 'equivocate' };
    const swarm = simulateSwarm(workshop, { seed: 6, devices: 5, lookahead: LOOKAHEAD, services, liars });
    await swarm.world.run({ untilMs: 200 });
    swarm.openJob(0, 'job', 4);
    expect(await swarm.finish('job', 60_000)).toBe(true);
    expect(voters(swarm, 0)).toEqual([0, 1, 2, 3]);
    expect(swarm.services(0)?.chain.ledger.round('job', 4)).toMatchObject({ phase: 'finalised' });
    expect(swarm.wronglyQuarantined()).toEqual([]);
  });

  test('has devices join and leave while messages are lost and others crash, and then everybody knows every epoch', async () => {
    const faults = { loss: 0.05, maxSkewMs: 2000, maxDelayMs: 60 };
    const swarm = simulateSwarm(workshop, {
      ...{ seed: 120, devices: 4, members: 2, lookahead: LOOKAHEAD, faults },
      services: { ...services, retainBlocks: 8, snapshotGap: 20 },
    });
    const { world } = swarm;
    const all = [0, 1, 2, 3, 4, 5];
    await world.run({ untilMs: 500 });
    unleashChaos(world, { untilMs: 15_000, maxDown: 1 });
    for (let step = 0; world.nowMs() < 15_000; step++) {
      ask(swarm, all, step % 12 < 6 ? 'join' : 'leave', 4 + (step % 2));
      await until(swarm, step % 4, () => false, 500);
    }
    makePeace(world);
    const height = Math.max(...all.map((at) => heightOf(swarm, at)));
    expect(await until(swarm, 1, () => all.every((at) => heightOf(swarm, at) > height + LOOKAHEAD))).toBe(true);
    await world.run({ untilMs: world.nowMs() + 40_000 });
    const { epoch } = (swarm.services(0) as DeviceServices).chain.replicaSet;
    expect(epoch).toBeGreaterThan(1);
    const before = Array.from({ length: epoch }, (_, i) => i);
    for (const at of all) expect(await provedEnds(swarm, at), `device ${at}`).toEqual(before);
    expect(swarm.wronglyQuarantined()).toEqual([]);
  });
});
