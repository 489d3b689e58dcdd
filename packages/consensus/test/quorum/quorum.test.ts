import { isMurmurError } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { describe, expect, test } from 'vitest';
import { createPbft, encodeBatch, maxFaulty, quorum, verifyCheckpoint, verifyCommit } from '../../src/index.ts';
import { encodeCertificate } from '../../src/quorum/certificate.ts';
import { type Statement, signStatement } from '../../src/quorum/statement.ts';
import { createKeys } from '../cluster/keys.ts';

describe('quorums', () => {
  test('at every n any two quorums share a correct replica, and the correct ones alone are a quorum', () => {
    for (let n = 1; n <= 128; n++) {
      const [f, q] = [maxFaulty(n), quorum(n)];
      expect(2 * q - n).toBeGreaterThanOrEqual(f + 1);
      expect(q).toBeLessThanOrEqual(n - f);
      expect(3 * f + 1).toBeLessThanOrEqual(n);
    }
  });

  test('2f + 1 is not enough where n is not 3f + 1: at n = 6 two sets of 3 are disjoint', () => {
    expect([4, 5, 6, 7, 8, 9, 10].map(quorum)).toEqual([3, 4, 4, 5, 6, 6, 7]);
    expect(2 * (2 * maxFaulty(6) + 1)).toBeLessThanOrEqual(6);
  });
});

describe('certificates', () => {
  const { set, signers } = createKeys(7);
  const payload = encodeBatch({ timeMs: 5, requests: [Uint8Array.of(1)] });
  const digest = sha3_256(payload);

  function certify(statement: Partial<Statement>, who: readonly number[], signed: Partial<Statement> = {}): Uint8Array {
    const whole = { epoch: 0, phase: 'commit', view: 3, height: 9, digest, ...statement } as const;
    const signatures = who.map((replica) => ({
      replica,
      signature: signStatement(signers[replica] as (typeof signers)[number], set.chainId, { ...whole, ...signed }),
    }));
    return encodeCertificate({ epoch: whole.epoch, view: whole.view, signatures });
  }
  const check = (certificate: Uint8Array, height = 9) => verifyCommit(set, { height, payload, certificate });

  test('Q commits of one view for this payload at this height prove it', () => {
    expect(check(certify({}, [0, 1, 2, 3, 4]))).toEqual({ ok: true, value: undefined });
    expect(check(certify({}, [1, 2, 4, 5, 6])).ok).toBe(true);
  });

  test.each([
    ['too-few-signatures', certify({}, [0, 1, 2, 3])],
    ['unordered-signers', certify({}, [0, 1, 2, 3, 3])],
    ['unordered-signers', certify({}, [4, 3, 2, 1, 0])],
    ['wrong-epoch', certify({ epoch: 1 }, [0, 1, 2, 3, 4])],
    ['bad-signature', certify({ height: 8 }, [0, 1, 2, 3, 4])],
    ['bad-signature', certify({}, [0, 1, 2, 3, 4], { view: 4 })],
    ['bad-signature', certify({}, [0, 1, 2, 3, 4], { phase: 'prepare' })],
    ['bad-signature', certify({ digest: new Uint8Array(32) }, [0, 1, 2, 3, 4])],
    ['malformed-certificate', new Uint8Array(0)],
    ['malformed-certificate', Uint8Array.from({ length: 300 }, () => 0x91)],
  ])('anything else is refused: %s', (reason, certificate) => {
    expect(check(certificate)).toMatchObject({ ok: false, reason });
  });

  test('a signer that is not in the set is refused', () => {
    const seven = certify({}, [0, 1, 2, 3, 6]);
    const four = { ...set, replicas: set.replicas.slice(0, 4) };
    expect(verifyCommit(four, { height: 9, payload, certificate: seven })).toMatchObject({ reason: 'unknown-signer' });
  });

  test('every single bit flip of a certificate is refused, or is another valid encoding of nothing', () => {
    const certificate = certify({}, [0, 1, 2, 3, 4]);
    for (let bit = 0; bit < 8 * certificate.length; bit += 3) {
      const flipped = certificate.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(check(flipped).ok).toBe(false);
    }
  });

  test('a checkpoint needs Q signatures on the same state', () => {
    const stateDigest = new Uint8Array(32).fill(4);
    const good = certify({ phase: 'checkpoint', view: 0, height: 64, digest: stateDigest }, [0, 2, 3, 4, 6]);
    expect(verifyCheckpoint(set, { height: 64, stateDigest, certificate: good }).ok).toBe(true);
    expect(verifyCheckpoint(set, { height: 128, stateDigest, certificate: good }).ok).toBe(false);
    expect(verifyCheckpoint(set, { height: 64, stateDigest: digest, certificate: good }).ok).toBe(false);
  });
});

describe('replica sets', () => {
  const { set, signers } = createKeys(4);
  const signer = signers[0] as (typeof signers)[number];

  test.each([
    ['two replicas with one key', [...set.replicas.slice(0, 3), set.replicas[0]]],
    ['a key of small order', [{ ...set.replicas[0], key: new Uint8Array(32) }, ...set.replicas.slice(1)]],
    ['nobody', []],
  ])('a set with %s is refused', (_, replicas) => {
    const bad = { ...set, replicas: replicas as typeof set.replicas };
    const create = () => createPbft({ replicaSet: bad, self: 0, signer });
    expect(create).toThrow(expect.objectContaining({ code: 'CONSENSUS_REPLICA_SET' }));
  });

  test('a signer must own the key of its place', () => {
    const create = () => createPbft({ replicaSet: set, self: 1, signer });
    expect(create).toThrow(expect.objectContaining({ code: 'CONSENSUS_WRONG_SIGNER' }));
  });

  test('an engine is started once, first, and with options that exist', () => {
    const engine = createPbft({ replicaSet: set, self: 0, signer });
    const start = {
      kind: 'start',
      nowMs: 0,
      records: [],
      executed: { height: 0, stateDigest: new Uint8Array(32) },
    } as const;
    expect(() => engine.step({ kind: 'timer', nowMs: 0, id: 'tick' })).toThrow(
      expect.objectContaining({ code: 'CONSENSUS_NOT_STARTED' }),
    );
    engine.step(start);
    expect(() => engine.step(start)).toThrow(expect.objectContaining({ code: 'CONSENSUS_STARTED_TWICE' }));
    const unknown: Record<string, number> = { windw: 8 };
    const typo = () => createPbft({ replicaSet: set, self: 0, signer }, unknown);
    expect(typo).toThrow(expect.objectContaining({ code: 'OPTION_UNKNOWN' }));
    const small = () => createPbft({ replicaSet: set, self: 0, signer }, { checkpointInterval: 64, logWindow: 64 });
    expect(small).toThrow(expect.objectContaining({ code: 'OPTION_OUT_OF_RANGE' }));
    expect(isMurmurError(new Error('other'))).toBe(false);
  });
});
