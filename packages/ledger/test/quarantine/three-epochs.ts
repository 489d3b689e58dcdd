import type { EpochProof, ReplicaSet } from '@murmuration/consensus';
import { type DeviceIdentity, rotateOperationalKey } from '@murmuration/identity';
import { type Evidence, encodeEvidence } from '../../../consensus/src/evidence/schema.ts';
import { type SignedStatement, type Statement, signStatement } from '../../../consensus/src/quorum/statement.ts';
import { encodeEpochProof, epochKey } from '../../src/index.ts';
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
import { certifyState } from '../replicas/certify.ts';

/**
 * A chain of three epochs. In the second the first replica has another key, which it changes again later; in the third
 * replica 1 has left and a newcomer stands at the end, so that every other number belongs to another device.
 */
export interface ThreeEpochs {
  readonly world: World;
  readonly sets: readonly ReplicaSet[];
  readonly proofs: readonly EpochProof[];
  /** Whoever signs for a key of any epoch. */
  readonly members: readonly DeviceIdentity[];
  readonly rotated: DeviceIdentity;
  readonly newcomer: DeviceIdentity;
}

export function threeEpochs(name = 'three'): ThreeEpochs {
  const world = createWorld(5, { ...genesisOf(5, name), lookahead: 2 });
  const { root, identity } = deviceNamed('replica 0');
  const rotate = (seed: string, from: DeviceIdentity) =>
    rotateOperationalKey(seededEntropy(seed), root, from, { nowMs: START_MS, validForMs: YEAR_MS });
  const rotated = rotate('three epochs', identity);
  const members = [...world.replicas, rotated];
  const proofs: EpochProof[] = [];
  const endEpoch = () => {
    const [before, { baseHeight }] = world.ledger.epochs().slice(-2) as [Span, Span];
    while (world.ledger.height < baseHeight) world.apply();
    const epoch = before.set.epoch + 1;
    const proof = encodeEpochProof(epoch, world.ledger.answer(`epoch/${epochKey(epoch)}`));
    proofs.push({ header: certifyState(world, before.set, signersOf(members, before.set)), proof });
    world.apply();
  };
  world.send(identity, { kind: 'rotate-key', certificate: rotated.certificateBytes });
  endEpoch();
  const newcomer = join(world, 'newcomer');
  members.push(newcomer);
  const leaving = replica(world, 1);
  const wishes = [rotated, ...world.replicas.slice(2)].map((sender) =>
    world.sign(sender, { kind: 'change-replica', device: newcomer.device, change: 'join' }),
  );
  // One replaces the other at once: four of five stay.
  world.apply(...wishes, world.sign(leaving, { kind: 'change-replica', device: leaving.device, change: 'leave' }));
  endEpoch();
  return { world, sets: world.ledger.epochs().map(({ set }) => set), proofs, members, rotated, newcomer };
}

type Span = ReturnType<World['ledger']['epochs']>[number];

export function signersOf(members: readonly DeviceIdentity[], { replicas }: ReplicaSet): DeviceIdentity[] {
  const keys = new Set(replicas.map(({ key }) => key.join()));
  return members.filter(({ signer }) => keys.has(signer.publicKey.join()));
}

/** The identity that signs as this replica of an epoch. */
export function memberAt({ members }: ThreeEpochs, { replicas }: ReplicaSet, index: number): DeviceIdentity {
  const { key } = at(replicas, index);
  return at(
    members.filter(({ signer }) => signer.publicKey.join() === key.join()),
    0,
  );
}

const d = (fill: number) => new Uint8Array(32).fill(fill);

export type Sign = (statement: Omit<Statement, 'epoch'>) => SignedStatement;

/** Signs for an epoch as one of its replicas, or as somebody else at its number. */
export function signerOf(chainId: Uint8Array, epoch: number, index: number, { signer }: DeviceIdentity): Sign {
  return (said) => {
    const statement: Statement = { epoch, ...said };
    return { replica: index, ...statement, signature: signStatement(signer, chainId, statement) };
  };
}

/** Two statements that exclude each other, in their one order. */
export function conflict(a: SignedStatement, b: SignedStatement): Uint8Array {
  const one = encodeEvidence({ kind: 'conflict', first: a, second: b });
  const other = encodeEvidence({ kind: 'conflict', first: b, second: a });
  return Buffer.compare(one, other) < 0 ? one : other;
}

export function evidenceOf(evidence: Evidence): Uint8Array {
  return encodeEvidence(evidence);
}

export { d as digestOf };
