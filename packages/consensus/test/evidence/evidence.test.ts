import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createEvidence, createPbft, evidenceId, readEvidence, verifyEvidence } from '../../src/index.ts';
import { type Phase, type SignedStatement, signStatement } from '../../src/quorum/statement.ts';
import { createKeys } from '../cluster/keys.ts';

const { set, signers } = createKeys(4);

function signed(replica: number, phase: Phase, fill: number, place: Partial<SignedStatement> = {}): SignedStatement {
  const statement = { epoch: 0, phase, view: 2, height: 5, digest: new Uint8Array(32).fill(fill), ...place };
  const signer = signers[replica] as (typeof signers)[number];
  return { replica, ...statement, signature: signStatement(signer, set.chainId, statement) };
}

const keyOf = (replica: number) => set.replicas[replica]?.key as Uint8Array;

describe('evidence of equivocation', () => {
  test.each([
    ['conflicting-proposals', signed(2, 'pre-prepare', 1), signed(2, 'pre-prepare', 2)],
    ['conflicting-votes', signed(1, 'prepare', 1), signed(1, 'prepare', 2)],
    ['conflicting-votes', signed(1, 'commit', 1), signed(1, 'commit', 2)],
    ['conflicting-votes', signed(1, 'prepare', 1), signed(1, 'commit', 2)],
    ['conflicting-votes', signed(2, 'pre-prepare', 1), signed(2, 'commit', 2)],
    ['conflicting-checkpoints', signed(0, 'checkpoint', 1), signed(0, 'checkpoint', 2)],
    ['conflicting-view-changes', signed(0, 'view-change', 1), signed(0, 'view-change', 2)],
    ['conflicting-new-views', signed(0, 'new-view', 1), signed(0, 'new-view', 2)],
  ])('%s: two signed digests of one replica at one place verify offline', (kind, a, b) => {
    const evidence = createEvidence(a, b) as Uint8Array;
    const facts = verifyEvidence(evidence, keyOf(a.replica), set.chainId);
    expect(facts).toMatchObject({ ok: true, value: { class: kind, accusedIndex: a.replica, view: 2, height: 5 } });
    expect(evidence.length).toBeLessThan(400);
  });

  test('it is the same bytes and the same id, whichever statement was seen first', () => {
    const [a, b] = [signed(1, 'commit', 1), signed(1, 'commit', 2)];
    const [one, other] = [createEvidence(a, b) as Uint8Array, createEvidence(b, a) as Uint8Array];
    expect(one).toEqual(other);
    expect(evidenceId(one)).toMatch(/^[0-9a-f]{32}$/);
    expect(evidenceId(one)).toBe(evidenceId(other));
  });

  test.each([
    ['one digest twice', signed(1, 'commit', 1), signed(1, 'commit', 1)],
    ['prepare and commit of one digest', signed(1, 'prepare', 1), signed(1, 'commit', 1)],
    ['another view', signed(1, 'commit', 1), signed(1, 'commit', 2, { view: 3 })],
    ['another height', signed(1, 'commit', 1), signed(1, 'commit', 2, { height: 6 })],
    ['another epoch', signed(1, 'commit', 1), signed(1, 'commit', 2, { epoch: 1 })],
    ['two replicas', signed(1, 'commit', 1), signed(3, 'commit', 2)],
    ['a vote and a checkpoint', signed(1, 'commit', 1), signed(1, 'checkpoint', 2)],
  ])('what a correct replica may sign is no evidence: %s', (_, a, b) => {
    expect(createEvidence(a, b)).toBeUndefined();
  });

  test('evidence convicts nobody else, on no other chain, and not with a forged half', () => {
    const [a, b] = [signed(1, 'commit', 1), signed(1, 'commit', 2)];
    const evidence = createEvidence(a, b) as Uint8Array;
    expect(verifyEvidence(evidence, keyOf(2), set.chainId)).toMatchObject({ reason: 'bad-signature' });
    expect(verifyEvidence(evidence, keyOf(1), new Uint8Array(32))).toMatchObject({ reason: 'bad-signature' });
    const framed = createEvidence({ ...a, replica: 3 }, { ...b, replica: 3 }) as Uint8Array;
    expect(verifyEvidence(framed, keyOf(3), set.chainId).ok).toBe(false);
    const forged = createEvidence(a, { ...b, signature: a.signature }) as Uint8Array;
    expect(verifyEvidence(forged, keyOf(1), set.chainId).ok).toBe(false);
  });

  test('no bytes make it throw, and no single byte of it can be changed', () => {
    const evidence = createEvidence(signed(1, 'commit', 1), signed(1, 'commit', 2)) as Uint8Array;
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => !readEvidence(bytes).ok));
    for (let at = 0; at < evidence.length; at++) {
      const changed = evidence.slice();
      changed[at] = (changed[at] as number) ^ 0x41;
      expect(verifyEvidence(changed, keyOf(1), set.chainId).ok).toBe(false);
    }
  });

  test('a second form of a valid signature is none: S + L, a small-order R, or other bytes of the same point', () => {
    const [a, b] = [signed(1, 'commit', 1), signed(1, 'commit', 2)];
    const whole = (first: SignedStatement) =>
      verifyEvidence(createEvidence(first, b) as Uint8Array, keyOf(1), set.chainId);
    expect(whole(a).ok).toBe(true);
    const S = little(a.signature.subarray(32));
    const shifted = a.signature.slice();
    shifted.set(bytesOf(S + L), 32);
    const smallOrder = a.signature.slice();
    smallOrder.fill(0, 0, 32);
    const identity = smallOrder.slice();
    identity[0] = 1;
    for (const signature of [shifted, smallOrder, identity]) {
      expect(whole({ ...a, signature })).toMatchObject({ ok: false, reason: 'bad-signature' });
    }
  });

  test('a key of small order, which verifies one signature for many statements, is in no replica set and convicts nobody', () => {
    const key = new Uint8Array(32);
    key[0] = 1;
    const signature = new Uint8Array(64);
    signature[0] = 1;
    const [a, b] = [signed(1, 'commit', 1), signed(1, 'commit', 2)].map((one) => ({ ...one, signature }));
    const evidence = createEvidence(a as SignedStatement, b as SignedStatement) as Uint8Array;
    expect(verifyEvidence(evidence, key, set.chainId)).toMatchObject({ ok: false, reason: 'bad-signature' });
    const replicas = set.replicas.map((replica, i) => (i === 2 ? { ...replica, key } : replica));
    const make = () => createPbft({ replicaSet: { ...set, replicas }, self: 0, signer: signers[0] as never });
    expect(make).toThrow(expect.objectContaining({ code: 'CONSENSUS_REPLICA_SET' }));
  });
});

/** The order of the group of Ed25519. */
const L = 2n ** 252n + 27742317777372353535851937790883648493n;

function little(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
}

function bytesOf(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 255n));
}
