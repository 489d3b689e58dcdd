import { concatBytes, equalBytes, toHex } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { expect, test } from 'vitest';
import { verifyEvidence } from '../../src/evidence/evidence.ts';
import { probftChain, verifyProbabilisticCommit } from '../../src/probft/certificates.ts';
import { createProbft } from '../../src/probft/engine.ts';
import { encodeProbftMessage, type ProbftMessage, type ProbftMessageOf } from '../../src/probft/messages.ts';
import { expectedMessages, sampleSizes } from '../../src/probft/parameters.ts';
import { proveSample, verifySample } from '../../src/probft/samples.ts';
import { choose } from '../../src/probft/views.ts';
import { signStatement } from '../../src/quorum/statement.ts';
import { Cluster, equivocate, keysFor } from './cluster.ts';

const DEFAULT = { quorumFactor: 2, sampleFactor: 1.7 };
/** Small enough to live through faults: q = 4 and s = 7 of 7. */
const LOOSE = { quorumFactor: 1.2, sampleFactor: 1.7 };
/** Real samples among few: q = 3 and s = 6 of 8. */
const SAMPLED = { quorumFactor: 1, sampleFactor: 1.7 };

test.each([4, 7])('the good case among %i costs exactly (n − 1) + 2 s (n − 1) messages', (n) => {
  const cluster = new Cluster(n, 'good', DEFAULT);
  cluster.propose(1, 'a');
  expect(cluster.run(900, () => cluster.all('a'))).toBe(true);
  expect(cluster.run(50)).toBe(false);
  expect(cluster.count('propose', 'prepare', 'commit')).toBe(expectedMessages(sampleSizes(n, DEFAULT)));
  expect(cluster.count('new-leader', 'decided', 'fetch', 'exposed')).toBe(0);
  expect([...cluster.refusals.keys()].filter((reason) => reason !== 'stale-height')).toEqual([]);
});

test('votes go to the sample of their sender and nobody else, s of them with the sender itself', () => {
  const n = 8;
  const cluster = new Cluster(n, 'samples', SAMPLED);
  const sizes = sampleSizes(n, SAMPLED);
  expect(sizes).toEqual({ n, q: 3, s: 6 });
  cluster.propose(1, 'a');
  cluster.run(400);
  const set = probftChain(cluster.keys.set);
  for (const phase of ['prepare', 'commit'] as const) {
    for (let from = 0; from < n; from++) {
      const own = cluster.posted.filter(({ message, from: sender }) => message.kind === phase && sender === from);
      const first = own.find(({ message }) => 'view' in message && message.view === 1 && message.height === 1);
      if (first === undefined) continue;
      const { proof } = first.message as ProbftMessageOf<'prepare'>;
      const key = cluster.keys.vrf[from]?.publicKey as Uint8Array;
      const sample = verifySample(key, set, sizes, { height: 1, view: 1, phase }, proof) as ReadonlySet<number>;
      const others = [...sample].filter((to) => to !== from);
      expect(own.map(({ to }) => to).sort()).toEqual(others.sort());
    }
  }
});

test('a commit says that it is probabilistic, and its certificate verifies offline, for this payload and height alone', () => {
  const cluster = new Cluster(4, 'certificate', DEFAULT);
  cluster.propose(1, 'a');
  cluster.run(900, () => cluster.all('a'));
  const { set, vrf } = cluster.keys;
  const keys = vrf.map(({ publicKey }) => publicKey);
  for (const [commit] of cluster.commits) {
    if (commit === undefined) throw new Error('nothing committed');
    expect(commit.finality).toBe('probabilistic');
    const check = (changed: object) => verifyProbabilisticCommit(set, keys, DEFAULT, { ...commit, ...changed });
    expect(check({})).toMatchObject({ ok: true });
    expect(check({ height: 2 })).toMatchObject({ ok: false, reason: 'bad-signature' });
    expect(check({ payload: concatBytes(commit.payload, Uint8Array.of(0)) })).toMatchObject({ ok: false });
    expect(check({ certificate: commit.certificate.subarray(1) })).toMatchObject({ reason: 'malformed-certificate' });
    const otherKeys = [...keys.slice(1), keys[0] as Uint8Array];
    expect(verifyProbabilisticCommit(set, otherKeys, DEFAULT, commit)).toMatchObject({ reason: 'bad-sample' });
    expect(verifyProbabilisticCommit({ ...set, epoch: 1 }, keys, DEFAULT, commit)).toMatchObject({
      reason: 'wrong-epoch',
    });
  }
});

