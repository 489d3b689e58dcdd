import type { EpochProof, Header, ReplicaSet } from '@murmuration/consensus';
import { type DeviceIdentity, rotateOperationalKey } from '@murmuration/identity';
import { beforeAll, describe, expect, test } from 'vitest';
import { createLightClient, encodeEpochProof, encodeStateAnswer, epochKey, openLightClient } from '../../src/index.ts';
import {
  createWorld,
  deviceNamed,
  flipped,
  genesisOf,
  join,
  replica,
  START_MS,
  seededEntropy,
  YEAR_MS,
} from '../fixtures.ts';
import { certifyState } from '../replicas/certify.ts';

const genesis = { ...genesisOf(4), lookahead: 2 };

/** A chain on which one replica changes its key and then a fifth one joins: three epochs. */
let proofs: readonly EpochProof[];
let headers: readonly Header[];
let answer: Uint8Array;
let ends: readonly number[];
/** The end of the first epoch, signed by two of four. */
let minority: Header;
let newcomer: DeviceIdentity;

beforeAll(() => {
  const world = createWorld(4, genesis);
  const { root, identity } = deviceNamed('replica 0');
  const rotated = rotateOperationalKey(seededEntropy('epoch 1'), root, identity, {
    nowMs: START_MS,
    validForMs: YEAR_MS,
  });
  const members = () => [rotated, ...world.replicas.slice(1), identity, newcomer].filter(Boolean);
  const signed = (set: ReplicaSet): Header => {
    const keyOf = new Map(set.replicas.map(({ device, key }) => [device, key.join()]));
    const signers = members().filter((one) => keyOf.get(one.device) === one.signer.publicKey.join());
    return certifyState(world, set, signers);
  };
  const atEnd = (epoch: number): EpochProof => {
    const { baseHeight } = world.ledger.epochs()[epoch] as { baseHeight: number };
    while (world.ledger.height < baseHeight) world.apply();
    const proof = encodeEpochProof(epoch, world.ledger.answer(`epoch/${epochKey(epoch)}`));
    return { header: signed(world.ledger.epochs()[epoch - 1]?.set as ReplicaSet), proof };
  };
  world.send(identity, { kind: 'rotate-key', certificate: rotated.certificateBytes });
  const first = atEnd(1);
  minority = certifyState(world, world.ledger.epochs()[0]?.set as ReplicaSet, world.replicas.slice(2));
  world.apply();
  const within = signed(world.ledger.epochs()[1]?.set as ReplicaSet);
  newcomer = join(world, 'newcomer');
  for (const i of [1, 2, 3]) {
    world.send(replica(world, i), { kind: 'change-replica', device: newcomer.device, change: 'join' });
  }
  const second = atEnd(2);
  world.apply();
  const last = signed(world.ledger.epochs()[2]?.set as ReplicaSet);
  answer = encodeStateAnswer(world.ledger.answer(`device/${newcomer.device}`));
  proofs = [first, second];
  headers = [within, last];
  ends = [first.header.height, second.header.height];
});

const proof = (i: number) => proofs[i] as EpochProof;
const header = (i: number) => headers[i] as Header;

describe('a light client with nothing but the genesis', () => {
  test('follows the replicas from epoch to epoch and reads the newest state', () => {
    const client = createLightClient(genesis);
    expect(client.advance(proof(0)).ok).toBe(true);
    expect([client.epoch, client.height]).toEqual([1, ends[0]]);
    expect(client.follow(header(0)).ok).toBe(true);
    expect(client.advance(proof(1)).ok).toBe(true);
    expect(client.follow(header(1)).ok).toBe(true);
    const read = client.read(client.height, `device/${newcomer.device}`, answer);
    expect(read.ok && read.value !== null).toBe(true);
    expect(client.save().length).toBeLessThan(4096);
    expect(openLightClient(genesis, client.save())).toMatchObject({ value: { epoch: 2, height: header(1).height } });
  });

  test('skips no epoch, and takes no checkpoint of one that is over or not proved yet', () => {
    const client = createLightClient(genesis);
    expect(client.advance(proof(1))).toMatchObject({ reason: 'unknown-epoch' });
    expect(client.follow(header(0))).toMatchObject({ reason: 'unknown-epoch' });
    client.advance(proof(0));
    expect(client.follow(proof(0).header)).toMatchObject({ reason: 'past-epoch' });
    expect(client.advance(proof(0))).toMatchObject({ reason: 'past-epoch' });
  });

  test('is not moved by the proof of one epoch under the state of another, nor by one with a flipped bit', () => {
    const client = createLightClient(genesis);
    expect(client.advance({ header: proof(0).header, proof: proof(1).proof })).toMatchObject({
      reason: 'bad-epoch-proof',
    });
    const { proof: bytes } = proof(0);
    for (let i = 0; i < bytes.length; i++) {
      expect(client.advance({ header: proof(0).header, proof: flipped(bytes, i, 1 << (i & 7)) }).ok).toBe(false);
    }
    expect([client.epoch, client.forked]).toEqual([0, false]);
  });

  test('does not believe the next replicas where fewer than a quorum of the old ones signed', () => {
    const client = createLightClient(genesis);
    expect(client.advance({ ...proof(0), header: minority })).toMatchObject({ reason: 'too-few-signatures' });
    expect(client.advance(proof(0)).ok).toBe(true);
  });
});
