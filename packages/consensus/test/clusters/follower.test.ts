import { accept, bytes, decodeCanonical, deviceId, encode, list, refuse, struct, uint } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { describe, expect, test } from 'vitest';
import {
  createFollower,
  decodeHeader,
  encodeHeader,
  type Header,
  type NextEpoch,
  type ProveNext,
  type ReplicaSet,
} from '../../src/index.ts';
import { certify, setOf, type Voter, voter, voters } from '../epochs/sets.ts';

const members = voters('a', 'b', 'c', 'd');
const genesis = setOf(members);
const all = [0, 1, 2, 3];

/** A state that is nothing but its next set: its digest is the hash of it. */
const nextSchema = struct({
  next: struct({ chainId: bytes(32), epoch: uint, replicas: list(struct({ device: deviceId, key: bytes(32) }), 128) }),
  lastHeight: uint,
});
const proveNext: ProveNext = (stateDigest, proof) => {
  const decoded = decodeCanonical(nextSchema, proof);
  if (!decoded.ok) return decoded;
  return Buffer.from(sha3_256(proof)).equals(stateDigest) ? accept(decoded.value) : refuse('other-state');
};

function headerOf(
  height: number,
  digest: Uint8Array | string,
  { set = genesis, by = members, signers = all.slice(1) }: { set?: ReplicaSet; by?: Voter[]; signers?: number[] } = {},
): Header {
  const stateDigest = typeof digest === 'string' ? sha3_256(Buffer.from(digest)) : digest;
  const certificate = certify(set, by, { phase: 'checkpoint', height, digest: stateDigest }, signers);
  return { chainId: set.chainId, epoch: set.epoch, height, stateDigest, certificate };
}

/** The end of an epoch, signed by all of it. */
function endOf(set: ReplicaSet, by: Voter[], change: NextEpoch, height = change.lastHeight) {
  const proof = encode(nextSchema, change);
  return { header: headerOf(height, sha3_256(proof), { set, by, signers: by.map((_, i) => i) }), proof };
}

const reason = (result: { ok: boolean; reason?: string }) => (result.ok ? 'ok' : result.reason);

describe('a light client of another cluster', () => {
  test('takes newer certified headers, and refuses what is old, foreign, of another epoch or not signed', () => {
    const follower = createFollower(genesis, proveNext);
    expect(reason(follower.follow(headerOf(64, 'x')))).toBe('ok');
    expect(reason(follower.follow(headerOf(64, 'x')))).toBe('stale');
    expect(reason(follower.follow(headerOf(63, 'w')))).toBe('stale');
    expect(reason(follower.check(headerOf(63, 'w')))).toBe('ok');
    expect(reason(follower.follow(headerOf(65, 'y', { signers: [1, 2] })))).toBe('too-few-signatures');
    expect(reason(follower.follow(headerOf(65, 'y', { set: setOf(members, 0, 'other') })))).toBe('wrong-chain');
    expect(reason(follower.follow(headerOf(65, 'y', { set: setOf(members, 1) })))).toBe('unknown-epoch');
    expect(reason(follower.follow(headerOf(65, 'y', { by: voters('p', 'q', 'r', 's') })))).toBe('bad-signature');
    expect(reason(follower.follow({ ...headerOf(65, 'y'), height: 66 }))).toBe('bad-signature');
    expect(reason(follower.follow({ ...headerOf(65, 'y'), stateDigest: sha3_256(Buffer.from('z')) }))).toBe(
      'bad-signature',
    );
    expect(follower.followed.recent.map(({ height }) => height)).toEqual([64]);
  });

  test('follows the epochs by what their last states say, through a join, a rotation and a leave', () => {
    const follower = createFollower(genesis, proveNext);
    const five = [...members, voter('e')];
    const rotated = [voter('a', 1), ...five.slice(1)];
    const left = rotated.slice(1);
    let [set, by] = [genesis, members];
    for (const [i, next] of [five, rotated, left].entries()) {
      const change = { next: setOf(next, i + 1), lastHeight: 100 * (i + 1) };
      expect(reason(follower.advance(endOf(set, by, change)))).toBe('ok');
      [set, by] = [change.next, next];
      expect(follower.followed.set).toEqual(set);
    }
    expect(reason(follower.follow(headerOf(301, 'x', { set, by })))).toBe('ok');
    expect(reason(follower.check(headerOf(300, 'x', { set, by })))).toBe('before-epoch');
    expect(reason(follower.check(headerOf(90, 'x')))).toBe('past-epoch');
  });

  test('refuses an epoch that no certified state names', () => {
    const change = { next: setOf([...members, voter('e')], 1), lastHeight: 100 };
    const end = endOf(genesis, members, change);
    const refused = (proof: typeof end) => reason(createFollower(genesis, proveNext).advance(proof));
    const other = encode(nextSchema, { ...change, next: setOf([...members, voter('mallory')], 1) });
    expect(refused({ ...end, proof: other })).toBe('bad-epoch-proof');
    expect(refused({ ...end, proof: other, header: { ...end.header, stateDigest: sha3_256(other) } })).toBe(
      'bad-signature',
    );
    expect(refused(endOf(genesis, members, change, 99))).toBe('not-last-height');
    expect(refused(endOf(genesis, members, { ...change, next: setOf(voters('p', 'q', 'r', 's'), 1) }))).toBe(
      'too-many-leave',
    );
    expect(refused(endOf(genesis, members, { ...change, next: setOf(members, 2) }))).toBe('wrong-next-epoch');
    expect(refused(end)).toBe('ok');
  });

  test('two certified states at one height freeze it: that chain has more liars than it can stand', () => {
    const follower = createFollower(genesis, proveNext);
    follower.follow(headerOf(64, 'x'));
    expect(reason(follower.follow(headerOf(64, 'y')))).toBe('fork');
    expect(reason(follower.follow(headerOf(128, 'z')))).toBe('forked');
    expect(reason(createFollower(follower.followed, proveNext).check(headerOf(64, 'x')))).toBe('forked');
  });

  test('bytes of a relayer are a header or a reason', () => {
    const header = headerOf(64, 'x');
    const wire = encodeHeader(header);
    expect(decodeHeader(wire)).toEqual({ ok: true, value: header });
    for (let at = 0; at < wire.length; at++) {
      const bent = wire.slice();
      bent[at] = (bent[at] as number) ^ 1;
      const decoded = decodeHeader(bent);
      const verdict = decoded.ok ? createFollower(genesis, proveNext).check(decoded.value) : decoded;
      expect(verdict.ok).toBe(false);
      expect(decodeHeader(wire.subarray(0, at)).ok).toBe(false);
    }
  });
});
