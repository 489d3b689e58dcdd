import { toHex } from '@murmuration/core';
import { defaultPlan } from '@murmuration/learning';
import { verifyEvidenceBundle } from '@murmuration/ledger';
import { makePeace, unleashChaos } from '@murmuration/simulator';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openWorkshop, type SimulatedSwarm, simulateSwarm, type Workshop } from '../support/simulated-swarm.ts';

let workshop: Workshop;
beforeAll(async () => {
  const plan = defaultPlan('digits');
  workshop = await openWorkshop({
    ...plan,
    dataset: { kind: 'digits', train: 420, test: 60 },
    model: { ...plan.model, hidden: 8 },
    localSamples: 96,
  });
});
afterAll(() => workshop[Symbol.asyncDispose]());

const ROUNDS = 5;

async function begun(options: Parameters<typeof simulateSwarm>[1]): Promise<SimulatedSwarm> {
  const swarm = simulateSwarm(workshop, options);
  await swarm.world.run({ untilMs: 200 });
  swarm.openJob(0, 'job', ROUNDS);
  return swarm;
}

/** The ledger of the running device that is furthest. */
function ledgerOf(swarm: SimulatedSwarm) {
  const [furthest] = [...swarm.running()].sort((a, b) => b.chain.height - a.chain.height);
  if (furthest === undefined) throw new Error('no device runs');
  return furthest.chain.ledger;
}

const verdicts = (swarm: SimulatedSwarm, round: number) => ledgerOf(swarm).round('job', round)?.verdicts ?? [];
const reaches = (swarm: SimulatedSwarm, round: number) =>
  swarm.world.run({ until: () => (swarm.running()[1]?.chain.ledger.job('job')?.round ?? 0) >= round });

function quarantined(swarm: SimulatedSwarm): Record<string, string> {
  const entries = ledgerOf(swarm).quarantines();
  return Object.fromEntries(
    entries.map(({ device, reason }) => [swarm.identities.findIndex((identity) => identity.device === device), reason]),
  );
}

/** Every running device reaches one height, and has one state there: agreement itself is checked at every event. */
async function settles(swarm: SimulatedSwarm): Promise<void> {
  const heights = () => swarm.running().map(({ chain }) => chain.height);
  const level = () => swarm.running().length === swarm.names.length && new Set(heights()).size === 1;
  await swarm.world.run({ untilMs: swarm.world.nowMs() + 30_000, until: level });
  expect(heights()).toEqual(swarm.names.map(() => heights()[0]));
}

