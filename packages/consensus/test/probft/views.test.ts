import { equalBytes } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { expect, test } from 'vitest';
import { probftChain } from '../../src/probft/certificates.ts';
import { encodeProbftMessage, type ProbftMessageOf } from '../../src/probft/messages.ts';
import { encodeBatch } from '../../src/quorum/batch.ts';
import { type SignedStatement, signStatement } from '../../src/quorum/statement.ts';
import { Cluster, type Post } from './cluster.ts';

const LOOSE = { quorumFactor: 1.2, sampleFactor: 1.7 };
type Propose = ProbftMessageOf<'propose'>;

/** The leader's own signature under another payload. */
function resigned(cluster: Cluster, leader: number, message: Propose, request: number): Propose {
  const payload = encodeBatch({ timeMs: 9, requests: [Uint8Array.of(request)] });
  return { ...message, payload, signature: signed(cluster, leader, message, payload).signature };
}

function signed(cluster: Cluster, leader: number, message: Propose, payload: Uint8Array): SignedStatement {
  const { epoch, view, height } = message;
  const statement = { epoch, phase: 'pre-prepare', view, height, digest: sha3_256(payload) } as const;
  const signer = cluster.keys.signers[leader] as (typeof cluster.keys.signers)[number];
  const signature = signStatement(signer, probftChain(cluster.keys.set).chainId, statement);
  return { replica: leader, ...statement, signature };
}

function firstProposal(cluster: Cluster, view = 1): Propose {
  const found = cluster.posted.find(({ message }) => message.kind === 'propose' && message.view === view);
  if (found === undefined) throw new Error(`nobody proposed in view ${view}`);
  return found.message as Propose;
}

/** All prepare in view 1 and none commits; then the leader of view 2 does as told. */
function cheatInView2(seed: string, cheat: (cluster: Cluster, message: Propose) => Propose): Cluster {
  const cluster = new Cluster(7, seed, LOOSE);
  cluster.tamper = ({ from, bytes, message }: Post) => {
    if (message.kind === 'commit' && message.view === 1) return null;
    if (message.kind !== 'propose' || message.view !== 2 || from !== 2) return bytes;
    return encodeProbftMessage(cheat(cluster, message));
  };
  cluster.propose(1, 'first');
  expect(cluster.run(30_000, () => cluster.all('first'))).toBe(true);
  return cluster;
}

test('a new leader that proposes another value than the quorum had prepared is refused, and the prepared one decided', () => {
  const cluster = cheatInView2('unbound', (one, message) => resigned(one, 2, message, 77));
  expect(cluster.refusals.get('unbound-proposal')).toBeGreaterThan(0);
  const decided = cluster.commits[0]?.[0]?.payload as Uint8Array;
  expect(equalBytes(decided, firstProposal(cluster).payload)).toBe(true);
});

test.each([
  ['one new-leader too few', (m: Propose) => ({ ...m, justification: m.justification.slice(1) })],
  [
    'one of them twice',
    (m: Propose) => ({ ...m, justification: [m.justification[0], ...m.justification.slice(0, -1)] }),
  ],
  ['none at all', (m: Propose) => ({ ...m, justification: [] })],
])('a new leader that shows %s is refused', (name, cheat) => {
  const cluster = cheatInView2(name, (_, message) => cheat(message) as Propose);
  expect(cluster.refusals.get('unjustified-proposal')).toBeGreaterThan(0);
});

/** All but replica 0 have prepared; it has the proposal, and the test decides what else it hears. */
function beforeCommit(seed: string): { cluster: Cluster; prepares: Post[]; proposal: Propose } {
  const cluster = new Cluster(7, seed, LOOSE);
  cluster.tamper = () => null;
  cluster.propose(1, 'a');
  const proposal = firstProposal(cluster);
  for (let i = 0; i < 7; i++) if (i !== 1) cluster.deliver(1, i, encodeProbftMessage(proposal));
  return {
    cluster,
    proposal,
    prepares: cluster.posted.filter(({ to, message }) => to === 0 && message.kind === 'prepare'),
  };
}

test('two proposals of one leader for one view end the voting of whoever learns of them', () => {
  const commitsOf0 = (cluster: Cluster) =>
    cluster.posted.filter(({ from, message }) => from === 0 && message.kind === 'commit').length;
  for (const exposed of [false, true]) {
    const { cluster, prepares, proposal } = beforeCommit('contested');
    const other = resigned(cluster, 1, proposal, 66).payload;
    const first = signed(cluster, 1, proposal, proposal.payload);
    const second = signed(cluster, 1, proposal, other);
    if (exposed) cluster.deliver(3, 0, encodeProbftMessage({ kind: 'exposed', first, second }));
    for (const { from, bytes } of prepares) cluster.deliver(from, 0, bytes);
    expect(commitsOf0(cluster) > 0).toBe(!exposed);
    expect(cluster.evidence.length).toBe(exposed ? 1 : 0);
    // The others prepare and commit: their commits decide nothing for who knows of both proposals.
    const posted = [...cluster.posted];
    for (const { from, to, message, bytes } of posted) {
      if (to !== 0 && message.kind === 'prepare') cluster.deliver(from, to, bytes);
    }
    const commits = cluster.posted.filter(({ to, message }) => to === 0 && message.kind === 'commit');
    expect(commits.length).toBeGreaterThanOrEqual(4);
    for (const { from, bytes } of commits) cluster.deliver(from, 0, bytes);
    expect(cluster.commits[0]?.length).toBe(exposed ? 0 : 1);
  }
});

test('an exposure that is no proof is refused: one proposal twice, another view, a forged signature', () => {
  const { cluster, proposal } = beforeCommit('exposures');
  const first = signed(cluster, 1, proposal, proposal.payload);
  const second = signed(cluster, 1, proposal, resigned(cluster, 1, proposal, 66).payload);
  const reasons = (a: SignedStatement, b: SignedStatement) => {
    cluster.refusals.clear();
    cluster.deliver(3, 0, encodeProbftMessage({ kind: 'exposed', first: a, second: b }));
    return [...cluster.refusals.keys()];
  };
  expect(reasons(first, first)).toEqual(['no-conflict']);
  expect(reasons(first, { ...second, view: 2 })).toEqual(['stale-exposure']);
  expect(reasons(first, { ...second, replica: 2 })).toEqual(['stale-exposure']);
  expect(reasons(first, { ...second, signature: first.signature })).toEqual(['bad-leader-signature']);
  expect(cluster.evidence).toEqual([]);
});

test('a replica that restarts stands by its vote: another proposal for that view gets none', () => {
  const { cluster, proposal } = beforeCommit('restart');
  const votes = () =>
    cluster.posted
      .filter(({ from, message }) => from === 0 && message.kind === 'prepare')
      .map(({ message }) => message);
  const before = votes().length;
  expect(before).toBeGreaterThan(0);
  cluster.crash(0);
  cluster.boot(0);
  cluster.refusals.clear();
  cluster.deliver(1, 0, encodeProbftMessage(resigned(cluster, 1, proposal, 66)));
  expect([...cluster.refusals.keys()]).toEqual(['conflicting-proposal']);
  expect(votes().length).toBe(before);
});
