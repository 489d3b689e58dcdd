import { type DeviceId, deviceIdFromDigest } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { readCertificate, rotateOperationalKey } from '@murmuration/identity';
import { expect, test } from 'vitest';
import { readCommand } from '../src/commands/signed-command.ts';
import { registerDevice } from '../src/devices/register.ts';
import {
  type ClosedRound,
  type Command,
  createLedger,
  DETAILED_ROUNDS,
  type DeviceEntry,
  type JobEntry,
  MAX_DEVICES,
  PROOF_ROUNDS,
  type RoundEntry,
  type StateEntry,
  SUMMARY_ROUNDS,
  type UpdateEntry,
  verifyGenesis,
} from '../src/index.ts';
import { openJob as applyOpenJob } from '../src/learning/jobs.ts';
import { roundKey } from '../src/learning/schema.ts';
import { chainOf, ledgerOf } from '../src/ledger.ts';
import { MAX_JOBS_PER_DEVICE } from '../src/limits.ts';
import { decodeSnapshot } from '../src/snapshot/snapshot.ts';
import { createLedgerState, type LedgerState, META_KEY, metaOf } from '../src/state/ledger-state.ts';
import type { Turn } from '../src/turn.ts';
import {
  at,
  collect,
  createWorld,
  deviceNamed,
  genesisOf,
  hashOf,
  openJob,
  replica,
  resultOf,
  runRound,
  START_MS,
  seededEntropy,
  update,
  verdictOn,
  type World,
  YEAR_MS,
} from './fixtures.ts';

function turnOf(): Turn {
  const state = createLedgerState();
  const chain = chainOf(verifyGenesis(genesisOf(1)));
  state.meta.set(META_KEY, { chainId: chain.chainId, height: 0, timeMs: START_MS, roundsClosed: 0 });
  return { chain, state, height: 1, nowMs: START_MS, emit: () => undefined };
}

test('the table of devices has room for 1,024', () => {
  const turn = turnOf();
  const [sample] = createLedger(genesisOf(1)).devices() as [DeviceEntry];
  const { identity } = deviceNamed('member');
  const certificate = readCertificate(identity.certificateBytes);
  if (!certificate.ok) throw new Error(certificate.reason);
  const command = { kind: 'register-device', certificate: identity.certificateBytes, name: 'member' } as const;
  for (let i = 0; i < MAX_DEVICES; i++) {
    const device = deviceIdFromDigest(hashOf(i));
    turn.state.devices.set(device, { ...sample, device });
  }
  expect(registerDevice(turn, certificate.value, command)).toMatchObject({ reason: 'too-many-devices' });
  turn.state.devices.delete(deviceIdFromDigest(hashOf(0)));
  expect(registerDevice(turn, certificate.value, command)).toBeNull();
});

test('a device opens 1,024 jobs in its life', () => {
  const turn = turnOf();
  const world = createWorld(1);
  const command = openJob() as Extract<Command, { kind: 'open-job' }>;
  const signed = readCommand(world.sign(replica(world, 0), command));
  if (!signed.ok) throw new Error(signed.reason);
  const sender = at(world.ledger.devices(), 0);
  const full = { ...sender, jobsOpened: MAX_JOBS_PER_DEVICE };
  expect(applyOpenJob(turn, { sender: full, signed: signed.value, command })).toMatchObject({
    reason: 'too-many-jobs',
  });
  expect(applyOpenJob(turn, { sender, signed: signed.value, command })).toBeNull();
});

