import { decodeCanonical, encode } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { describe, expect, test } from 'vitest';
import { decodeCertificate, verifyCommit } from '../../src/index.ts';
import { readViewChangeBody } from '../../src/pbft/justification.ts';
import {
  decodeMessage,
  encodeMessage,
  type MessageOf,
  newViewBodySchema,
  proofSchema,
  viewChangeBodySchema,
} from '../../src/pbft/messages.ts';
import { signStatement } from '../../src/quorum/statement.ts';
import { Lockstep, NOW_MS } from '../cluster/lockstep.ts';

/** Rules that a review of the code against the paper found broken. */

function tick(net: Lockstep, times = 1): void {
  for (let i = 0; i < times; i++) {
    for (let self = 0; self < net.n; self++) net.step(self, { kind: 'timer', nowMs: NOW_MS, id: 'tick' });
    net.drain();
  }
}

function caughtView(bytes: Uint8Array): MessageOf<'view-change'> {
  const message = decodeMessage(bytes);
  if (!message.ok || message.value.kind !== 'view-change') throw new Error('no view-change');
  return message.value;
}

test('a replica that leaves for a view below the one of a decision it was shown is listened to all the same', () => {
  const net = new Lockstep(4, { checkpointInterval: 16 });
  // The others decide height 1 in view 1; replica 3 hears nothing of it.
  net.passes = ({ from, to }) => from !== 0 && from !== 3 && to !== 3;
  net.crash(0);
  net.propose(2, 5);
  net.drain();
  const requests = net.engines[2]?.status.pending;
  expect(requests).toBe(1);
  net.reboot(0);
  net.passes = ({ from, to }, { kind }) => from !== 3 && to !== 3 && !(from === 0 && kind === 'pre-prepare');
  net.drain();
  for (const self of [0, 1, 2]) net.timeOut(self);
  net.drain();
  tick(net, 3);
  expect(net.views().slice(0, 3)).toEqual([1, 1, 1]);
  expect(net.heights()).toEqual([1, 1, 1, 0]);
  // It is shown the decision, and its own timer still runs for view 0.
  const [commit] = net.commits[1] ?? [];
  const { payload, certificate } = commit as { payload: Uint8Array; certificate: Uint8Array };
  net.passes = () => false;
  net.inject(1, 3, { kind: 'decided', height: 1, payload, certificate });
  expect(net.heights()[3]).toBe(1);
  let change: Uint8Array | undefined;
  net.passes = ({ from, bytes }, { kind }) => {
    if (from === 3 && kind === 'view-change') change = bytes;
    return false;
  };
  net.propose(3, 6);
  net.timeOut(3);
  const { body } = caughtView(change as Uint8Array);
  const read = readViewChangeBody(body);
  expect(read).toMatchObject({ ok: true, value: { view: 1, claims: [{ height: 1, view: 1, decided: true }] } });
  expect(
    net.inject(3, 2, change as Uint8Array).filter(({ kind }) => kind === 'refused' || kind === 'evidence'),
  ).toEqual([]);
});

/** Replica 3 lies in its view-change for view 1, which honest replica 1 leads. @returns what replica 1 announces */
function announcedOn(
  net: Lockstep,
  forge: (change: MessageOf<'view-change'>) => MessageOf<'view-change'>,
): MessageOf<'new-view'> | undefined {
  let announced: MessageOf<'new-view'> | undefined;
  net.passes = ({ from, to, bytes }, message) => {
    if (message.kind === 'new-view') announced = message;
    if (message.kind !== 'view-change' || from !== 3) return message.kind !== 'new-view';
    net.inject(3, to, encodeMessage(forge(caughtView(bytes))));
    return false;
  };
  net.crash(0);
  net.propose(2, 77);
  net.drain();
  for (let self = 1; self < 4; self++) net.timeOut(self);
  net.drain();
  return announced;
}

function resign(net: Lockstep, message: MessageOf<'view-change'>, change: object): MessageOf<'view-change'> {
  const read = readViewChangeBody(message.body);
  if (!read.ok) throw new Error(read.reason);
  const body = encode(viewChangeBodySchema, { ...read.value, ...change });
  const statement = { epoch: 0, phase: 'view-change', view: 1, height: 0, digest: sha3_256(body) } as const;
  const signature = signStatement(
    net.keys.signers[3] as (typeof net.keys.signers)[number],
    net.keys.set.chainId,
    statement,
  );
  return { ...message, body, signature };
}