test('heights follow one another, each with its leader', () => {
  const cluster = new Cluster(4, 'heights', DEFAULT);
  for (const request of ['a', 'b', 'c', 'd']) {
    cluster.propose(cluster.commits[0]?.length ?? 0, request);
    expect(cluster.run(4000, () => cluster.all(request))).toBe(true);
  }
  expect(cluster.commits[0]?.length).toBeGreaterThanOrEqual(4);
});

test('a silent leader is passed over: a quorum of new-leaders gives the next one its say', () => {
  const cluster = new Cluster(7, 'silent', LOOSE);
  cluster.crash(1);
  cluster.propose(3, 'a');
  expect(cluster.run(20_000, () => cluster.all('a'))).toBe(true);
  expect(cluster.count('new-leader')).toBeGreaterThan(0);
});

test('what was prepared is what the next view decides, though its leader wants something else', () => {
  const cluster = new Cluster(7, 'locked', LOOSE);
  // All prepare the first proposal; no commit of that view gets through.
  cluster.tamper = ({ bytes, message }) => (message.kind === 'commit' && message.view === 1 ? null : bytes);
  cluster.propose(1, 'first');
  cluster.run(500);
  cluster.propose(2, 'second');
  expect(cluster.run(20_000, () => cluster.all('first'))).toBe(true);
  const payload = cluster.commits[0]?.[0]?.payload as Uint8Array;
  const proposal = cluster.posted.find(({ message }) => message.kind === 'propose' && message.view === 1)?.message;
  expect(equalBytes(payload, (proposal as ProbftMessageOf<'propose'>).payload)).toBe(true);
});

test('the most frequent value of the highest prepared view binds, the lowest digest where they are even', () => {
  const at = (preparedView: number, byte: number) => ({ preparedView, preparedDigest: new Uint8Array(32).fill(byte) });
  expect(choose([at(0, 0), at(0, 0)])).toBe(null);
  expect(choose([at(1, 9), at(1, 9), at(2, 5)])?.[0]).toBe(5);
  expect(choose([at(2, 5), at(2, 7), at(2, 7), at(1, 5)])?.[0]).toBe(7);
  expect(choose([at(2, 7), at(2, 5)])?.[0]).toBe(5);
});

test('a leader that signs two proposals for one view is exposed with evidence that verifies, and all go on to agree', () => {
  const cluster = new Cluster(7, 'two faces', LOOSE);
  equivocate(cluster);
  cluster.propose(1, 'a');
  expect(cluster.run(30_000, () => cluster.all('a'))).toBe(true);
  expect(cluster.evidence.length).toBeGreaterThan(0);
  const { chainId } = probftChain(cluster.keys.set);
  for (const wire of cluster.evidence) {
    const verdict = verifyEvidence(wire, cluster.keys.set.replicas[1]?.key as Uint8Array, chainId);
    expect(verdict).toMatchObject({ ok: true, value: { class: 'conflicting-proposals', accusedIndex: 1, view: 1 } });
  }
});