test('old rounds lose their signatures after 8 rounds, their details after 64, and the state stops growing', () => {
  const world = createWorld(1);
  world.send(replica(world, 0), openJob('job', 3 * DETAILED_ROUNDS));
  const sizes: number[] = [];
  for (let round = 1; round <= 2 * DETAILED_ROUNDS; round++) {
    runRound(world, round);
    sizes.push(world.ledger.snapshot().length);
  }
  const newest = 2 * DETAILED_ROUNDS;
  const proofOf = (round: number) => world.ledger.prove(`proof/job/${String(round).padStart(16, '0')}`);
  expect(proofOf(newest - PROOF_ROUNDS + 1)).toBeDefined();
  expect(proofOf(newest - PROOF_ROUNDS)).toBeUndefined();
  expect(world.ledger.round('job', newest - DETAILED_ROUNDS + 1)).toMatchObject({
    verdicts: [{ accepted: true }],
    closed: { summary: false },
  });
  const summary = world.ledger.round('job', newest - DETAILED_ROUNDS);
  expect(summary).toMatchObject({ verdicts: [], updates: [], phase: 'finalised' });
  expect(summary?.modelHash).toEqual(hashOf(1_000 + newest - DETAILED_ROUNDS));
  expect(summary?.closed).toMatchObject({ updates: 1, accepted: 1, refused: 0, summary: true });
  // From there on a round costs its summary alone.
  expect(at(sizes, 120) - at(sizes, 119)).toBeLessThan(350);
  expect(at(sizes, 40) - at(sizes, 39)).toBeGreaterThan(400);
});

test('after 4,096 rounds the oldest is forgotten; the job keeps its last model', () => {
  const { world, state } = worldOver(1);
  world.send(replica(world, 0), openJob('job', SUMMARY_ROUNDS + 10));
  runRound(world, 1);
  const [first] = state.rounds.values() as [RoundEntry];
  for (let round = 2; round <= SUMMARY_ROUNDS; round++) {
    const closed = { ...(first.closed as ClosedRound), order: round - 1, summary: true };
    state.rounds.set(roundKey('job', round), { ...first, round, updates: [], verdicts: [], closed });
  }
  const open = SUMMARY_ROUNDS + 1;
  state.rounds.set(roundKey('job', open), {
    ...(world.ledger.round('job', 2) as RoundEntry),
    ...openRound,
    round: open,
  });
  state.proofs.set(roundKey('job', open), { job: 'job', round: open, updates: [], results: [], candidates: [] });
  state.jobs.set('job', { ...(world.ledger.job('job') as JobEntry), round: open });
  state.meta.set(META_KEY, { ...metaOf(state), roundsClosed: SUMMARY_ROUNDS });
  world.send(replica(world, 0), { kind: 'attest-updates', job: 'job', round: open, updates: [] });
  expect(world.ledger.rounds('job')).toHaveLength(SUMMARY_ROUNDS + 1);
  expect(world.ledger.round('job', 1)).toBeUndefined();
  expect(world.send(replica(world, 0), update(1, hashOf(1)))).toBe('round-forgotten');
  expect(world.ledger.job('job')?.modelHash).toEqual(hashOf(1_001));
});

const openRound = {
  phase: 'collecting',
  updates: [],
  attestedBy: [],
  resultsBy: [],
  verdicts: [],
  closed: null,
} as const;

/** A world whose state the test may fill. */
function worldOver(n: number): { world: World; state: LedgerState } {
  const world = createWorld(n);
  const chain = chainOf(verifyGenesis(world.genesis));
  const state = createLedgerState();
  const loaded = state.store.load(entriesOf(world));
  if (!loaded.ok) throw new Error(loaded.reason);
  world.ledger = ledgerOf(chain, state);
  return { world, state };
}

function entriesOf(world: World): readonly StateEntry[] {
  const snapshot = decodeSnapshot(world.ledger.snapshot());
  if (!snapshot.ok) throw new Error(snapshot.reason);
  return snapshot.value.entries;
}

