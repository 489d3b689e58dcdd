import { createPbft, type Engine, type EngineEffect } from '@murmuration/consensus';
import { defaultPlan } from '@murmuration/learning';
import { bundleEquivocation, replicaSetOf } from '@murmuration/ledger';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openWorkshop, type SimulatedSwarm, simulateSwarm, type Workshop } from '../support/simulated-swarm.ts';

let workshop: Workshop;
beforeAll(async () => {
  const plan = defaultPlan('digits');
  workshop = await openWorkshop({ ...plan, dataset: { kind: 'digits', train: 64, test: 16 }, localSamples: 16 });
});
afterAll(() => workshop[Symbol.asyncDispose]());

/** Two engines with one key propose two batches at one place, and a third one sees both. */
function equivocationOf(swarm: SimulatedSwarm, self: number): Uint8Array {
  const replicaSet = replicaSetOf(swarm.genesis);
  const nowMs = swarm.world.nowMs();
  const start = (index: number): Engine => {
    const signer = (swarm.identities[index] as (typeof swarm.identities)[number]).signer;
    const engine = createPbft({ replicaSet, self: index, signer });
    const executed = { height: 0, stateDigest: new Uint8Array(32) };
    engine.step({ kind: 'start', nowMs, records: [], executed, sure: true });
    return engine;
  };
  const witness = start((self + 1) % 4);
  const said = [1, 2].flatMap((fill) => start(self).step({ kind: 'propose', nowMs, request: Uint8Array.of(fill) }));
  const seen = said.flatMap((effect): readonly EngineEffect[] =>
    effect.kind === 'send' ? witness.step({ kind: 'message', nowMs, from: self, bytes: effect.bytes }) : [],
  );
  const found = seen.find((effect) => effect.kind === 'evidence');
  const bundle = bundleEquivocation(swarm.genesis, found?.kind === 'evidence' ? found.evidence : new Uint8Array(0));
  if (!bundle.ok) throw new Error(bundle.reason);
  return bundle.value;
}

const recorded = (swarm: SimulatedSwarm) =>
  swarm.running().filter(({ chain }) => chain.ledger.evidence().length > 0).length;

describe('evidence that was found while nothing could be committed', () => {
  test('is kept through a crash of its finder, and committed once there is a quorum again, however much later', async () => {
    const swarm = simulateSwarm(workshop, { seed: 5, devices: 4 });
    const { world } = swarm;
    await world.run({ untilMs: 2000 });
    const bundle = equivocationOf(swarm, 0);
    for (const index of [0, 2, 3]) swarm.crash(index);
    void swarm.services(1)?.evidence.take(bundle);
    await world.run({ untilMs: 10_000 });
    expect(recorded(swarm)).toBe(0);
    swarm.crash(1);
    await world.run({ untilMs: 12_000 });
    swarm.restart(1);
    // No clock wears it out.
    await world.run({ untilMs: 60_000 });
    expect(recorded(swarm)).toBe(0);
    for (const index of [2, 3]) swarm.restart(index);
    await world.run({ untilMs: 120_000, until: () => recorded(swarm) === 3 });
    expect(recorded(swarm)).toBe(3);
    const [entry] = swarm.services(1)?.chain.ledger.evidence() ?? [];
    expect(entry).toMatchObject({ kind: 'equivocation', accused: swarm.identities[0]?.device });
    expect(swarm.services(2)?.chain.ledger.isQuarantined(entry?.accused as never)).toBe(true);
  });
});
