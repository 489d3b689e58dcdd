import { noMetrics, toHex } from '@murmuration/core';
import { defaultPlan, encodePlan } from '@murmuration/learning';
import { createLightClient, decodeGenesis } from '@murmuration/ledger';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DeviceSource } from '../../src/services/device-source.ts';
import { decodeCheckpoints, decodeLightState } from '../../src/services/light-service.ts';
import type { LightQuestion } from '../../src/views/light.ts';
import type { SwarmEvent } from '../../src/views/source.ts';
import { openWorkshop, type SimulatedSwarm, simulateSwarm, type Workshop } from '../support/simulated-swarm.ts';

const ROUNDS = 4;
let workshop: Workshop;
let swarm: SimulatedSwarm;
let source: DeviceSource;
const events: SwarmEvent[] = [];

beforeAll(async () => {
  const plan = defaultPlan('digits');
  workshop = await openWorkshop({ ...plan, dataset: { kind: 'digits', train: 280, test: 40 }, localSamples: 64 });
  swarm = simulateSwarm(workshop, {
    seed: 1,
    liars: { 6: 'equivocate' },
    services: { lieFromHeight: 10, checkpointInterval: 8 },
  });
  await swarm.world.run({ untilMs: 200 });
  const services = swarm.services(0);
  if (services === undefined) throw new Error('device 0 does not run');
  source = new DeviceSource({ ...swarm.deps(0), metrics: noMetrics }, services, {
    version: '1',
    startedAtMs: 0,
    pid: null,
    behaviour: null,
    rssMb: () => 0,
    addresses: () => [],
    links: () => [],
    planJob: async ({ strategy }) =>
      strategy === 'mean'
        ? { ok: true, value: { job: 'job', plan: encodePlan(workshop.plan), rounds: ROUNDS } }
        : { ok: false, reason: 'unknown-strategy' },
  });
  source.subscribe((event) => events.push(event));
  void source.openJob({ data: 'digits', rounds: ROUNDS, strategy: 'mean', alpha: 1 });
  await swarm.finish('job', 60_000);
  await swarm.world.run({ untilMs: swarm.world.nowMs() + 3000 });
}, 60_000);
afterAll(() => workshop[Symbol.asyncDispose]());

/** All pages, oldest page last. */
async function pages<T>(read: (before: number | undefined) => Promise<readonly T[]>, position: (item: T) => number) {
  const all: T[] = [];
  for (let page = await read(undefined); page.length > 0; page = await read(position(page.at(-1) as T)))
    all.push(...page);
  return all;
}