test('replaced certificates are forgotten once no kept proof was signed under them', () => {
  const world = createWorld(1);
  const count = () => Array.from({ length: 9 }, (_, epoch) => epoch).filter(isKept);
  const isKept = (epoch: number) =>
    world.ledger.prove(`certificate/${replica(world, 0).device}/${String(epoch).padStart(16, '0')}`) !== undefined;
  let { root, identity } = deviceNamed('replica 0');
  world.send(identity, openJob('job', 50));
  world.send(identity, update(1, hashOf(1)));
  for (let epoch = 1; epoch <= 8; epoch++) {
    const next = rotateOperationalKey(seededEntropy(`epoch ${epoch}`), root, identity, {
      nowMs: START_MS,
      validForMs: YEAR_MS,
    });
    expect(world.send(identity, { kind: 'rotate-key', certificate: next.certificateBytes })).toBe('applied');
    identity = next;
  }
  // Epoch 0 signed the update of the open round.
  expect(count()).toEqual([0, 8]);
  expect(world.ledger.device(identity.device)).toMatchObject({ epoch: 8, key: identity.signer.publicKey });
  expect(world.ledger.certificate(identity.device)).toEqual(identity.certificateBytes);
  for (let round = 1; round <= PROOF_ROUNDS + 1; round++) {
    const command: Command = { kind: 'attest-updates', job: 'job', round, updates: [] };
    expect(world.send(identity, command)).toBe('applied');
  }
  expect(count()).toEqual([8]);
  expect(world.send(replica(world, 0), openJob('by-the-old-key'))).toBe('bad-signature');
});

test('with 50 devices and 100 rounds the root of a block costs less than 2 ms of processor time', () => {
  const { world, state } = worldOver(7);
  fill(world, state);
  world.ledger.root();
  let roots = 0;
  let spentUs = 0;
  for (let round = 101; round <= 115; round++) {
    collect(world, round);
    for (let i = 0; i < 7; i++) {
      world.send(replica(world, i), resultOf(world, round));
      // Of the thread, so that other processes do not count; its clock is coarse, hence the sum.
      const before = process.threadCpuUsage();
      world.ledger.root();
      const { user, system } = process.threadCpuUsage(before);
      spentUs += user + system;
      roots += 1;
    }
  }
  expect(state.rounds.size).toBe(116);
  expect(spentUs).toBeGreaterThan(0);
  expect(spentUs / roots).toBeLessThan(2_000);
});

/** 43 members with full replay windows, and 100 finalised rounds with 50 updates each; round 101 is open. */
function fill(world: World, state: LedgerState): void {
  const [sample] = state.devices.values() as [DeviceEntry];
  const recent = Array.from({ length: 64 }, (_, i) => ({
    ...{ sequence: i + 1, digest: new Uint8Array(8).fill(i) },
    ...{ height: 1, reason: null, fee: 0n },
  }));
  for (let i = 0; i < 43; i++) {
    const device = deviceIdFromDigest(sha3_256(hashOf(i)));
    state.devices.set(device, { ...sample, device, role: 'member' });
    state.replay.set(device, { highest: 64, recent });
  }
  const devices = state.devices.keys() as readonly DeviceId[];
  world.send(replica(world, 0), openJob('job', 1_000));
  runRound(world, 1);
  const [first] = state.rounds.values() as [RoundEntry];
  const updates = devices.map((device) => ({ ...(first.updates[0] as UpdateEntry), device }));
  const verdicts = devices.map((device) => verdictOn(device));
  const open = world.ledger.round('job', 2) as RoundEntry;
  for (let round = 1; round <= 100; round++) {
    const closed = { ...(first.closed as ClosedRound), order: round + 100 };
    state.rounds.set(roundKey('job', round), { ...first, round, updates, verdicts, closed });
  }
  state.rounds.set(roundKey('job', 101), { ...open, round: 101 });
  state.proofs.set(roundKey('job', 101), { job: 'job', round: 101, updates: [], results: [], candidates: [] });
  state.jobs.set('job', { ...(world.ledger.job('job') as JobEntry), round: 101 });
  state.meta.set(META_KEY, { ...metaOf(state), roundsClosed: 101 });
}