test.each([1, 2, 3])(
  'with a tenth of the messages lost all requests are agreed on, and nobody is accused, seed %i',
  (seed) => {
    const cluster = new Cluster(7, seed, LOOSE);
    cluster.loss = 0.1;
    for (let i = 0; i < 3; i++) cluster.propose(i, `request ${i}`);
    cluster.run(3000);
    cluster.loss = 0;
    expect(cluster.run(60_000, () => [0, 1, 2].every((i) => cluster.all(`request ${i}`)))).toBe(true);
    expect(cluster.evidence).toEqual([]);
  },
);

test('a crash at any moment never yields two votes of one replica for one view', () => {
  const cluster = new Cluster(7, 'crashes', LOOSE);
  for (let turn = 0; turn < 6; turn++) {
    cluster.propose(turn % 7, `request ${turn}`);
    cluster.run(7 * turn + 4);
    const one = (turn * 3 + 1) % 7;
    cluster.crash(one);
    cluster.run(400);
    cluster.boot(one);
    cluster.run(1500);
  }
  const voted = new Map<string, string>();
  for (const { from, message } of cluster.posted) {
    if (message.kind !== 'prepare' && message.kind !== 'commit' && message.kind !== 'propose') continue;
    const digest = toHex(message.kind === 'propose' ? sha3_256(message.payload) : message.digest);
    const name = `${from} ${message.height} ${message.view}`;
    expect(voted.get(name) ?? digest).toBe(digest);
    voted.set(name, digest);
  }
  expect(voted.size).toBeGreaterThan(7);
  expect(cluster.evidence).toEqual([]);
});

test('a replica that was away is given the decisions it missed', () => {
  const cluster = new Cluster(7, 'away', LOOSE);
  cluster.crash(6);
  for (const request of ['a', 'b', 'c']) {
    cluster.propose(0, request);
    cluster.run(20_000, () => cluster.all(request));
  }
  cluster.boot(6);
  cluster.propose(6, 'd');
  expect(cluster.run(60_000, () => cluster.all('d') && cluster.all('a'))).toBe(true);
});

test('what no correct replica sends is a counted reason, and costs its sender only', () => {
  const cluster = new Cluster(4, 'malformed', DEFAULT);
  cluster.tamper = () => null;
  cluster.propose(1, 'a');
  const propose = cluster.posted.find(({ message }) => message.kind === 'propose')
    ?.message as ProbftMessageOf<'propose'>;
  const prepare = cluster.posted.find(({ message }) => message.kind === 'prepare')
    ?.message as ProbftMessageOf<'prepare'>;
  const zero = new Uint8Array(64);
  const reasons = (from: number, message: ProbftMessage | Uint8Array): string[] => {
    cluster.refusals.clear();
    cluster.deliver(from, 0, message instanceof Uint8Array ? message : encodeProbftMessage(message));
    return [...cluster.refusals.keys()];
  };
  expect(reasons(1, Uint8Array.of(0xc1))).toEqual(['malformed']);
  expect(reasons(1, new Uint8Array(300).fill(0x91))).toEqual(['malformed']);
  expect(reasons(4, propose)).toEqual(['unknown-sender']);
  expect(reasons(2, propose)).toEqual(['not-leader']);
  expect(reasons(1, { ...propose, epoch: 3 })).toEqual(['wrong-epoch']);
  expect(reasons(1, { ...propose, height: 500 })).toEqual(['too-far-ahead']);
  expect(reasons(1, { ...propose, signature: zero })).toEqual(['bad-signature']);
  expect(reasons(1, { ...propose, justification: [{ replica: 0, body: zero, signature: zero }] })).toEqual([
    'unjustified-proposal',
  ]);
  expect(reasons(1, { ...prepare, leaderSignature: zero, digest: sha3_256(zero) })).toEqual(['bad-leader-signature']);
  expect(reasons(1, propose)).toEqual([]);
  expect(reasons(1, propose)).toEqual(['duplicate-proposal']);
  // A vote under another replica's name, and one whose proof is another's: known as such once they would count.
  expect(reasons(1, prepare)).toEqual([]);
  expect(reasons(1, prepare)).toEqual(['duplicate-vote']);
  expect(reasons(2, prepare)).toEqual([]);
  expect(reasons(3, prepare)).toEqual(['bad-signature']);
  expect(reasons(2, { kind: 'fetch', height: 9 })).toEqual(['unknown-height']);
  expect(reasons(2, { kind: 'decided', height: 1, payload: propose.payload, certificate: zero })).toEqual([
    'malformed-certificate',
  ]);
});

