import { toHex } from '@murmuration/core';
import type { DeviceIdentity } from '@murmuration/identity';
import { defaultPlan } from '@murmuration/learning';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openWorkshop, type SimulatedSwarm, simulateSwarm, type Workshop } from '../support/simulated-swarm.ts';

let workshop: Workshop;
beforeAll(async () => {
  workshop = await openWorkshop({ ...defaultPlan('digits'), dataset: { kind: 'digits', train: 40, test: 10 } });
});
afterAll(() => workshop[Symbol.asyncDispose]());

const LOOKAHEAD = 16;
const MEMBER = 4;
const services = { checkpointInterval: 16 };

const identityOf = (swarm: SimulatedSwarm, i: number) => swarm.identities[i] as DeviceIdentity;
const entryOf = (swarm: SimulatedSwarm, i: number, at = 0) =>
  swarm.services(at)?.chain.ledger.device(identityOf(swarm, i).device);
const hasKeyOf = (swarm: SimulatedSwarm, i: number) =>
  toHex(entryOf(swarm, i)?.key ?? new Uint8Array(0)) === toHex(identityOf(swarm, i).certificate.key);
const seatKey = (swarm: SimulatedSwarm, i: number) => {
  const { device } = identityOf(swarm, i);
  return swarm.services(0)?.chain.replicaSet.replicas.find((replica) => replica.device === device)?.key;
};

const run = (swarm: SimulatedSwarm, until: () => boolean, withinMs = 60_000) =>
  swarm.world.run({ until, untilMs: swarm.world.nowMs() + withinMs }).then(() => until());

/** A job that goes on, and a device that is no replica in it. */
async function training(seed: number, rounds: number): Promise<SimulatedSwarm> {
  const swarm = simulateSwarm(workshop, { seed, devices: 4, members: 1, lookahead: LOOKAHEAD, services });
  expect(await run(swarm, () => entryOf(swarm, MEMBER) !== undefined)).toBe(true);
  swarm.openJob(0, 'job', rounds);
  expect(await run(swarm, () => swarm.services(0)?.chain.ledger.round('job', 2) !== undefined)).toBe(true);
  return swarm;
}

describe('a device that rotates its key while the swarm trains', () => {
  test.each([
    ['a replica', 2],
    ['a member', MEMBER],
  ])('%s: the job goes on to its end, and it trains and votes under the new key', async (_, device) => {
    const swarm = await training(1 + device, 4);
    const { device: id } = identityOf(swarm, device);
    swarm.rotateKey(device);
    expect(await run(swarm, () => hasKeyOf(swarm, device))).toBe(true);
    expect(entryOf(swarm, device)).toMatchObject({ epoch: 1 });
    const since = swarm.services(0)?.chain.ledger.job('job')?.round ?? 0;
    expect(await swarm.finish('job', 120_000)).toBe(true);
    const ledger = swarm.services(0)?.chain.ledger;
    const trained = Array.from({ length: 4 - since }, (_, i) => ledger?.round('job', since + 1 + i));
    expect(trained.some((round) => round?.updates.some((update) => update.device === id && update.fixed))).toBe(true);
    // Again, and after a restart between.
    swarm.crash(device);
    swarm.restart(device);
    await run(swarm, () => swarm.services(device) !== undefined);
    swarm.rotateKey(device);
    expect(await run(swarm, () => entryOf(swarm, device)?.epoch === 2)).toBe(true);
    expect(swarm.wronglyQuarantined()).toEqual([]);
  });

  test('is told apart from a liar, and has its vote counted under the new key, whenever it is killed on the way', async () => {
    for (const killedAfterMs of [0, 60]) {
      const swarm = await training(20 + killedAfterMs, 30);
      swarm.rotateKey(2);
      await swarm.world.run({ untilMs: swarm.world.nowMs() + killedAfterMs });
      swarm.crash(2);
      swarm.restart(2);
      const seated = () =>
        toHex(seatKey(swarm, 2) ?? new Uint8Array(0)) === toHex(identityOf(swarm, 2).certificate.key);
      expect(await run(swarm, seated, 120_000), `killed after ${killedAfterMs} ms`).toBe(true);
      // Of four replicas three are a quorum.
      swarm.crash(1);
      const height = swarm.services(0)?.chain.height ?? 0;
      expect(await run(swarm, () => (swarm.services(0)?.chain.height ?? 0) > height + 5)).toBe(true);
      expect(swarm.wronglyQuarantined()).toEqual([]);
    }
  });

  test('has its commands judged by what they want, also those that the old key signed and that came after it', async () => {
    const swarm = await training(41, 4);
    swarm.rotateKey(2);
    expect(await run(swarm, () => swarm.services(2) !== undefined)).toBe(true);
    expect(entryOf(swarm, 2, 2)).toMatchObject({ epoch: 0 });
    const { device } = identityOf(swarm, 2);
    let outdated = 0;
    swarm.services(0)?.chain.onBlock(({ receipts }) => {
      outdated += receipts.filter((one) => one.device === device && one.reason === 'bad-signature').length;
    });
    const reasons: (string | null)[] = [];
    let samples = 0;
    for (; !hasKeyOf(swarm, 2) && samples < 2000; samples++) {
      const hash = new Uint8Array(32);
      const command = { kind: 'commit-update', job: 'none', round: 1, hash, samples, bytes: 0 } as const;
      void swarm
        .services(2)
        ?.submit.submit(command)
        .then(({ reason }) => reasons.push(reason));
      await swarm.world.run({ untilMs: swarm.world.nowMs() + 10 });
    }
    expect(await run(swarm, () => reasons.length === samples)).toBe(true);
    expect(outdated).toBeGreaterThan(0);
    expect(new Set(reasons)).toEqual(new Set(['unknown-job']));
  });

  test('leaves an older copy of its home behind, which stops with KEY_REPLACED and harms nobody', async () => {
    const fatal: [string, string][] = [];
    const swarm = simulateSwarm(workshop, {
      ...{ seed: 31, devices: 4, members: 1, lookahead: LOOKAHEAD, services },
      onFatal: (name, error) => fatal.push([name, (error as { code?: string }).code ?? String(error)]),
    });
    expect(await run(swarm, () => entryOf(swarm, MEMBER) !== undefined)).toBe(true);
    swarm.twin(MEMBER);
    await swarm.world.run({ untilMs: swarm.world.nowMs() + 500 });
    swarm.rotateKey(MEMBER);
    expect(await run(swarm, () => hasKeyOf(swarm, MEMBER) && fatal.length > 0)).toBe(true);
    expect(new Set(fatal.map(String))).toEqual(new Set([`twin-${MEMBER},KEY_REPLACED`]));
    expect(swarm.wronglyQuarantined()).toEqual([]);
  });
});
