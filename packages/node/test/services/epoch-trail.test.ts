import { accept, encode, noMetrics, silentLog } from '@murmuration/core';
import type { DeviceIdentity } from '@murmuration/identity';
import { defaultPlan } from '@murmuration/learning';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Chain } from '../../src/services/chain.ts';
import type { StoredCheckpoint } from '../../src/services/checkpoint-store.ts';
import { EpochTrail } from '../../src/services/epoch-trail.ts';
import { checkpointsSchema, decodeCheckpoints, LIGHT_TOPIC } from '../../src/services/light-service.ts';
import { openWorkshop, type SimulatedSwarm, simulateSwarm, type Workshop } from '../support/simulated-swarm.ts';

let workshop: Workshop;
beforeAll(async () => {
  const plan = defaultPlan('digits');
  workshop = await openWorkshop({ ...plan, dataset: { kind: 'digits', train: 70, test: 10 } });
});
afterAll(() => workshop[Symbol.asyncDispose]());

/** Four replicas that a fifth has joined: epoch 1 has begun and is certified. */
async function changedSwarm(): Promise<{ readonly swarm: SimulatedSwarm; readonly lastHeight: number }> {
  const services = { checkpointInterval: 8 };
  const swarm = simulateSwarm(workshop, { seed: 1, devices: 4, members: 1, lookahead: 16, services });
  const { world } = swarm;
  const device = (swarm.identities[4] as DeviceIdentity).device;
  const chain = () => swarm.services(0)?.chain;
  await world.run({ until: () => chain()?.ledger.device(device) !== undefined, untilMs: 10_000 });
  for (const at of [0, 1, 2])
    void swarm.services(at)?.submit.submit({ kind: 'change-replica', device, change: 'join' });
  const lastHeight = () => chain()?.epochs[1]?.baseHeight ?? Number.POSITIVE_INFINITY;
  await world.run({ until: () => (chain()?.height ?? 0) >= lastHeight(), untilMs: world.nowMs() + 20_000 });
  await world.run({ untilMs: world.nowMs() + 3000 });
  return { swarm, lastHeight: lastHeight() };
}

/** A device of the chain that knows its genesis alone. */
async function reader({ world, genesis, identities }: SimulatedSwarm) {
  const { clock, port, random, store } = world.node('reader');
  const identity = identities[0] as DeviceIdentity;
  const deps = { identity, genesis, name: 'reader', port, store, clock, random, log: silentLog, metrics: noMetrics };
  return { ...deps, chain: await Chain.open(deps) };
}

async function follow(swarm: SimulatedSwarm, trail: EpochTrail, peer: string): Promise<string> {
  let outcome = '';
  void trail.follow(swarm.world.node(peer).device).then((result) => {
    outcome = result.ok ? 'followed' : result.reason;
  });
  await swarm.world.run({ until: () => outcome !== '', untilMs: swarm.world.nowMs() + 20_000 });
  return outcome;
}

describe('epochs beyond the own ledger', () => {
  test('are known from proofs, and each set counts at the heights of its own epoch alone', async () => {
    const { swarm, lastHeight } = await changedSwarm();
    const trail = new EpochTrail(await reader(swarm));
    // As far as the reader knows the first epoch goes on for ever, and no other is known.
    expect(trail.replicasAt(0, lastHeight + 1)?.epoch).toBe(0);
    expect(trail.replicasAt(1, lastHeight + 1)).toBeUndefined();
    expect(await follow(swarm, trail, 'device-1')).toBe('followed');
    expect(trail.replicasAt(0, lastHeight)?.replicas).toHaveLength(4);
    expect(trail.replicasAt(0, lastHeight + 1)).toBeUndefined();
    expect(trail.replicasAt(1, lastHeight)).toBeUndefined();
    expect(trail.replicasAt(1, lastHeight + 1)?.replicas).toHaveLength(5);
    expect(trail.replicasAt(2, lastHeight + 100)).toBeUndefined();
    await trail.stop();
  });

  test.each<[string, (end: StoredCheckpoint) => StoredCheckpoint, string]>([
    ['proof', (end) => ({ ...end, epochProof: flipped(end.epochProof, 40) }), 'bad-epoch-proof'],
    ['root', (end) => ({ ...end, stateDigest: flipped(end.stateDigest, 0) }), 'bad-signature'],
    ['height', (end) => ({ ...end, height: end.height - 1 }), 'bad-signature'],
    ['certificate', (end) => ({ ...end, certificate: flipped(end.certificate, -1) }), 'bad-signature'],
  ])('are not believed from a peer that changes the %s', async (_, change, reason) => {
    const { swarm, lastHeight } = await changedSwarm();
    const liar = swarm.world.node('liar');
    liar.port.onRequest(LIGHT_TOPIC, async (_from, request) => {
      const answer = await liar.port.request(swarm.world.node('device-1').device, LIGHT_TOPIC, request);
      const read = answer.ok ? decodeCheckpoints(answer.value) : answer;
      if (!read.ok) return read;
      return accept(
        encode(
          checkpointsSchema,
          read.value.map((one) => (one.epochProof.length > 0 ? change(one) : one)),
        ),
      );
    });
    const trail = new EpochTrail(await reader(swarm));
    expect(await follow(swarm, trail, 'liar')).toBe(reason);
    expect(trail.replicasAt(1, lastHeight + 1)).toBeUndefined();
    expect(await follow(swarm, trail, 'device-1')).toBe('followed');
    expect(trail.replicasAt(1, lastHeight + 1)?.epoch).toBe(1);
    await trail.stop();
  });
});

/** @param at from the end where it is negative */
function flipped(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.with(at, (bytes.at(at) as number) ^ 1);
}
