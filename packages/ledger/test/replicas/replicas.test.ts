import { followEpoch, startFollowing, verifyCheckpoint } from '@murmuration/consensus';
import { equalBytes } from '@murmuration/core';
import { type DeviceIdentity, rotateOperationalKey } from '@murmuration/identity';
import { describe, expect, test } from 'vitest';
import {
  createLedger,
  decodeGenesis,
  encodeEpochProof,
  encodeGenesis,
  epochKey,
  type LedgerEvent,
  proveNextEpoch,
  restoreLedger,
} from '../../src/index.ts';
import {
  at,
  createWorld,
  deviceNamed,
  genesisOf,
  join,
  replica,
  START_MS,
  seededEntropy,
  type World,
  YEAR_MS,
} from '../fixtures.ts';
import { doubleUpdate, submit } from '../offences.ts';
import { certifyState } from './certify.ts';

const LOOKAHEAD = 4;

function changing(n: number): World {
  return createWorld(n, { ...genesisOf(n), lookahead: LOOKAHEAD });
}

function pass(world: World, blocks: number): void {
  for (let i = 0; i < blocks; i++) world.apply();
}

function changes(events: readonly LedgerEvent[]) {
  return events.filter((event) => event.kind === 'replicas-changed');
}

/** Devices of the epoch that decides the next height. */
function voters(world: World): string[] {
  const entry = world.ledger.epochs().findLast(({ baseHeight }) => baseHeight <= world.ledger.height);
  return (entry?.set.replicas ?? []).map(({ device }) => device);
}

const wish = (device: DeviceIdentity, change: 'join' | 'leave') =>
  ({ kind: 'change-replica', device: device.device, change }) as const;

