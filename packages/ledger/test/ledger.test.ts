import { encode, struct, toHex, uint } from '@murmuration/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { restoreLedger, verifyStateProof } from '../src/index.ts';
import {
  at,
  attestation,
  createWorld,
  flipped,
  genesisOf,
  hashOf,
  openJob,
  replica,
  runRound,
  update,
} from './fixtures.ts';
import { createTraffic } from './traffic.ts';

test('the order of updates within a block changes nothing; that of equal attestations not the fixed set', () => {
  const order = fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6], { minLength: 7 });
  const roots = new Set<string>();
  const sets = new Set<string>();
  fc.assert(
    fc.property(order, order, (first, second) => {
      const world = createWorld(7);
      world.send(replica(world, 0), openJob());
      const updates = world.replicas.map((sender, i) => world.sign(sender, update(1, hashOf(i))));
      world.apply(...first.map((i) => at(updates, i)));
      roots.add(toHex(world.ledger.root()));
      const attestations = world.replicas.map((sender) => world.sign(sender, attestation(world, 1)));
      world.apply(...second.map((i) => at(attestations, i)));
      sets.add(JSON.stringify(world.ledger.round('job', 1)?.updates));
    }),
    { numRuns: 15 },
  );
  expect([roots.size, sets.size]).toEqual([1, 1]);
});

test('a replay of all that was admitted changes no more than the height', () => {
  const { world, block } = createTraffic(7);
  for (let i = 0; i < 25; i++) block();
  const { height } = world.ledger;
  const twin = restoreLedger(world.genesis, world.ledger.snapshot(), world.ledger.root());
  if (!twin.ok) throw new Error(twin.reason);
  // What came before its sender was registered had no effect yet, and may have it now.
  const admitted = world.blocks.flatMap(({ requests }, i) =>
    requests.filter((_, j) => at(at(world.applied, i).receipts, j).reason !== 'unknown-device'),
  );
  const replay = { height: height + 1, timeMs: world.nowMs, requests: admitted };
  const { receipts, events } = world.ledger.apply(replay);
  expect(events).toEqual([]);
  expect(receipts.filter(({ outcome }) => outcome === 'applied')).toEqual([]);
  expect(receipts.filter(({ outcome }) => outcome === 'duplicate').length).toBeGreaterThan(50);
  twin.value.apply({ ...replay, requests: [] });
  expect(toHex(world.ledger.root())).toBe(toHex(twin.value.root()));
});

describe('a snapshot', () => {
  const world = createWorld(4);
  world.send(replica(world, 0), openJob());
  runRound(world, 1);
  const snapshot = world.ledger.snapshot();
  const root = world.ledger.root();

  test('restores to the same root, height and next steps', () => {
    const restored = restoreLedger(world.genesis, snapshot, root);
    if (!restored.ok) throw new Error(restored.reason);
    expect(toHex(restored.value.root())).toBe(toHex(root));
    expect(restored.value.height).toBe(world.ledger.height);
    expect(restored.value.nextSequence(replica(world, 0).device)).toBe(
      world.ledger.nextSequence(replica(world, 0).device),
    );
  });

  test('with a changed byte anywhere is refused', () => {
    for (let i = 0; i < snapshot.length; i += i < 60 ? 1 : Math.floor(snapshot.length / 150)) {
      expect(restoreLedger(world.genesis, flipped(snapshot, i, 1 << (i % 8)), root).ok).toBe(false);
    }
    expect(restoreLedger(world.genesis, snapshot.subarray(0, -1), root)).toMatchObject({ reason: 'malformed' });
    expect(restoreLedger(world.genesis, encode(struct({ a: uint }), { a: 1 }), root)).toMatchObject({
      reason: 'wrong-shape',
    });
  });

  test('of another chain, or of another state than the certified one, is refused', () => {
    const other = createWorld(4, genesisOf(4, 'other'));
    expect(restoreLedger(world.genesis, other.ledger.snapshot(), root)).toMatchObject({ reason: 'foreign-chain' });
    expect(restoreLedger(world.genesis, snapshot, hashOf(1))).toMatchObject({ reason: 'wrong-root' });
    expect(restoreLedger(world.genesis, createWorld(4).ledger.snapshot(), root)).toMatchObject({
      reason: 'wrong-root',
    });
  });
});

test('any leaf can be proved under the root, and no longer once it changed', () => {
  const world = createWorld(4);
  world.send(replica(world, 0), openJob());
  const key = `device/${replica(world, 1).device}`;
  for (const each of [key, 'job/job', 'meta/chain', `round/job/${'1'.padStart(16, '0')}`]) {
    const proof = world.ledger.prove(each);
    if (proof === undefined) throw new Error(`no proof of ${each}`);
    expect(verifyStateProof(proof, world.ledger.root())).toBe(true);
  }
  const old = world.ledger.prove('job/job');
  if (old === undefined) throw new Error('no proof');
  world.apply(world.sign(replica(world, 1), { kind: 'attest-updates', job: 'job', round: 1, updates: [] }));
  expect(verifyStateProof(old, world.ledger.root())).toBe(false);
  expect(world.ledger.prove('job/none')).toBeUndefined();
});
