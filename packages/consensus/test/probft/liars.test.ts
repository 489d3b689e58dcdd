import { describe, expect, test } from 'vitest';
import { createSampledEvidence } from '../../src/evidence/evidence.ts';
import { encodeEvidence } from '../../src/evidence/schema.ts';
import { accusedOf, probftChain, probftLiars, readEvidence, verifyEvidence } from '../../src/index.ts';
import type { ProbftMessageOf } from '../../src/probft/messages.ts';
import { proveSample } from '../../src/probft/samples.ts';
import { signStatement } from '../../src/quorum/statement.ts';
import { Cluster } from './cluster.ts';

const LOOSE = { quorumFactor: 1.2, sampleFactor: 2.5 };
const LIAR = 2;

function cheating(): Cluster {
  const cluster = new Cluster(7, 'cheat', LOOSE);
  const liar = probftLiars['bad-sample'] as (typeof probftLiars)[string];
  const { set, signers } = cluster.keys;
  cluster.tamper = ({ from, to, bytes }) => {
    if (from !== LIAR) return bytes;
    const signer = signers[LIAR] as (typeof signers)[number];
    const context = { self: LIAR, n: 7, signer, height: 0, view: 1, replicaSet: set };
    return liar.onSend(context, { kind: 'send', to, bytes })[0]?.bytes ?? null;
  };
  return cluster;
}

describe('misuse of the verifiable random function', () => {
  const cluster = cheating();
  cluster.propose(1, 'a');
  const done = cluster.run(30_000, () => cluster.all('a'));
  const { set, vrf, signers } = cluster.keys;
  const { chainId } = probftChain(set);
  const vrfKeyOfAccused = vrf[LIAR]?.publicKey as Uint8Array;
  const verify = (wire: Uint8Array, replica = LIAR, options = { vrfKeyOfAccused, replicaSet: probftChain(set) }) =>
    verifyEvidence(wire, set.replicas[replica]?.key as Uint8Array, chainId, options);

  test('a vote signed with a proof that is none convicts its signer, who alone is accused; the others agree', () => {
    expect(done).toBe(true);
    expect(cluster.evidence.length).toBeGreaterThan(0);
    for (const wire of cluster.evidence) {
      const read = readEvidence(wire);
      expect(read.ok && accusedOf(read.value).replica).toBe(LIAR);
      expect(verify(wire)).toMatchObject({ ok: true, value: { class: 'vrf-misuse', accusedIndex: LIAR, view: 1 } });
      expect(wire.length).toBeLessThan(400);
    }
  });

  test('it needs the accused’s own keys of both kinds, and no byte of it can be changed', () => {
    const wire = cluster.evidence[0] as Uint8Array;
    expect(verifyEvidence(wire, set.replicas[LIAR]?.key as Uint8Array, chainId)).toMatchObject({
      reason: 'needs-vrf-key',
    });
    expect(verify(wire, 3)).toMatchObject({ reason: 'wrong-replica-set' });
    expect(verifyEvidence(wire, set.replicas[3]?.key as Uint8Array, chainId)).toMatchObject({
      reason: 'bad-signature',
    });
    for (let at = 0; at < wire.length; at++) {
      const changed = wire.slice();
      changed[at] = (changed[at] as number) ^ 0x41;
      expect(verify(changed).ok).toBe(false);
    }
  });

  const place = { height: 4, view: 2, phase: 'prepare' } as const;
  const proof = proveSample(vrf[LIAR]?.secretKey as Uint8Array, probftChain(set), place);
  const vote = (fill: number, attached: Uint8Array) => {
    const statement = { epoch: 0, ...place, digest: new Uint8Array(32).fill(fill) };
    const signer = signers[LIAR] as (typeof signers)[number];
    const signature = signStatement(signer, chainId, { ...statement, attached });
    return { vote: { replica: LIAR, ...statement, signature }, proof: attached };
  };

  test('a vote with the proof of its place is no offence, wherever it was sent; without its proof it is not signed', () => {
    const honest = vote(1, proof);
    expect(verify(encodeEvidence({ kind: 'bad-sample', ...honest }))).toMatchObject({ reason: 'no-offence' });
    const other = { kind: 'bad-sample', vote: honest.vote, proof: proof.toReversed() } as const;
    expect(verify(encodeEvidence(other))).toMatchObject({ reason: 'bad-signature' });
  });

  test('two votes for two values at one place convict, with the proofs that they were signed with', () => {
    const wire = createSampledEvidence(vote(1, proof), vote(2, proof)) as Uint8Array;
    expect(wire).toEqual(createSampledEvidence(vote(2, proof), vote(1, proof)));
    expect(verify(wire)).toMatchObject({ ok: true, value: { class: 'conflicting-votes', view: 2, height: 4 } });
    expect(createSampledEvidence(vote(1, proof), vote(1, proof))).toBeUndefined();
  });
});

test('among the honest, in all that they send, nobody misuses it', () => {
  const cluster = new Cluster(7, 'plain', LOOSE);
  cluster.propose(1, 'a');
  expect(cluster.run(30_000, () => cluster.all('a'))).toBe(true);
  const votes = cluster.posted.map(({ message }) => message).filter(({ kind }) => kind === 'prepare');
  expect((votes as ProbftMessageOf<'prepare'>[]).length).toBeGreaterThan(5);
  expect(cluster.evidence).toEqual([]);
  expect(cluster.refusals.get('bad-sample') ?? 0).toBe(0);
});