describe('seven devices in one simulated world', () => {
  test('train to the end, with everybody in every round', async () => {
    const swarm = await begun({ seed: 1 });
    expect(await swarm.finish('job', 60_000)).toBe(true);
    await settles(swarm);
    for (let round = 1; round <= ROUNDS; round++) expect(verdicts(swarm, round)).toHaveLength(7);
    expect(quarantined(swarm)).toEqual({});
    const [first, ...others] = swarm.running().map(({ chain }) => toHex(chain.stateRoot));
    expect(others).toEqual(others.map(() => first));
  });

  test('one seed gives one run, event by event', async () => {
    const hashes: string[] = [];
    for (let run = 0; run < 2; run++) {
      const swarm = await begun({ seed: 'again', liars: { 6: 'equivocate' }, faults: { loss: 0.01 } });
      await swarm.finish('job', 20_000);
      hashes.push(swarm.world.traceHash());
    }
    expect(hashes[1]).toBe(hashes[0]);
  });

  test.each([2, 3, 4])('put both liars into quarantine on evidence, and nobody else: seed %i', async (seed) => {
    const liars = { 5: 'inner-product-manipulation', 6: 'equivocate' };
    const swarm = await begun({ seed, liars, services: { lieFromHeight: 12 } });
    expect(await swarm.finish('job', 60_000)).toBe(true);
    expect(quarantined(swarm)).toEqual({ 5: 'poisoned-updates', 6: 'equivocation' });
    expect(swarm.wronglyQuarantined()).toEqual([]);
    expect(verdicts(swarm, ROUNDS)).toHaveLength(5);
    for (const { evidenceId } of ledgerOf(swarm).quarantines()) {
      const bundle = (await swarm.services(0)?.evidence.bundle(evidenceId)) ?? new Uint8Array(0);
      expect(verifyEvidenceBundle(bundle)).toMatchObject({ ok: true, value: { id: evidenceId } });
    }
  });

  test('go on with two silent devices, and wait for them at most once', async () => {
    const swarm = await begun({ seed: 5, liars: { 3: 'silent', 4: 'silent' }, services: { lieFromHeight: 0 } });
    expect(await swarm.finish('job', 40_000)).toBe(true);
    expect(swarm.world.nowMs()).toBeLessThan(10_000 + ROUNDS * 3000);
    expect(verdicts(swarm, ROUNDS)).toHaveLength(5);
    expect(swarm.wronglyQuarantined()).toEqual([]);
  });

  test('go on when any one device crashes in the middle of a round, the primary included, and it catches up', async () => {
    for (const victim of [0, 3]) {
      const swarm = await begun({ seed: `crash ${victim}` });
      await reaches(swarm, 2);
      await swarm.world.run({ untilMs: swarm.world.nowMs() + 150 });
      swarm.crash(victim);
      await swarm.world.run({ untilMs: swarm.world.nowMs() + 4000 });
      swarm.restart(victim);
      expect(await swarm.finish('job', 60_000)).toBe(true);
      await settles(swarm);
      expect(quarantined(swarm)).toEqual({});
    }
  });

  test('resume the job where it was after all of them stopped', async () => {
    const swarm = await begun({ seed: 7 });
    await reaches(swarm, 3);
    await swarm.world.run({ untilMs: swarm.world.nowMs() + 120 });
    for (const i of swarm.names.keys()) swarm.crash(i);
    await swarm.world.run({ untilMs: swarm.world.nowMs() + 1000 });
    for (const i of swarm.names.keys()) swarm.restart(i);
    await swarm.world.run({ until: () => swarm.running().length === 7 });
    expect(ledgerOf(swarm).job('job')?.round).toBeGreaterThanOrEqual(2);
    expect(await swarm.finish('job', 60_000)).toBe(true);
    await settles(swarm);
    expect(quarantined(swarm)).toEqual({});
  });

  test.each([
    ['not a number', (own: Float32Array) => own.fill(Number.NaN)],
    ['infinite', (own: Float32Array) => own.fill(Number.POSITIVE_INFINITY)],
    ['too short', (own: Float32Array) => own.slice(0, 100)],
  ])('leave out an update that is %s, and go on without waiting for it', async (_, craft) => {
    const attack = { name: 'broken', describe: '', craft: ({ own }: { own: Float32Array }) => craft(own) };
    const swarm = await begun({
      seed: 8,
      devices: 4,
      liars: { 3: { name: 'broken', describe: '', attack, trains: true } },
    });
    expect(await swarm.finish('job', 30_000)).toBe(true);
    const last = ledgerOf(swarm).round('job', ROUNDS);
    expect(last?.verdicts).toHaveLength(3);
    expect(last?.updates.filter(({ fixed }) => !fixed)).toHaveLength(1);
    expect(swarm.world.nowMs()).toBeLessThan(ROUNDS * 1500);
  });

  test('take up a device that does not vote: it registers, follows the ledger and trains', async () => {
    const swarm = simulateSwarm(workshop, { seed: 9, devices: 4, members: 1 });
    await swarm.world.run({ until: () => swarm.services(4)?.chain.ledger.devices().length === 5, untilMs: 10_000 });
    const member = swarm.identities[4]?.device;
    expect(
      ledgerOf(swarm)
        .devices()
        .find(({ device }) => device === member)?.role,
    ).toBe('member');
    swarm.openJob(0, 'job', ROUNDS);
    expect(await swarm.finish('job', 60_000)).toBe(true);
    const served = [1, 2, 3, 4, 5].filter((round) => verdicts(swarm, round).some(({ device }) => device === member));
    expect(served).toEqual([1, 2, 3, 4, 5]);
    await settles(swarm);
  });

  test('never accuse an honest device, whatever crashes, gets lost or is cut off', async () => {
    for (const seed of [11, 12]) {
      const swarm = await begun({ seed, faults: { loss: 0.05, maxSkewMs: 2000, maxDelayMs: 60 } });
      unleashChaos(swarm.world, { untilMs: 5000, maxDown: 2 });
      await swarm.world.run({ untilMs: 5000 });
      makePeace(swarm.world);
      expect(await swarm.finish('job', 90_000), `seed ${seed}`).toBe(true);
      expect(swarm.wronglyQuarantined(), `seed ${seed}`).toEqual([]);
    }
  });
});
