import type { createFollower, EpochProof, Header, ReplicaSet } from '@murmuration/consensus';
import { accept, refuse, toHex } from '@murmuration/core';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  createLightClient,
  encodeStateAnswer,
  type Ledger,
  MAX_SAVED_BYTES,
  openLightClient,
  replicaSetOf,
  restoreLedger,
} from '../../src/index.ts';
import { at, createWorld, flipped, genesisOf, hashOf, openJob, replica } from '../fixtures.ts';
import { type Certified, certify } from './chain.ts';

const genesis = genesisOf(4);
const jobKey = 'job/job-2';
let chain: readonly Certified[];
let fork: readonly Certified[];

beforeAll(() => {
  const world = createWorld(4);
  const copy = (ledger: Ledger): Ledger => {
    const restored = restoreLedger(genesis, ledger.snapshot(), ledger.root());
    if (!restored.ok) throw new Error(restored.reason);
    return restored.value;
  };
  const requests = Array.from({ length: 8 }, (_, i) => world.sign(replica(world, i % 4), openJob(`job-${i}`, 1)));
  chain = certify(world, genesis, requests, copy).checkpoints;
  // The same four keys, on another history: what more than f liars can do.
  fork = certify(world, genesis, requests.toReversed(), copy).checkpoints;
});

const header = (i: number) => at(chain, i).header;
const answer = (i: number, key: string) => encodeStateAnswer(at(chain, i).ledger.answer(key));

test('the real replicas certify a checkpoint at every second height', () => {
  expect(chain.map(({ header: { height } }) => height)).toEqual([2, 4, 6, 8]);
});

describe('a light client', () => {
  test('follows checkpoints from the genesis alone, and may skip some', () => {
    const client = createLightClient(genesis);
    expect([client.epoch, client.height]).toEqual([0, 0]);
    expect(client.follow(header(0)).ok).toBe(true);
    expect(client.follow(header(3)).ok).toBe(true);
    expect(client.height).toBe(8);
  });

  test('reads what the state says at a height, and what it does not say', () => {
    const client = createLightClient(genesis);
    for (const { header: each } of chain) expect(client.follow(each).ok).toBe(true);
    expect(client.read(2, jobKey, answer(0, jobKey))).toEqual({ ok: true, value: null });
    const read = client.read(4, jobKey, answer(1, jobKey));
    expect(read.ok && read.value !== null && read.value.length > 0).toBe(true);
    expect(client.read(2, jobKey, answer(1, jobKey))).toMatchObject({ reason: 'wrong-proof' });
    expect(client.read(4, jobKey, answer(1, 'job/job-1'))).toMatchObject({ reason: 'wrong-key' });
    expect(client.read(5, jobKey, answer(1, jobKey))).toMatchObject({ reason: 'unknown-height' });
    expect(client.read(4, jobKey, flipped(answer(1, jobKey), 40)).ok).toBe(false);
  });

  const forged: [string, string, (honest: Header) => Header][] = [
    ['another state', 'bad-signature', (honest) => ({ ...honest, stateDigest: hashOf(1) })],
    ['another height', 'bad-signature', (honest) => ({ ...honest, height: 5 })],
    ['another chain', 'wrong-chain', (honest) => ({ ...honest, chainId: hashOf(1) })],
    ['a later epoch', 'unknown-epoch', (honest) => ({ ...honest, epoch: 1 })],
    ['no certificate', 'malformed-certificate', (honest) => ({ ...honest, certificate: new Uint8Array(0) })],
    ['height 0', 'before-epoch', (honest) => ({ ...honest, height: 0 })],
  ];
  test.each(forged)('refuses a header with %s as %s, and stays where it was', (_what, reason, forge) => {
    const client = createLightClient(genesis);
    client.follow(header(0));
    expect(client.follow(forge(header(1)))).toMatchObject({ ok: false, reason });
    expect([client.height, client.forked]).toEqual([2, false]);
    expect(client.follow(header(1)).ok).toBe(true);
  });

  test('refuses a certificate in which any byte was changed', () => {
    const { certificate } = header(1);
    const client = createLightClient(genesis);
    for (let i = 0; i < certificate.length; i++) {
      expect(client.follow({ ...header(1), certificate: flipped(certificate, i, 1 << (i & 7)) }).ok).toBe(false);
    }
    expect(client.follow(header(1)).ok).toBe(true);
  });

  test('refuses stale checkpoints', () => {
    const client = createLightClient(genesis);
    client.follow(header(2));
    expect(client.follow(header(1))).toMatchObject({ reason: 'stale' });
    expect(client.follow(header(2))).toMatchObject({ reason: 'stale' });
  });

  test('believes nothing any more once two states were certified at one height', () => {
    const client = createLightClient(genesis);
    client.follow(header(0));
    client.follow(header(1));
    expect(client.follow(at(fork, 1).header)).toMatchObject({ reason: 'fork' });
    expect(client.forked).toBe(true);
    expect(client.follow(header(2))).toMatchObject({ reason: 'forked' });
    expect(client.read(4, jobKey, answer(1, jobKey))).toMatchObject({ reason: 'forked' });
    const again = openLightClient(genesis, client.save());
    expect(again.ok && again.value.forked).toBe(true);
  });
});

describe('what a light client saves', () => {
  test('is bounded, and goes on where it was', () => {
    const client = createLightClient(genesis);
    client.follow(header(0));
    client.follow(header(1));
    const saved = client.save();
    expect(saved.length).toBeLessThan(MAX_SAVED_BYTES);
    const opened = openLightClient(genesis, saved);
    if (!opened.ok) throw new Error(opened.reason);
    expect(opened.value.height).toBe(4);
    expect(opened.value.read(4, jobKey, answer(1, jobKey)).ok).toBe(true);
    expect(opened.value.follow(header(2)).ok).toBe(true);
    expect(toHex(opened.value.save())).not.toBe(toHex(saved));
  });

  test('is refused where it is damaged, cut short, or of another chain', () => {
    const saved = createLightClient(genesis).save();
    for (let i = 0; i < saved.length; i++)
      expect(openLightClient(genesis, flipped(saved, i, 1 << (i & 7))).ok).toBe(false);
    expect(openLightClient(genesis, saved.subarray(0, -1)).ok).toBe(false);
    expect(openLightClient(genesisOf(4, 'other'), saved)).toMatchObject({ reason: 'foreign-chain' });
  });
});

describe('the next epoch', () => {
  const next: ReplicaSet = { ...replicaSetOf(genesis), epoch: 1 };
  const proof = (i: number, last = 8): EpochProof => ({ header: header(i), proof: Uint8Array.of(last) });
  const proveNext: Parameters<typeof createFollower>[1] = (_state, [last = 0]) =>
    last === 0 ? refuse('no-next-set') : accept({ next, lastHeight: last });

  test('is entered by a proof at the last height of the one before, and by nothing else', () => {
    const client = createLightClient(genesis, { proveNext });
    expect(client.advance(proof(2))).toMatchObject({ reason: 'not-last-height' });
    expect(client.advance(proof(3, 0))).toMatchObject({ reason: 'bad-epoch-proof' });
    expect(client.advance(proof(3)).ok).toBe(true);
    expect([client.epoch, client.height]).toEqual([1, 8]);
    expect(client.follow(header(3))).toMatchObject({ reason: 'past-epoch' });
    expect(openLightClient(genesis, client.save(), { proveNext })).toMatchObject({ value: { epoch: 1, height: 8 } });
  });

  test('is not entered by bytes that prove nothing', () => {
    expect(createLightClient(genesis).advance(proof(3))).toMatchObject({ reason: 'bad-epoch-proof' });
  });
});
