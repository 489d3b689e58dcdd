import { isMurmurError, utf8 } from '@murmuration/core';
import { blsKeyPair, type Signer } from '@murmuration/crypto';
import { describe, expect, test } from 'vitest';
import { createHotstuff2, decodeBatch, type Hotstuff2Deps, type ReplicaSet } from '../../src/index.ts';
import { Mesh } from '../conformance/mesh.ts';
import { createHotstuff2Keys, possessionsOf } from './keys.ts';
import { Lone, sent } from './lone.ts';
import { hotstuff2Protocol } from './protocol.ts';

describe('keys are checked at the door', () => {
  const keys = createHotstuff2Keys(4);
  const good: Hotstuff2Deps = {
    replicaSet: keys.set,
    self: 1,
    signer: keys.signers[1] as Signer,
    bls: { ...keys.bls, secretKey: keys.secretKeys[1] as Uint8Array, possessions: possessionsOf(keys) },
  };
  const refusal = (bls: Partial<Hotstuff2Deps['bls']>, rest: Partial<Hotstuff2Deps> = {}) => {
    try {
      createHotstuff2({ ...good, ...rest, bls: { ...good.bls, ...bls } });
      return 'created';
    } catch (error) {
      return isMurmurError(error) ? error.code : 'thrown';
    }
  };

  test('with the keys of the set and their proofs of possession an engine is made', () => {
    expect(refusal({})).toBe('created');
  });

  test('too few, twins, no key, the wrong secret key and missing or foreign proofs are refused', () => {
    const { publicKeys } = keys.bls;
    const first = publicKeys[0] as Uint8Array;
    const possessions = possessionsOf(keys);
    expect(refusal({ publicKeys: publicKeys.slice(1) })).toBe('CONSENSUS_BLS_KEYS');
    expect(refusal({ publicKeys: publicKeys.with(2, first) })).toBe('CONSENSUS_BLS_KEYS');
    expect(refusal({ publicKeys: publicKeys.with(2, new Uint8Array(48)) })).toBe('CONSENSUS_BLS_KEYS');
    expect(refusal({ secretKey: keys.secretKeys[2] as Uint8Array })).toBe('CONSENSUS_BLS_KEYS');
    expect(refusal({ possessions: possessions.slice(1) })).toBe('CONSENSUS_BLS_KEYS');
    expect(refusal({ possessions: possessions.toReversed() })).toBe('CONSENSUS_BLS_KEYS');
    expect(refusal({ secretKey: new Uint8Array(32) })).toBe('CRYPTO_BAD_SCALAR');
    expect(refusal({}, { signer: keys.signers[2] as Signer })).toBe('CONSENSUS_WRONG_SIGNER');
    const foreign = blsKeyPair(utf8('thirty-two bytes of another seed')).publicKey;
    expect(refusal({ publicKeys: publicKeys.with(0, foreign) })).toBe('CONSENSUS_BLS_KEYS');
  });
});

describe('reconfiguration', () => {
  const next = (set: ReplicaSet): ReplicaSet => ({ ...set, epoch: set.epoch + 1 });

  test('heights up to the last of the epoch are filled by empty batches, and none above is decided', () => {
    const lone = new Lone(1, 0);
    const nowMs = 1;
    lone.ask(1);
    lone.executed(1);
    const effects = lone.step({ kind: 'reconfigure', nowMs, next: next(lone.keys.set), lastHeight: 2 });
    const commits = effects.flatMap((effect) => (effect.kind === 'commit' ? [effect.commit] : []));
    expect(commits.map(({ height }) => height)).toEqual([2]);
    const batch = decodeBatch((commits[0] as (typeof commits)[0]).payload);
    expect(batch.ok && batch.value.requests).toEqual([]);
    lone.executed(2);
    expect(lone.ask(2).filter(({ kind }) => kind === 'commit')).toEqual([]);
    expect(lone.engine.status).toMatchObject({ height: 2, pending: 1 });
  });

  test('a follower votes at the last height and at none above', () => {
    const lone = new Lone(4, 3);
    lone.step({ kind: 'reconfigure', nowMs: 1, next: next(lone.keys.set), lastHeight: 1 });
    expect(sent(lone.hear(0, lone.proposal({ view: 0, height: 1 }, 1)), 'vote')).toHaveLength(1);
    lone.hear(0, lone.decide({ view: 0, height: 1 }, 1));
    lone.executed(1);
    const above = lone.hear(0, lone.proposal({ view: 0, height: 2 }, 2));
    expect(above).toEqual([{ kind: 'refused', reason: 'beyond-epoch', from: 0 }]);
  });

  test('a change that comes too late or to another chain is the host’s mistake', () => {
    const lone = new Lone(4, 3);
    const change = (set: ReplicaSet, lastHeight: number) => () =>
      lone.step({ kind: 'reconfigure', nowMs: 1, next: set, lastHeight });
    expect(change(lone.keys.set, 2)).toThrow('does not follow');
    lone.hear(0, lone.proposal({ view: 0, height: 1 }, 1));
    lone.hear(0, lone.decide({ view: 0, height: 1 }, 1));
    lone.executed(1);
    lone.hear(0, lone.proposal({ view: 0, height: 2 }, 1));
    expect(change(next(lone.keys.set), 1)).toThrow('is voted on');
  });
});

describe('leaders take turns', () => {
  test('each leads its heights in one view, and what any replica submits commits', () => {
    const protocol = hotstuff2Protocol('hash', { heightsPerLeader: 2 });
    const mesh = new Mesh(protocol, 4, 'turns');
    const leaders = new Set<number>();
    mesh.onSent = ({ from, bytes }) => {
      if (protocol.kindOf(bytes) === 'propose') leaders.add(from);
    };
    for (let i = 0; i < 12; i++) {
      mesh.propose(i % 4, `request ${i}`);
      expect(mesh.run(5000, () => mesh.has(`request ${i}`))).toBe(true);
    }
    expect([...leaders].sort()).toEqual([0, 1, 2, 3]);
    for (let self = 0; self < 4; self++) expect(mesh.engine(self).status.view).toBe(0);
  });
});

test('with BLS: decisions among four and seven, through a crash and a silent leader, verify offline at every commit', () => {
  for (const n of [4, 7]) {
    const mesh = new Mesh(hotstuff2Protocol('real', { heightsPerLeader: 2 }), n, 'real');
    for (let i = 0; i < 6; i++) {
      if (i === 2) mesh.crash(1);
      if (i === 5) mesh.boot(1);
      mesh.propose(0, `request ${i}`);
      expect(mesh.run(30_000, () => mesh.has(`request ${i}`))).toBe(true);
    }
    expect(mesh.evidence).toEqual([]);
  }
});