test('a vote whose sample does not hold the receiver does not count, and the others still do', () => {
  const n = 8;
  const few = { quorumFactor: 1, sampleFactor: 1 };
  const cluster = new Cluster(n, 'left out', few);
  const { keys } = cluster;
  const set = probftChain(keys.set);
  const sizes = sampleSizes(n, few);
  cluster.tamper = () => null;
  cluster.propose(1, 'a');
  const propose = cluster.posted.find(({ message }) => message.kind === 'propose')
    ?.message as ProbftMessageOf<'propose'>;
  const digest = sha3_256(propose.payload);
  const prepareOf = (from: number) => {
    const { secretKey, publicKey } = keys.vrf[from] as (typeof keys.vrf)[number];
    const place = { height: 1, view: 1, phase: 'prepare' } as const;
    const proof = proveSample(secretKey, set, place);
    const sample = verifySample(publicKey, set, sizes, place, proof) as ReadonlySet<number>;
    const signer = keys.signers[from] as (typeof keys.signers)[number];
    const signature = signStatement(signer, set.chainId, { epoch: 0, digest, attached: proof, ...place });
    const common = { epoch: 0, height: 1, view: 1, digest, leaderSignature: propose.signature, proof, signature };
    return { sample, bytes: encodeProbftMessage({ kind: 'prepare', ...common }) };
  };
  const votes = Array.from({ length: n }, (_, from) => ({ from, ...prepareOf(from) }));
  // The replica that the fewest others left out, so that the rest make its quorum.
  const heldBy = (to: number) => votes.filter(({ sample, from }) => from !== to && sample.has(to)).length;
  const to = votes.map(({ from }) => from).sort((a, b) => heldBy(b) - heldBy(a))[0] as number;
  expect(heldBy(to)).toBeGreaterThanOrEqual(sizes.q);
  cluster.deliver(1, to, encodeProbftMessage(propose));
  const leftOut = votes.filter(({ sample, from }) => from !== to && !sample.has(to));
  expect(leftOut.length).toBeGreaterThanOrEqual(sizes.q);
  for (const { from, bytes } of leftOut) cluster.deliver(from, to, bytes);
  expect(cluster.refusals.get('bad-sample')).toBeGreaterThan(0);
  expect(cluster.count('commit')).toBe(0);
  for (const { from, bytes, sample } of votes) if (from !== to && sample.has(to)) cluster.deliver(from, to, bytes);
  expect(cluster.count('commit')).toBeGreaterThan(0);
});

test('keys that are not the replica’s are CONSENSUS_WRONG_SIGNER', () => {
  const { set, signers, vrf } = keysFor(4);
  const publicKeys = vrf.map(({ publicKey }) => publicKey);
  const make = (signer: number, secret: number, keys = publicKeys) =>
    createProbft(
      {
        replicaSet: set,
        self: 0,
        signer: signers[signer] as (typeof signers)[number],
        vrf: { secretKey: vrf[secret]?.secretKey as Uint8Array, publicKeys: keys },
      },
      DEFAULT,
    );
  expect(make(0, 0).status.height).toBe(0);
  const wrong = expect.objectContaining({ code: 'CONSENSUS_WRONG_SIGNER' });
  expect(() => make(1, 0)).toThrow(wrong);
  expect(() => make(0, 1)).toThrow(wrong);
  expect(() => make(0, 0, publicKeys.slice(1))).toThrow(wrong);
});
