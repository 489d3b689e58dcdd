import { encode } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { expect, test } from 'vitest';
import { createPbft, type Engine, encodeBatch, type PbftDeps } from '../../src/index.ts';
import { encodeMessage, type Message, newViewBodySchema, viewChangeBodySchema } from '../../src/pbft/messages.ts';
import { type Phase, signStatement } from '../../src/quorum/statement.ts';
import { createKeys } from '../cluster/keys.ts';
import { Lockstep, NOW_MS } from '../cluster/lockstep.ts';
import { waiting } from './corpus/scenes.ts';

const { set, signers } = createKeys(4);
const d = (fill: number) => new Uint8Array(32).fill(fill);

/** Refusals that need a state which no message alone brings about. The rest is in the corpus. */
function started(deps: Partial<PbftDeps> = {}, sure = true, height = 0): Engine {
  const signer = signers[2] as (typeof signers)[number];
  const engine = createPbft({ replicaSet: set, self: 2, signer, ...deps }, { checkpointInterval: 2 });
  const start = { kind: 'start', nowMs: NOW_MS, records: [], executed: { height, stateDigest: d(0) } } as const;
  engine.step(sure ? { ...start, sure: true } : start);
  return engine;
}

function refusals(engine: Engine, from: number, message: Message): string[] {
  const effects = engine.step({ kind: 'message', nowMs: NOW_MS, from, bytes: encodeMessage(message) });
  return effects.flatMap((effect) => (effect.kind === 'refused' ? [effect.reason] : []));
}

function sign(by: number, phase: Phase, place: { view: number; height: number; digest: Uint8Array }): Uint8Array {
  return signStatement(signers[by] as (typeof signers)[number], set.chainId, { epoch: 0, phase, ...place });
}

test('above the last height of an epoch nothing is listened to: above-last-height', () => {
  const engine = started();
  engine.step({ kind: 'reconfigure', nowMs: NOW_MS, next: { ...set, epoch: 1 }, lastHeight: 3 });
  const place = { view: 0, height: 4, digest: d(1) };
  const vote = { kind: 'prepare', epoch: 0, ...place, signature: sign(1, 'prepare', place) } as const;
  expect(refusals(engine, 1, vote)).toEqual(['above-last-height']);
});

test('a new-view on a checkpoint of an earlier epoch: below-epoch', () => {
  const engine = started({ baseHeight: 8 }, true, 8);
  const change = { view: 1, stableHeight: 4, stableDigest: d(0), stableProof: sha3_256(), claims: [] };
  const body = encode(viewChangeBodySchema, change);
  const at = { view: 1, height: 0 };
  const viewChanges = [0, 1, 3].map((replica) => {
    return { replica, body, signature: sign(replica, 'view-change', { ...at, digest: sha3_256(body) }) };
  });
  const none = { stableCertificate: new Uint8Array(0), proofs: [], proposals: [] };
  const announced = encode(newViewBodySchema, { view: 1, viewChanges, ...none });
  const signature = sign(1, 'new-view', { ...at, digest: sha3_256(announced) });
  expect(refusals(engine, 1, { kind: 'new-view', epoch: 0, body: announced, signature })).toEqual(['below-epoch']);
});

test('another state than the one that is stable already: wrong-state, and a conviction', () => {
  const net = new Lockstep(4, { checkpointInterval: 2 });
  net.passes = ({ from }, { kind }) => !(from === 3 && kind === 'checkpoint');
  for (let i = 1; i <= 2; i++) {
    net.propose(0, i);
    net.drain();
  }
  expect(net.stable[1]).toEqual([2]);
  const place = { view: 0, height: 2, digest: d(6) };
  const checkpoint = { kind: 'checkpoint', epoch: 0, height: 2, digest: place.digest } as const;
  net.inject(3, 1, { ...checkpoint, signature: new Uint8Array(64) });
  expect(net.refused[1]).toEqual(['bad-signature']);
  expect(net.evidence[1]).toEqual([]);
  net.inject(3, 1, { ...checkpoint, signature: sign(3, 'checkpoint', place) });
  expect(net.refused[1]?.at(-1)).toBe('wrong-state');
  expect(net.evidence[1]).toHaveLength(1);
});

test('the new-view of a view that was left since: stale-view', () => {
  const { net, announcement } = waiting();
  net.passes = () => false;
  for (let i = 0; i < 2; i++) net.timeOut(2);
  expect(net.engines[2]?.status.view).toBeGreaterThan(1);
  net.inject(1, 2, announcement);
  expect(net.refused[2]?.at(-1)).toBe('stale-view');
});

test('what was signed by another, in an answer to what was asked after a boot: no-recall', () => {
  const engine = started({}, false);
  const place = { view: 0, height: 1, digest: d(1) };
  const statement = { replica: 3, epoch: 0, phase: 'prepare', ...place, signature: sign(3, 'prepare', place) } as const;
  expect(refusals(engine, 1, { kind: 'recalled', statements: [statement] })).toEqual(['no-recall']);
  expect(refusals(engine, 1, { kind: 'recalled', statements: [] })).toEqual([]);
  expect(refusals(engine, 1, { kind: 'recalled', statements: [] })).toEqual(['unasked-recall']);
});

test('a request that the host does not let in: not-admitted', () => {
  const engine = started({ admit: (request) => request[0] !== 13 });
  const bring = (fill: number, stamp: number): string[] => {
    const requests = [Uint8Array.of(fill)];
    return refusals(engine, 1, { kind: 'requests', stamp: NOW_MS * 1024 + stamp, again: false, requests });
  };
  expect([bring(13, 1), bring(12, 2)]).toEqual([['not-admitted'], []]);
});

test('a payload that is asked for, and is no batch: bad-batch', () => {
  const engine = started();
  const digest = sha3_256(Uint8Array.of(1));
  const place = { view: 0, height: 1, digest };
  const statement = { replica: 0, epoch: 0, phase: 'pre-prepare', ...place, signature: sign(0, 'pre-prepare', place) };
  expect(refusals(engine, 1, { kind: 'witness', statements: [statement] } as Message)).toEqual([]);
  const rubbish = { kind: 'payload', height: 1, payload: Uint8Array.of(1) } as const;
  expect(refusals(engine, 1, rubbish)).toEqual(['bad-batch']);
  const other = { kind: 'payload', height: 1, payload: encodeBatch({ timeMs: 1, requests: [] }) } as const;
  expect(refusals(engine, 1, other)).toEqual(['unwanted-payload']);
});
