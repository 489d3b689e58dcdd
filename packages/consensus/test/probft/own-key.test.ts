import { utf8 } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { describe, expect, test } from 'vitest';
import { probftChain } from '../../src/probft/certificates.ts';
import { encodeProbftMessage, type ProbftMessage, type ProbftMessageOf } from '../../src/probft/messages.ts';
import { signStatement } from '../../src/quorum/statement.ts';
import { Cluster } from './cluster.ts';

const LOOSE = { quorumFactor: 1.5, sampleFactor: 2 };
const SELF = 2;
const SIGNED = ['propose', 'prepare', 'commit', 'new-leader'];

/** Four replicas that have decided some heights; replica 2 is down, with the copy of its disk from before them. */
function away(heights: number): { cluster: Cluster; old: Map<string, Uint8Array> } {
  const cluster = new Cluster(4, `away ${heights}`, LOOSE);
  const old = new Map(cluster.stores[SELF]);
  for (let i = 0; i < heights; i++) {
    cluster.propose(i % 4, `request ${i}`);
    expect(cluster.run(10_000, () => cluster.all(`request ${i}`))).toBe(true);
  }
  cluster.run(100);
  cluster.crash(SELF);
  cluster.asks = true;
  return { cluster, old };
}

function sentBySelf(cluster: Cluster, since: number): readonly ProbftMessage['kind'][] {
  return cluster.posted
    .slice(since)
    .filter(({ from }) => from === SELF)
    .map(({ message }) => message.kind);
}

function word(cluster: Cluster, phase: 'pre-prepare' | 'view-change', height: number, view: number, fill = 7) {
  const { set, signers } = cluster.keys;
  const statement = { epoch: 0, phase, view, height, digest: new Uint8Array(32).fill(fill) };
  const signer = signers[SELF] as (typeof signers)[number];
  const signature = signStatement(signer, probftChain(set).chainId, statement);
  return { statement: { replica: SELF, ...statement, signature }, attached: new Uint8Array(0) };
}

function answer(what: Partial<ProbftMessageOf<'recalled'>> = {}): Uint8Array {
  return encodeProbftMessage({ kind: 'recalled', newest: null, words: [], ...what });
}

/** Replica 2 alone, booted and asking: everything that it sends is lost. */
function asking(): Cluster {
  const cluster = new Cluster(4, 'asking', LOOSE);
  cluster.crash(SELF);
  cluster.tamper = () => null;
  cluster.asks = true;
  cluster.boot(SELF);
  return cluster;
}

describe('a replica that has just booted', () => {
  test('asks again and again, and signs nothing before a deterministic quorum but one has answered', () => {
    const cluster = asking();
    cluster.propose(1, 'a');
    const [proposal] = cluster.posted.filter(({ message }) => message.kind === 'propose');
    cluster.deliver(1, SELF, (proposal as (typeof cluster.posted)[number]).bytes);
    cluster.run(900);
    expect(sentBySelf(cluster, 0).filter((kind) => kind === 'recall').length).toBeGreaterThan(6);
    cluster.deliver(1, SELF, answer());
    expect(sentBySelf(cluster, 0).filter((kind) => SIGNED.includes(kind))).toEqual([]);
    cluster.deliver(3, SELF, answer());
    expect(sentBySelf(cluster, 0)).toContain('prepare');
  });

  test('goes on where its disk is its own: what it said is known to it', () => {
    const { cluster } = away(3);
    cluster.boot(SELF);
    cluster.propose(SELF, 'more');
    expect(cluster.run(30_000, () => cluster.all('more'))).toBe(true);
    expect(cluster.refusals.has('own-key-elsewhere')).toBe(false);
  });

  test('with an old copy of its disk finds its later votes, falls silent, and learns what the others decide', () => {
    for (const heights of [1, 3]) {
      const { cluster, old } = away(heights);
      cluster.stores[SELF] = old;
      (cluster.commits[SELF] as unknown[]).length = 0;
      const before = cluster.posted.length;
      cluster.boot(SELF);
      cluster.propose(SELF, 'more');
      expect(cluster.run(60_000, () => cluster.all('more'))).toBe(true);
      expect(cluster.refusals.get('own-key-elsewhere')).toBeGreaterThan(0);
      expect(sentBySelf(cluster, before).filter((kind) => SIGNED.includes(kind))).toEqual([]);
      expect(cluster.evidence).toEqual([]);
    }
  });

  test('keeps the words of a height that its host has lost, and says nothing below it', () => {
    const cluster = new Cluster(4, 'host behind', LOOSE);
    cluster.propose(0, 'a');
    cluster.run(10_000, () => cluster.all('a'));
    cluster.run(100);
    const record = cluster.stores[SELF]?.get('probft') as Uint8Array;
    cluster.crash(SELF);
    for (const key of cluster.stores[SELF]?.keys() ?? []) if (key !== 'probft') cluster.stores[SELF]?.delete(key);
    (cluster.commits[SELF] as unknown[]).length = 0;
    cluster.tamper = () => null;
    const before = cluster.posted.length;
    cluster.boot(SELF);
    const [proposal] = cluster.posted.filter(({ to, message }) => message.kind === 'propose' && to === SELF);
    cluster.deliver(1, SELF, (proposal as (typeof cluster.posted)[number]).bytes);
    cluster.run(20_000);
    expect(sentBySelf(cluster, before).filter((kind) => SIGNED.includes(kind))).toEqual([]);
    expect(cluster.stores[SELF]?.get('probft')).toEqual(record);
  });
});