describe('replicas that change by committed commands', () => {
  test('a quorum lets a registered device in, after the lookahead, and the event says from where on', () => {
    const world = changing(4);
    const newcomer = join(world, 'newcomer');
    for (const i of [0, 1]) expect(world.send(replica(world, i), wish(newcomer, 'join'))).toBe('applied');
    expect(world.send(replica(world, 1), wish(newcomer, 'join'))).toBe('already-approved');
    expect(world.ledger.epochs()).toHaveLength(1);
    const { events } = world.apply(world.sign(replica(world, 2), wish(newcomer, 'join')));
    const lastHeight = world.ledger.height + LOOKAHEAD;
    expect(changes(events)).toMatchObject([{ epoch: 1, lastHeight, set: { epoch: 1 } }]);
    pass(world, LOOKAHEAD - 1);
    expect(voters(world)).not.toContain(newcomer.device);
    pass(world, 1);
    expect(voters(world)).toEqual([...world.replicas.map(({ device }) => device), newcomer.device]);
    expect(world.ledger.device(newcomer.device)?.role).toBe('replica');
    expect(world.ledger.seats()).toEqual([]);
  });

  test('one replica, a stranger, or replicas of a fixed set change nothing', () => {
    const world = changing(4);
    const newcomer = join(world, 'newcomer');
    expect(world.send(newcomer, wish(newcomer, 'join'))).toBe('not-a-replica');
    expect(world.send(replica(world, 0), wish(deviceNamed('unknown').identity, 'join'))).toBe('unknown-device');
    expect(world.send(replica(world, 0), wish(replica(world, 1), 'join'))).toBe('already-a-replica');
    expect(world.send(replica(world, 0), wish(newcomer, 'leave'))).toBe('not-a-replica');
    expect(world.send(replica(world, 0), wish(replica(world, 1), 'leave'))).toBe('applied');
    pass(world, 10);
    expect(world.ledger.epochs()).toHaveLength(1);
    const fixed = createWorld(4);
    expect(fixed.send(replica(fixed, 0), wish(replica(fixed, 1), 'leave'))).toBe('replicas-fixed');
    expect(fixed.ledger.epochs()).toMatchObject([{ set: { epoch: 0 }, baseHeight: 0 }]);
  });

  test('a replica leaves by its own word, but four do not become three; then one that joins takes its place', () => {
    const world = changing(5);
    expect(world.send(replica(world, 4), wish(replica(world, 4), 'leave'))).toBe('applied');
    pass(world, LOOKAHEAD);
    expect(voters(world)).toHaveLength(4);
    expect(world.ledger.device(replica(world, 4).device)?.role).toBe('member');
    world.send(replica(world, 3), wish(replica(world, 3), 'leave'));
    pass(world, 2 * LOOKAHEAD);
    expect(voters(world)).toHaveLength(4);
    for (const i of [0, 1, 2]) world.send(replica(world, i), wish(replica(world, 4), 'join'));
    pass(world, LOOKAHEAD);
    expect(voters(world)).toEqual([0, 1, 2, 4].map((i) => replica(world, i).device));
  });

  test('a rotated key votes in the next epoch', () => {
    const world = changing(4);
    const { root, identity } = deviceNamed('replica 2');
    const options = { nowMs: START_MS, validForMs: YEAR_MS };
    const next = rotateOperationalKey(seededEntropy('turn'), root, identity, options);
    expect(world.send(identity, { kind: 'rotate-key', certificate: next.certificateBytes })).toBe('applied');
    const [, second] = world.ledger.epochs();
    expect(equalBytes(second?.set.replicas[2]?.key as Uint8Array, next.signer.publicKey)).toBe(true);
  });

  test('quarantined replicas lose their vote, at most f at a time, the others after them', () => {
    const world = changing(7);
    for (const i of [0, 3, 5])
      world.apply(world.sign(replica(world, 6), submit(doubleUpdate(world, replica(world, i), 1))));
    const sizes: number[] = [];
    for (let i = 0; i < 4 * LOOKAHEAD; i++) {
      world.apply();
      sizes.push(voters(world).length);
    }
    expect(Math.min(...sizes)).toBe(4);
    for (const i of [0, 3, 5]) expect(voters(world)).not.toContain(replica(world, i).device);
    const [first, ...later] = world.ledger.epochs();
    let before = first?.set.replicas.length ?? 0;
    for (const { set } of later) {
      expect(before - set.replicas.length).toBeLessThanOrEqual(2);
      before = set.replicas.length;
    }
  });

  test('who is quarantined while it waits to join must be asked for anew', () => {
    const world = changing(4);
    const newcomer = join(world, 'newcomer');
    for (const i of [0, 1]) world.send(replica(world, i), wish(newcomer, 'join'));
    world.apply(world.sign(replica(world, 3), submit(doubleUpdate(world, newcomer, 1))));
    expect(world.ledger.seats()).toEqual([]);
    expect(world.send(replica(world, 2), wish(newcomer, 'join'))).toBe('quarantined');
  });

  test('equal blocks give equal roots, and a snapshot in the middle of a change goes on alike', () => {
    const world = changing(5);
    world.send(replica(world, 4), wish(replica(world, 4), 'leave'));
    world.apply();
    const restored = restoreLedger(world.genesis, world.ledger.snapshot(), world.ledger.root());
    if (!restored.ok) throw new Error(restored.reason);
    const replayed = createLedger(world.genesis);
    for (const block of world.blocks) replayed.apply(block);
    for (let i = 0; i < LOOKAHEAD + 1; i++) {
      world.apply();
      const block = at(world.blocks, world.blocks.length - 1);
      restored.value.apply(block);
      replayed.apply(block);
      expect(restored.value.root()).toEqual(world.ledger.root());
      expect(replayed.root()).toEqual(world.ledger.root());
    }
    expect(restored.value.epochs()).toEqual(world.ledger.epochs());
  });

  test('a follower goes over to the next epoch by the certified state at its last height, and by no other proof', () => {
    const world = changing(4);
    const newcomer = join(world, 'newcomer');
    for (const i of [0, 1, 2]) world.send(replica(world, i), wish(newcomer, 'join'));
    const [first, second] = world.ledger.epochs();
    if (first === undefined || second === undefined) throw new Error('no second epoch');
    pass(world, LOOKAHEAD - 1);
    const early = certifyState(world, first.set, world.replicas);
    const answer = () => encodeEpochProof(1, world.ledger.answer(`epoch/${epochKey(1)}`));
    const earlyProof = answer();
    pass(world, 1);
    const header = certifyState(world, first.set, world.replicas);
    expect(verifyCheckpoint(first.set, header).ok).toBe(true);
    const { chainId } = world.ledger;
    const follow = (proof: Parameters<typeof followEpoch>[1]) =>
      followEpoch(startFollowing(first.set), proof, proveNextEpoch(chainId));
    expect(follow({ header, proof: answer() })).toMatchObject({ ok: true, value: { set: second.set } });
    expect(follow({ header: early, proof: earlyProof })).toMatchObject({ reason: 'not-last-height' });
    expect(follow({ header, proof: earlyProof })).toMatchObject({ reason: 'bad-epoch-proof' });
    const absent = encodeEpochProof(2, world.ledger.answer(`epoch/${epochKey(2)}`));
    expect(follow({ header, proof: absent })).toMatchObject({ reason: 'bad-epoch-proof' });
    const other = encodeEpochProof(1, world.ledger.answer('meta/chain'));
    expect(follow({ header, proof: other })).toMatchObject({ reason: 'bad-epoch-proof' });
  });

  test('a genesis says whether replicas change, with and without fees, and other chains keep their names', () => {
    const plain = genesisOf(4);
    for (const genesis of [
      plain,
      { ...plain, fees: 'flat/1' },
      { ...plain, lookahead: 16 },
      { ...plain, fees: 'flat/1', lookahead: 16 },
    ]) {
      expect(decodeGenesis(encodeGenesis(genesis))).toMatchObject({ ok: true, value: { genesis } });
    }
    expect(() => createLedger({ ...plain, lookahead: 0 })).toThrow(
      expect.objectContaining({ code: 'LEDGER_GENESIS_INVALID' }),
    );
  });
});