describe("one device's view of the swarm", () => {
  test('shows light clients the genesis, certified states, and what stands in the newest of them', async () => {
    const ask = async (question: LightQuestion) => (await source.light(question)) ?? new Uint8Array(0);
    const genesis = decodeGenesis(await ask({ kind: 'genesis' }));
    if (!genesis.ok) throw new Error(genesis.reason);
    expect(toHex(genesis.value.chainId)).toBe(source.snapshot().swarm.id);
    const checkpoints = decodeCheckpoints(await ask({ kind: 'checkpoints', epoch: 0, height: 0 }));
    if (!checkpoints.ok) throw new Error(checkpoints.reason);
    const client = createLightClient(genesis.value.genesis);
    const { chainId } = client;
    for (const checkpoint of checkpoints.value) expect(client.follow({ chainId, ...checkpoint }).ok).toBe(true);
    expect(client.height).toBeGreaterThan(0);
    const state = decodeLightState(await ask({ kind: 'state', height: client.height, key: 'job/job' }));
    const read = client.read(client.height, 'job/job', state.ok ? state.value : new Uint8Array(0));
    expect(read.ok && read.value !== null).toBe(true);
    expect(await source.light({ kind: 'state', height: client.height + 1, key: 'job/job' })).toBeUndefined();
  });

  test('pages of blocks hold every height once, the newest first, with what became of each command', async () => {
    const blocks = await pages(
      (before) => source.blocks({ limit: 7, ...(before && { before }) }),
      ({ height }) => height,
    );
    const heights = blocks.map(({ height }) => height);
    expect(heights).toEqual(heights.map((_, i) => heights.length - i));
    expect(blocks.every(({ signers }) => signers >= 5)).toBe(true);
    const outcomes = blocks.flatMap(({ commands }) => commands.map(({ kind, outcome }) => `${kind} ${outcome}`));
    expect(outcomes).toContain('open-job applied');
    expect(outcomes.filter((outcome) => outcome === 'commit-result applied').length).toBeGreaterThanOrEqual(5 * ROUNDS);
  });

  test('pages of rounds hold every round once; an unknown job has none', async () => {
    const rounds = await pages(
      (before) => source.rounds('job', { limit: 3, ...(before && { before }) }),
      ({ round }) => round,
    );
    expect(rounds.map(({ round, state }) => [round, state])).toEqual([4, 3, 2, 1].map((round) => [round, 'finalised']));
    expect(rounds.every(({ accuracy, seconds }) => accuracy !== null && seconds !== null && seconds > 0)).toBe(true);
    expect(await source.rounds('nobody', { limit: 3 })).toEqual([]);
  });

  test('a round in detail has one verdict for each update, with shares that add up to one', async () => {
    const detail = await source.round('job', 1);
    expect(detail?.updates.length).toBeGreaterThanOrEqual(6);
    expect(detail?.updates.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 6);
    expect(detail?.updates.every(({ norm, bytes }) => norm > 0 && bytes > 0)).toBe(true);
    expect(await source.round('job', 99)).toBeUndefined();
  });

  test('evidence comes newest first, never splits a height, and its bundle is there', async () => {
    const all = await pages(
      (before) => source.evidence({ limit: 1, ...(before && { before }) }),
      ({ height }) => height,
    );
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    expect(all.length).toBeGreaterThanOrEqual(1);
    for (const { id } of all) expect(await source.evidenceBundle(id)).toBeInstanceOf(Uint8Array);
    expect(await source.evidenceBundle('0'.repeat(32))).toBeUndefined();
  });

  test('the snapshot is plain data, and agrees with the ledger', () => {
    const snapshot = source.snapshot();
    expect(JSON.parse(JSON.stringify(snapshot))).toEqual(snapshot);
    expect(snapshot.ledger).toMatchObject({ height: swarm.services(0)?.chain.height, replicasAgreeing: 7 });
    expect(snapshot.quorum).toEqual({ replicas: 7, faultyTolerated: 2, quorum: 5, live: 7, health: 'healthy' });
    expect(snapshot.job).toMatchObject({ job: 'job', state: 'finished', round: ROUNDS });
    expect(snapshot.devices.filter(({ state }) => state === 'quarantined')).toHaveLength(1);
    expect(snapshot.quarantines).toHaveLength(1);
  });

  test('subscribers hear of every block and round, of the evidence and of the quarantine', () => {
    const heights = events.flatMap((event) => (event.kind === 'block' ? [event.block.height] : []));
    expect(heights).toEqual(heights.map((_, i) => i + (heights[0] ?? 0)));
    const closed = events.flatMap((event) =>
      event.kind === 'round' && event.round.state === 'finalised' ? [event.round.round] : [],
    );
    expect([...new Set(closed)]).toEqual([1, 2, 3, 4]);
    for (const kind of ['evidence', 'quarantine', 'snapshot'])
      expect(events.some((event) => event.kind === kind)).toBe(true);
  });

  test('a job that cannot be planned is refused with the reason', async () => {
    const request = { data: 'digits', rounds: 1, strategy: 'best', alpha: 1 } as const;
    expect(await source.openJob(request)).toMatchObject({ ok: false, reason: 'unknown-strategy' });
  });
});