describe('answers', () => {
  test('are given once in a while, however often somebody asks', () => {
    const cluster = new Cluster(4, 'asked', LOOSE);
    const ask = () => cluster.deliver(1, SELF, encodeProbftMessage({ kind: 'recall' }));
    for (let i = 0; i < 9; i++) ask();
    expect(sentBySelf(cluster, 0)).toEqual(['recalled']);
    expect(cluster.refusals.get('asks-too-often')).toBe(8);
    cluster.nowMs += 1000;
    ask();
    expect(sentBySelf(cluster, 0)).toEqual(['recalled', 'recalled']);
  });

  test('with a word that the journal does not know silence it; a later one does so still', () => {
    for (const late of [false, true]) {
      const cluster = asking();
      if (late) for (const from of [0, 1]) cluster.deliver(from, SELF, answer());
      cluster.deliver(3, SELF, answer({ words: [word(cluster, 'view-change', 1, 2)] }));
      expect(cluster.refusals.get('own-key-elsewhere')).toBe(1);
      cluster.deliver(0, SELF, answer());
      const before = cluster.posted.length;
      cluster.propose(SELF, 'a');
      cluster.run(20_000);
      expect(sentBySelf(cluster, before).filter((kind) => SIGNED.includes(kind))).toEqual([]);
    }
  });

  test('that are forged, of another replica or epoch, unproved, or come twice are refused and silence nobody', () => {
    const cluster = asking();
    const reason = (bytes: Uint8Array) => {
      cluster.refusals.clear();
      cluster.deliver(1, SELF, bytes);
      return [...cluster.refusals.keys()];
    };
    const own = word(cluster, 'pre-prepare', 1, 2);
    const changed = (statement: object) => ({ ...own, statement: { ...own.statement, ...statement } });
    expect(reason(answer({ words: [changed({ signature: new Uint8Array(64) })] }))).toEqual(['bad-signature']);
    expect(reason(answer({ words: [{ ...own, attached: utf8('x') }] }))).toEqual(['bad-signature']);
    expect(reason(answer({ words: [changed({ replica: 0 })] }))).toEqual(['no-recall']);
    expect(reason(answer({ words: [changed({ epoch: 1 })] }))).toEqual(['no-recall']);
    const newest = { height: 9, digest: sha3_256(utf8('x')), certificate: new Uint8Array(8) };
    expect(reason(answer({ newest }))).toEqual(['bad-certificate']);
    expect(reason(answer())).toEqual([]);
    expect(reason(answer())).toEqual(['unasked-recall']);
  });
});
