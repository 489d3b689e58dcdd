import { accept, isMurmurError, noMetrics, silentLog, toHex } from '@murmuration/core';
import type { DeviceIdentity } from '@murmuration/identity';
import { defaultPlan } from '@murmuration/learning';
import type { FeePolicy } from '@murmuration/ledger';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readBlocks } from '../../src/services/block-store.ts';
import { Chain } from '../../src/services/chain.ts';
import { RECENT_CHECKPOINTS, readCheckpoints } from '../../src/services/checkpoint-store.ts';
import type { ServiceDeps } from '../../src/services/deps.ts';
import { readHead, readIncoming } from '../../src/services/snapshot-store.ts';
import { SnapshotTransfer } from '../../src/services/snapshot-transfer.ts';
import { openWorkshop, type SimulatedSwarm, simulateSwarm, type Workshop } from '../support/simulated-swarm.ts';

let workshop: Workshop;
beforeAll(async () => {
  const plan = defaultPlan('digits');
  workshop = await openWorkshop({ ...plan, dataset: { kind: 'digits', train: 70, test: 10 } });
});
afterAll(() => workshop[Symbol.asyncDispose]());

const CHECKPOINTS = { checkpointInterval: 4, retainBlocks: 6 };

/** Fills its part of the state, so that a snapshot has several chunks. */
const filler: FeePolicy = {
  id: 'test/filler/1',
  open: (state) => {
    for (let i = 0; i < 100; i++) state.set(`k${i}`, new Uint8Array(4000).fill(i));
  },
  before: () => ({ fee: 0n }),
};

async function swarmWithState(seed: number): Promise<SimulatedSwarm> {
  const swarm = simulateSwarm(workshop, { seed, devices: 4, services: CHECKPOINTS, fees: filler });
  await swarm.world.run({ untilMs: 100 });
  await makeBlocks(swarm, 10);
  return swarm;
}

/** Blocks that change little: each command is refused. */
async function makeBlocks(swarm: SimulatedSwarm, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    let done = false;
    const hash = new Uint8Array(32);
    void swarm
      .services(0)
      ?.submit.submit({ kind: 'commit-update', job: 'none', round: 1, hash, samples: i, bytes: 0 })
      .then(() => {
        done = true;
      });
    await swarm.world.run({ until: () => done, untilMs: swarm.world.nowMs() + 20_000 });
  }
  await swarm.world.run({ untilMs: swarm.world.nowMs() + 3_000 });
}

/** A device of the same chain that knows nothing yet. */
function reader(swarm: SimulatedSwarm, name = 'reader'): ServiceDeps {
  const { clock, port, random, store } = swarm.world.node(name);
  const { genesis } = swarm;
  const identity = swarm.identities[0] as DeviceIdentity;
  return { identity, genesis, fees: filler, name, port, store, clock, random, log: silentLog, metrics: noMetrics };
}

const deviceAt = (swarm: SimulatedSwarm, i: number) => swarm.world.node(`device-${i}`).device;

/** Runs the world until a promise of its own has settled. */
async function within<T>(swarm: SimulatedSwarm, promise: Promise<T>): Promise<T> {
  let settled = false;
  const noted = promise.finally(() => {
    settled = true;
  });
  await swarm.world.run({ until: () => settled, untilMs: swarm.world.nowMs() + 60_000 });
  return noted;
}

