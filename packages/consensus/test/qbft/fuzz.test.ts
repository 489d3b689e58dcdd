import { type Random, seededRandom } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { expect, test } from 'vitest';
import { createQbft } from '../../src/index.ts';
import { decodeQbftMessage, encodeQbftMessage, QBFT_KINDS } from '../../src/qbft/messages.ts';
import { createKeys, type Keys } from '../cluster/keys.ts';
import { Mesh } from '../conformance/mesh.ts';
import { batchOf, Lone } from './lone.ts';

/** One message of each kind, as a correct replica builds it, with whom it comes from. */
function corpus(lone: Lone): { readonly from: number; readonly bytes: Uint8Array }[] {
  const A = batchOf(65, 66);
  const { digest } = lone.signed(1, 'prepare', 1, 1, lone.keys.set.chainId);
  const prepares = lone.signatures('prepare', [1, 2, 3], 1, 1, digest);
  const roundChanges = [1, 2, 3].map((by) => lone.quoted(by, 1, 2));
  const { certificate } = lone.decided(4, A, [1, 2, 3]);
  const own = [lone.signed(0, 'prepare', 1, 1, digest), lone.signed(0, 'round-change', 1, 2, digest)];
  const statements = [lone.signed(1, 'pre-prepare', 1, 1, digest), lone.signed(2, 'prepare', 1, 1, digest)];
  const messages = [
    { from: 1, message: lone.proposal(1, 1, A) },
    { from: 2, message: lone.proposal(1, 2, A, { roundChanges }) },
    { from: 2, message: lone.vote('prepare', 2, 1, 1, digest) },
    { from: 3, message: lone.vote('commit', 3, 1, 1, digest) },
    { from: 2, message: lone.roundChange(2, 1, 2) },
    { from: 3, message: lone.roundChange(3, 1, 3, { round: 1, payload: A, prepares }) },
    { from: 1, message: lone.decided(1, A, [1, 2, 3]) },
    { from: 1, message: lone.decided(9, A, [1, 2, 3]) },
    { from: 2, message: { kind: 'fetch', height: 1 } as const },
    { from: 3, message: { kind: 'requests', again: true, requests: [Uint8Array.of(7)] } as const },
    { from: 1, message: { kind: 'witness', statements } as const },
    { from: 1, message: { kind: 'recall' } as const },
    { from: 2, message: { kind: 'recalled', newest: null, statements: own } as const },
    {
      from: 3,
      message: { kind: 'recalled', newest: { height: 4, digest: sha3_256(A), certificate }, statements: [] } as const,
    },
  ];
  expect([...new Set(messages.map(({ message }) => message.kind))].sort()).toEqual([...QBFT_KINDS].sort());
  return messages.map(({ from, message }) => ({ from, bytes: encodeQbftMessage(message) }));
}

function damage(random: Random, bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  for (let times = 1 + random.below(3); times > 0; times--) {
    const at = random.below(Math.min(copy.length, 400));
    copy[at] = random.below(4) === 0 ? random.below(256) : (copy[at] as number) ^ (1 << random.below(8));
  }
  return random.below(8) === 0 ? copy.subarray(0, random.below(copy.length)) : copy;
}

test('every message type reads back as it was written', () => {
  for (const { bytes } of corpus(new Lone(4, 0))) {
    const decoded = decodeQbftMessage(bytes);
    if (!decoded.ok) throw new Error(decoded.reason);
    expect(encodeQbftMessage(decoded.value)).toEqual(bytes);
  }
});

test('damaged messages of every type never throw, are refused with a reason, and convict nobody', () => {
  const random = seededRandom('qbft fuzz');
  const refusals = new Map<string, number>();
  let lone = new Lone(4, 0);
  const messages = corpus(lone);
  for (let i = 0; i < 2500; i++) {
    if (i % 50 === 0) lone = new Lone(4, 0);
    const { from, bytes } = messages[random.below(messages.length)] as (typeof messages)[number];
    const { refused, evidence } = lone.deliver(random.below(16) === 0 ? random.below(6) : from, damage(random, bytes));
    for (const reason of refused) refusals.set(reason, (refusals.get(reason) ?? 0) + 1);
    expect(evidence).toEqual([]);
    if (i % 10 === 9) lone.tick();
  }
  for (const reason of refusals.keys()) expect(reason).toMatch(/^[a-z]+(-[a-z]+)*$/);
  for (const reason of ['malformed', 'bad-signature', 'wrong-epoch', 'bad-certificate', 'unknown-sender']) {
    expect([...refusals.keys()]).toContain(reason);
  }
  expect(refusals.size).toBeGreaterThan(10);
});

test('what is cut off anywhere is malformed', () => {
  for (const { bytes } of corpus(new Lone(4, 0))) {
    for (let length = 0; length < bytes.length; length += 1 + (length >> 4)) {
      expect(decodeQbftMessage(bytes.subarray(0, length))).toMatchObject({ ok: false });
    }
  }
  expect(decodeQbftMessage(new Uint8Array(5 * 1024 * 1024))).toMatchObject({ ok: false, reason: 'too-large' });
});

test.each([4, 7, 10])('a decision among %i costs a proposal, n prepares and n commits, each to n - 1 replicas', (n) => {
  const { set, signers, verify } = createKeys(n, 'hash');
  const engine = (self: number) =>
    createQbft({ replicaSet: set, self, signer: signers[self] as Keys['signers'][number], verify });
  const kindOf = (bytes: Uint8Array) => {
    const decoded = decodeQbftMessage(bytes);
    return decoded.ok ? decoded.value.kind : undefined;
  };
  const mesh = new Mesh(
    { finality: 'deterministic', tolerates: () => 1, kindOf, group: () => ({ engine }) },
    n,
    'cost',
  );
  mesh.run(50);
  const booted = mesh.sent.length;
  mesh.propose(1, 'a');
  mesh.run(200, () => mesh.has('a'));
  mesh.run(50);
  const counted = new Map<string, number>();
  for (const { bytes } of mesh.sent.slice(booted))
    counted.set(kindOf(bytes) as string, (counted.get(kindOf(bytes) as string) ?? 0) + 1);
  expect(Object.fromEntries(counted)).toEqual({ proposal: n - 1, prepare: n * (n - 1), commit: n * (n - 1) });
});
