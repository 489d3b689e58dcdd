import type { DeviceIdentity } from '@murmuration/identity';
import { describe, expect, test } from 'vitest';
import { type Command, decodeEvidenceBundle, type LedgerEvent, verifyEvidenceBundle } from '../../src/index.ts';
import {
  attestation,
  createWorld,
  genesisOf,
  hashOf,
  join,
  openJob,
  replica,
  resultOf,
  update,
  type World,
} from '../fixtures.ts';

const LOOKAHEAD = 2;

interface Changed {
  readonly world: World;
  readonly newcomer: DeviceIdentity;
  readonly voters: readonly DeviceIdentity[];
}

function wish(device: DeviceIdentity, change: 'join' | 'leave'): Command {
  return { kind: 'change-replica', device: device.device, change };
}

/** Four replicas of which the first is replaced by a newcomer, with a job open since before. */
function changed(): Changed {
  const world = createWorld(4, { ...genesisOf(4), lookahead: LOOKAHEAD });
  const newcomer = join(world, 'newcomer');
  world.send(replica(world, 1), openJob());
  const [leaver, ...rest] = world.replicas as [DeviceIdentity, ...DeviceIdentity[]];
  const wishes = rest.map((sender) => world.sign(sender, wish(newcomer, 'join')));
  world.apply(...wishes, world.sign(leaver, wish(leaver, 'leave')));
  for (let i = 0; i <= LOOKAHEAD; i++) world.apply();
  return { world, newcomer, voters: [...rest, newcomer] };
}

function all(world: World, senders: readonly DeviceIdentity[], command: () => Command) {
  return world.apply(...senders.map((sender) => world.sign(sender, command())));
}

function collectBy({ world, voters }: Changed, round: number): void {
  world.apply(...voters.map((sender, i) => world.sign(sender, update(round, hashOf(round * 10 + i)))));
  all(world, voters, () => attestation(world, round));
}

function quarantined(events: readonly LedgerEvent[]) {
  const event = events.find(({ kind }) => kind === 'quarantined');
  if (event?.kind !== 'quarantined') throw new Error('nobody was quarantined');
  return event;
}

const sets = (world: World) => world.ledger.epochs().map(({ set }) => set);

describe('results of a later epoch', () => {
  test('are counted among those that vote then: a newcomer’s lie convicts it by the others’ word', () => {
    const swarm = changed();
    const { world, newcomer, voters } = swarm;
    expect(world.ledger.epochs()).toHaveLength(2);
    collectBy(swarm, 1);
    const lie = { ...resultOf(world, 1), modelHash: hashOf(6) } as Command;
    const honest = voters.slice(0, 3).map((sender) => world.sign(sender, resultOf(world, 1)));
    const event = quarantined(world.apply(world.sign(newcomer, lie), ...honest).events);
    expect(event).toMatchObject({ device: newcomer.device, reason: 'result-mismatch' });
    const { chainId } = world.ledger;
    expect(verifyEvidenceBundle(event.bundle, { chainId, replicaSets: sets(world) }).ok).toBe(true);
    expect(verifyEvidenceBundle(event.bundle, { chainId })).toMatchObject({ reason: 'needs-epoch-proofs' });
    const bundle = decodeEvidenceBundle(event.bundle);
    expect(bundle).toMatchObject({ value: { later: { epoch: 1, proofs: [] } } });
  });

  test('a replica that has left says nothing more, and a newcomer nothing about rounds before it', () => {
    const swarm = changed();
    const { world, newcomer, voters } = swarm;
    collectBy(swarm, 1);
    all(world, voters.slice(0, 3), () => resultOf(world, 1));
    expect(world.ledger.round('job', 1)?.phase).toBe('finalised');
    expect(world.send(replica(world, 0), resultOf(world, 1))).toBe('not-a-replica');
    expect(world.send(newcomer, resultOf(world, 1))).toBe('applied');

    const back = replica(world, 0);
    for (const sender of voters.slice(0, 3)) world.send(sender, wish(back, 'join'));
    for (let i = 0; i <= LOOKAHEAD; i++) world.apply();
    expect(world.ledger.device(back.device)?.role).toBe('replica');
    const lie = { ...resultOf(world, 1), modelHash: hashOf(6) } as Command;
    expect(world.send(back, lie)).toBe('not-a-replica');
    expect(world.ledger.quarantines()).toEqual([]);
  });

  test('outliers of two rounds that different replicas decided convict by the quorum of each', () => {
    const world = createWorld(4, { ...genesisOf(4), lookahead: LOOKAHEAD });
    world.send(replica(world, 1), openJob());
    const poisoner = replica(world, 3);
    const before = { world, newcomer: poisoner, voters: world.replicas };
    collectBy(before, 1);
    all(world, world.replicas, () => resultOf(world, 1, [poisoner.device]));
    const newcomer = join(world, 'newcomer');
    const [leaver, ...rest] = world.replicas as [DeviceIdentity, ...DeviceIdentity[]];
    const wishes = rest.map((sender) => world.sign(sender, wish(newcomer, 'join')));
    world.apply(...wishes, world.sign(leaver, wish(leaver, 'leave')));
    for (let i = 0; i <= LOOKAHEAD; i++) world.apply();
    const voters = [...rest, newcomer];
    collectBy({ world, newcomer, voters }, 2);
    const { events } = all(world, [newcomer, ...rest], () => resultOf(world, 2, [poisoner.device]));
    const event = quarantined(events);
    expect(event).toMatchObject({ device: poisoner.device, reason: 'poisoned-updates' });
    const verified = verifyEvidenceBundle(event.bundle, { chainId: world.ledger.chainId, replicaSets: sets(world) });
    expect(verified).toMatchObject({ ok: true, value: { accused: poisoner.device } });
  });

  test('five replicas need four equal results, though three were a quorum of the four before', () => {
    const world = createWorld(4, { ...genesisOf(4), lookahead: LOOKAHEAD });
    world.send(replica(world, 1), openJob());
    const newcomer = join(world, 'newcomer');
    all(world, world.replicas, () => wish(newcomer, 'join'));
    for (let i = 0; i <= LOOKAHEAD; i++) world.apply();
    const voters = [...world.replicas, newcomer];
    collectBy({ world, newcomer, voters }, 1);
    all(world, voters.slice(0, 3), () => resultOf(world, 1));
    expect(world.ledger.round('job', 1)?.phase).toBe('aggregating');
    all(world, voters.slice(3), () => resultOf(world, 1));
    expect(world.ledger.round('job', 1)?.phase).toBe('finalised');
  });

  test('a round that waited for replicas that left ends with the epoch', () => {
    const world = createWorld(7, { ...genesisOf(7), lookahead: LOOKAHEAD });
    world.send(replica(world, 0), openJob());
    const leavers = world.replicas.slice(5);
    world.apply(...leavers.map((leaver) => world.sign(leaver, wish(leaver, 'leave'))));
    // Four of five is a quorum, of seven it is not; those four will not speak twice.
    const four = world.replicas.slice(0, 4);
    world.apply(...four.map((sender, i) => world.sign(sender, update(1, hashOf(i)))));
    all(world, four, () => attestation(world, 1));
    expect(world.ledger.round('job', 1)?.phase).toBe('collecting');
    world.apply();
    expect(world.ledger.epochs().at(-1)?.set.replicas).toHaveLength(5);
    expect(world.ledger.round('job', 1)?.phase).toBe('aggregating');
  });
});