describe('a primary answers for everything in its new-view, whatever a liar put into a view-change', () => {
  test('the certificate of a checkpoint that it has too is its own', () => {
    const net = new Lockstep(4, { checkpointInterval: 2 });
    for (let i = 1; i <= 2; i++) {
      net.propose(0, i);
      net.drain();
    }
    const rubbish = Uint8Array.of(9, 9, 9);
    const announced = announcedOn(net, (change) => {
      return { ...resign(net, change, { stableProof: sha3_256(rubbish) }), stableCertificate: rubbish };
    });
    const body = decodeCanonical(newViewBodySchema, announced?.body ?? new Uint8Array(0), { maxBytes: 100_000 });
    expect(body.ok && decodeCertificate(body.value.stableCertificate).ok).toBe(true);
    // A replica that has nothing takes it.
    const empty = new Lockstep(4, { checkpointInterval: 2 });
    empty.inject(1, 0, announced as MessageOf<'new-view'>);
    expect(empty.refused[0]).toEqual([]);
    expect(empty.views()[0]).toBe(1);
    expect(empty.evidence.flat()).toEqual([]);
  });

  test('the proof of a height that is decided here too is its own', () => {
    const net = new Lockstep(4, { checkpointInterval: 16 });
    net.propose(0, 1);
    net.drain();
    const announced = announcedOn(net, (change) => {
      const proofs = change.proofs.map((proof) => ({
        ...proof,
        signatures: proof.signatures.map(({ replica }) => ({ replica, signature: new Uint8Array(64).fill(3) })),
      }));
      const read = readViewChangeBody(change.body);
      const claims = read.ok
        ? read.value.claims.map((claim, i) => ({ ...claim, proof: sha3_256(encode(proofSchema, proofs[i] as never)) }))
        : [];
      return { ...resign(net, change, { claims }), proofs };
    });
    const empty = new Lockstep(4, { checkpointInterval: 16 });
    empty.inject(1, 0, announced as MessageOf<'new-view'>);
    expect(empty.refused[0]).toEqual([]);
    expect(empty.views()[0]).toBe(1);
  });
});

test('a proof that was passed over because the height was decided already is looked at where a crash lost the decision', () => {
  const net = new Lockstep(4, { checkpointInterval: 16 });
  net.propose(0, 1);
  net.drain();
  const announced = announcedOn(net, (change) => change) as MessageOf<'new-view'>;
  const body = decodeCanonical(newViewBodySchema, announced.body, { maxBytes: 100_000 });
  if (!body.ok) throw new Error(body.reason);
  // The primary of view 1 is a liar after all: its proof of height 1 is none, and replica 2 does not need it.
  const spoilt = body.value.proofs.map((proof) => ({
    ...proof,
    signatures: proof.signatures.map(({ replica }) => ({ replica, signature: new Uint8Array(64).fill(3) })),
  }));
  const bytes = encode(newViewBodySchema, { ...body.value, proofs: spoilt });
  const statement = { epoch: 0, phase: 'new-view', view: 1, height: 0, digest: sha3_256(bytes) } as const;
  const signer = net.keys.signers[1] as (typeof net.keys.signers)[number];
  const signature = signStatement(signer, net.keys.set.chainId, statement);
  net.passes = () => false;
  net.inject(1, 2, { kind: 'new-view', epoch: 0, body: bytes, signature });
  expect(net.views()[2]).toBe(1);
  // Power is lost: the decision, which others can give again, was not synced, and neither was the block.
  const journal = new Map(
    [...(net.journals[2] as Map<string, Uint8Array>)].filter(([key]) => !key.startsWith('decided')),
  );
  net.rollBack(2, journal, 0);
  const commits = net.commits[2] ?? [];
  expect(commits.every((commit) => verifyCommit(net.keys.set, commit).ok)).toBe(true);
});

test('a view-change that is said again is not answered each time: only a status is, within its budget', () => {
  const net = new Lockstep(4, { checkpointInterval: 16 });
  const announced = announcedOn(net, (change) => change) as MessageOf<'new-view'>;
  let change: Uint8Array | undefined;
  net.passes = ({ from, bytes }, { kind }) => {
    if (from === 3 && kind === 'view-change') change = bytes;
    return false;
  };
  net.inject(1, 2, announced);
  for (let i = 0; i < 4; i++) net.step(3, { kind: 'timer', nowMs: NOW_MS, id: 'tick' });
  const sends = [1, 2, 3, 4].map(
    () => net.inject(3, 2, change as Uint8Array).filter(({ kind }) => kind === 'send').length,
  );
  expect(sends).toEqual([0, 0, 0, 0]);
  expect(net.refused[2]?.filter((reason) => reason === 'duplicate-view-change')).toHaveLength(4);
});