describe('a snapshot over the network', () => {
  let swarm: SimulatedSwarm;
  let chunks: number;
  beforeAll(async () => {
    swarm = await swarmWithState(11);
    chunks = (await readHead(swarm.deps(0).store))?.chunks ?? 0;
    expect(chunks).toBeGreaterThan(4);
  });

  const transferOf = async (deps: ServiceDeps) => {
    const chain = await Chain.open(deps);
    return new SnapshotTransfer(deps, () => chain.replicaSet);
  };
  const rootAt = async (i: number) => toHex((await readHead(swarm.deps(i).store))?.name.stateRoot ?? new Uint8Array(0));

  test('gives the certified root, and is the newest of whoever fetched it', async () => {
    const deps = reader(swarm, 'reader-1');
    const received = await within(swarm, (await transferOf(deps)).fetch(deviceAt(swarm, 0), 0));
    if (!received.ok) throw new Error(received.reason);
    expect(toHex(received.value.ledger.root())).toBe(await rootAt(0));
    expect(toHex((await Chain.open(deps)).stateRoot)).toBe(await rootAt(0));
  });

  test('goes on with another peer, and after a restart, where one chunk was wrong', async () => {
    const liar = swarm.world.node('liar-2');
    let asked = 0;
    liar.port.onRequest('sync/snapshot', async (_from, request) => {
      const answer = await liar.port.request(deviceAt(swarm, 1), 'sync/snapshot', request);
      asked += 1;
      if (!answer.ok || asked === 1) return answer;
      const forged = answer.value.slice();
      forged[forged.length - 2000] = (forged[forged.length - 2000] as number) ^ 1;
      return accept(forged);
    });
    const refused: unknown[] = [];
    const log = { ...silentLog, warn: (_event: string, facts?: unknown) => refused.push(facts) };
    const deps = { ...reader(swarm, 'reader-2'), log };
    const first = await within(swarm, (await transferOf(deps)).fetch(liar.device, 0));
    expect(first.ok).toBe(false);
    // The chunk is named, and who gave it.
    expect(refused).toEqual([{ chunk: expect.any(Number), giver: liar.device, reason: expect.any(String) }]);
    expect((await readIncoming(deps.store))?.height).toBeGreaterThan(0);
    const requests: Uint8Array[] = [];
    const counting = { ...deps, port: watching(deps, requests) };
    const chain = await Chain.open(counting);
    const resumed = new SnapshotTransfer({ ...counting, port: counting.port }, () => chain.replicaSet);
    const second = await within(swarm, resumed.fetch(deviceAt(swarm, 2), 0));
    if (!second.ok) throw new Error(second.reason);
    expect(toHex(second.value.ledger.root())).toBe(await rootAt(2));
    // Four chunks an answer: those that it had were not asked for again.
    expect(requests.length).toBeLessThan(Math.ceil(chunks / 4));
    expect(await readIncoming(deps.store)).toBeUndefined();
  });

  test('with a certificate that no quorum signed is not begun', async () => {
    const liar = swarm.world.node('liar-3');
    liar.port.onRequest('sync/snapshot', async (_from, request) => {
      const answer = await liar.port.request(deviceAt(swarm, 1), 'sync/snapshot', request);
      if (!answer.ok) return answer;
      const forged = answer.value.slice();
      forged[120] = (forged[120] as number) ^ 1;
      return accept(forged);
    });
    const deps = reader(swarm, 'reader-3');
    const received = await within(swarm, (await transferOf(deps)).fetch(liar.device, 0));
    expect(received.ok).toBe(false);
    expect(await readIncoming(deps.store)).toBeUndefined();
  });

  test('whose chunk rots on the own disk is refused at the next start, with its number', async () => {
    const deps = swarm.deps(3);
    const head = await readHead(deps.store);
    const key = `snapshot/${String(head?.name.height).padStart(12, '0')}/000001`;
    const chunk = (await deps.store.get(key))?.slice() as Uint8Array;
    chunk[500] = (chunk[500] as number) ^ 1;
    await within(swarm, deps.store.write([{ key, value: chunk }]));
    const error = await Chain.open(deps).catch((thrown: unknown) => thrown);
    expect(isMurmurError(error, 'CHAIN_DAMAGED') && error.message).toMatch(/chunk 1 /);
  });
});

function watching(deps: ServiceDeps, requests: Uint8Array[]): ServiceDeps['port'] {
  const { port } = deps;
  return {
    self: port.self,
    peers: () => port.peers(),
    send: (to, topic, bytes) => port.send(to, topic, bytes),
    broadcast: (topic, bytes) => port.broadcast(topic, bytes),
    onMessage: (topic, handler) => port.onMessage(topic, handler),
    request: (to, topic, bytes, options) => {
      requests.push(bytes);
      return port.request(to, topic, bytes, options);
    },
    // The transfer before it, of the process that ended, has the topic.
    onRequest: () => undefined,
    onPeer: (listener) => port.onPeer(listener),
  };
}

test('old blocks go, newer ones and the checkpoints that light clients need stay, and who lacks a pruned one gets the state', async () => {
  const swarm = simulateSwarm(workshop, { seed: 12, devices: 4, services: CHECKPOINTS });
  await swarm.world.run({ untilMs: 100 });
  swarm.crash(3);
  const evidence = { key: `evidence/bundle/${'a'.repeat(32)}`, value: new Uint8Array(9) };
  await within(swarm, swarm.deps(0).store.write([evidence]));
  await makeBlocks(swarm, 90);
  const { store } = swarm.deps(0);
  const height = swarm.services(0)?.chain.height ?? 0;
  expect(height).toBeGreaterThanOrEqual(90);
  const [oldest] = await store.scan('block/', { limit: 1 });
  const kept = await store.scan('block/');
  expect(Number(oldest?.key.slice(6))).toBeGreaterThan(height - 20);
  expect(kept.length).toBeLessThanOrEqual(6 + 2 * 4 + 1);
  expect(await readBlocks(store, 1, 10)).toEqual([]);
  expect(await store.get(evidence.key)).toEqual(evidence.value);
  const checkpoints = await readCheckpoints(store);
  expect(checkpoints).toHaveLength(RECENT_CHECKPOINTS);
  expect(checkpoints.at(-1)?.height).toBeGreaterThan(height - 8);
  expect((await store.scan('snapshot/')).length).toBeLessThan(10);
  swarm.restart(3);
  const level = () =>
    swarm.running().length === 4 && new Set(swarm.running().map(({ chain }) => chain.height)).size === 1;
  await swarm.world.run({ until: level, untilMs: swarm.world.nowMs() + 30_000 });
  expect(level()).toBe(true);
  expect(await swarm.services(3)?.chain.block(1)).toBeUndefined();
  expect(new Set(swarm.running().map(({ chain }) => toHex(chain.stateRoot))).size).toBe(1);
});
