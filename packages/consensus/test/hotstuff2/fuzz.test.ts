import { seededRandom } from '@murmuration/core';
import { describe, expect, test } from 'vitest';
import { encodeHotstuff2Message, HOTSTUFF2_KINDS, type Hotstuff2Message } from '../../src/hotstuff2/messages.ts';
import type { EngineEffect } from '../../src/index.ts';
import { Lone, reasons, sent } from './lone.ts';

const FIRST = { view: 0, height: 1 };
const LATER = { view: 2, height: 1 };

/** One valid message of each kind, as replicas of four say them. */
function samples(lone: Lone): Hotstuff2Message[] {
  const digest = lone.digest(1);
  const signature = lone.signature(0, 'pre-prepare', FIRST, digest);
  const seen = { view: 0, digest, signature };
  const certificate = lone.certificate('prepare', FIRST, digest);
  const statement = { replica: 0, epoch: 0, phase: 'pre-prepare', ...FIRST } as const;
  const other = {
    ...statement,
    digest: lone.digest(2),
    signature: lone.signature(0, 'pre-prepare', FIRST, lone.digest(2)),
  };
  const committed = lone.certificate('commit', FIRST, digest);
  return [
    lone.proposal(LATER, 1, certificate),
    lone.vote(1, 'vote', FIRST, 1),
    lone.prepare(FIRST, 1),
    lone.vote(1, 'vote2', FIRST, 1),
    lone.decide(FIRST, 1),
    { ...lone.timeout(1, FIRST), seen },
    { kind: 'new-view', epoch: 0, ...LATER, proof: lone.proof(2), lock: { digest, certificate } },
    { kind: 'status', ...FIRST },
    { kind: 'fetch', height: 1 },
    { kind: 'fetch-payload', height: 1, digest },
    { kind: 'payload', height: 1, payload: lone.payload(1) },
    { kind: 'block', height: 1, payload: lone.payload(1), certificate: committed, seen },
    { kind: 'requests', again: true, requests: [Uint8Array.of(1), Uint8Array.of(2)] },
    { kind: 'enter', proof: lone.proof(2) },
    { kind: 'exposed', first: { ...statement, digest, signature }, second: other },
    { kind: 'recall' },
    {
      kind: 'recalled',
      proof: lone.proof(2),
      newest: { height: 1, digest, certificate: committed },
      lock: { height: 1, digest, certificate },
      statements: [
        { ...statement, replica: 3, phase: 'prepare', digest, signature: lone.signature(3, 'prepare', FIRST, digest) },
      ],
    },
  ];
}

const MESSAGES = samples(new Lone(4, 3));
const KINDS = MESSAGES.map(({ kind }) => kind);

function damage(random: ReturnType<typeof seededRandom>, bytes: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  const bad = bytes.slice();
  const how = random.below(4);
  if (how === 0) bad[random.below(Math.min(bad.length, 48))] = random.below(256);
  else if (how === 1) return bad.slice(0, random.below(bad.length));
  else if (how === 2) bad[random.below(bad.length)] = random.below(256);
  else {
    const other = others[random.below(others.length)] as Uint8Array;
    bad.set(other.subarray(0, Math.min(other.length, bad.length >> 1)), bad.length >> 1);
  }
  return bad;
}

describe('bytes that a malicious replica chose', () => {
  test('there is a sample of each kind, and each is understood', () => {
    expect([...new Set(KINDS)].sort()).toEqual([...HOTSTUFF2_KINDS].sort());
    for (const message of MESSAGES) {
      const refusals = reasons(new Lone(4, 3).hear(1, message));
      expect(refusals).not.toContain('malformed');
      expect(refusals).not.toContain('wrong-shape');
    }
  });

  test.each(KINDS)('%s: damaged copies are refused with a reason, never thrown, and accuse nobody', (kind) => {
    const random = seededRandom(`hotstuff2 fuzz ${kind}`);
    const encoded = MESSAGES.map(encodeHotstuff2Message);
    const bytes = encoded[KINDS.indexOf(kind)] as Uint8Array;
    const refusals: string[] = [];
    for (const self of [0, 3]) {
      const lone = new Lone(4, self);
      lone.ask(9);
      const effects: EngineEffect[] = [];
      for (let i = 0; i < 300; i++) {
        effects.push(...lone.hear((self + 1 + random.below(3)) % 4, damage(random, bytes, encoded)));
        if (i % 20 === 19) effects.push(...lone.fire('hotstuff2-tick'));
      }
      refusals.push(...reasons(effects));
      expect(effects.filter(({ kind: done }) => done === 'evidence')).toEqual([]);
      // Damage beside what is certified, or none at all, leaves a block that is certified.
      const commits = effects.flatMap((effect) => (effect.kind === 'commit' ? [effect.commit.payload] : []));
      expect(commits).toEqual(commits.length === 0 ? [] : [lone.payload(1)]);
      const { view } = lone.engine.status;
      expect(view === 0 || view === 2).toBe(true);
    }
    expect(refusals.length).toBeGreaterThan(200);
    for (const reason of refusals) expect(reason).toMatch(/^[a-z][a-z0-9-]*$/);
  });
});

describe('a flood is bounded', () => {
  test('who brings too many bad signatures is muted until the next tick, and heard again after it', () => {
    const lone = new Lone(4, 3);
    const bad = { ...lone.proposal(FIRST, 1), signature: new Uint8Array(64) };
    const all: string[] = [];
    for (let i = 0; i < 60; i++) all.push(...reasons(lone.hear(0, bad)));
    expect(all.filter((reason) => reason === 'bad-signature')).toHaveLength(32);
    expect(all.at(-1)).toBe('muted');
    lone.fire('hotstuff2-tick');
    expect(sent(lone.hear(0, lone.proposal(FIRST, 1)), 'vote')).toHaveLength(1);
  });

  test('what comes too early is kept for 8 messages of each replica, and answers are counted', () => {
    const lone = new Lone(4, 3);
    const effects: EngineEffect[] = [];
    for (let height = 3; height < 53; height++) effects.push(...lone.hear(0, lone.proposal({ view: 0, height }, 1)));
    expect(reasons(effects).filter((reason) => reason === 'later-full')).toHaveLength(42);
    expect(sent(effects, 'fetch')).toHaveLength(16);
  });

  test('journal and answers stay bounded whatever is signed for whichever place', () => {
    const lone = new Lone(4, 3);
    const random = seededRandom('hotstuff2 flood');
    const effects: EngineEffect[] = [];
    for (let i = 0; i < 2000; i++) {
      const place = { view: random.below(50), height: 1 + random.below(50) };
      const from = random.below(3);
      effects.push(...lone.hear(from, lone.timeout(from, { view: place.view + 1000, height: place.height })));
      effects.push(...lone.hear(from, lone.vote(from, 'vote', place, random.below(200))));
      if (from === lone.leader(place)) {
        effects.push(...lone.hear(from, { ...lone.proposal({ ...place, view: 0 }, random.below(200)), proof: null }));
      }
    }
    expect(lone.journal.size).toBeLessThanOrEqual(8);
    expect(sent(effects, 'block')).toEqual([]);
    expect(sent(effects, 'fetch').length).toBeLessThanOrEqual(3 * 16);
  });

  test('requests of one replica fill its share of the pool and no other', () => {
    const lone = new Lone(4, 3, { maxPoolRequests: 10 });
    const request = (from: number, i: number) =>
      lone.hear(from, { kind: 'requests', again: false, requests: [Uint8Array.of(from, i)] });
    for (let i = 0; i < 50; i++) request(1, i);
    expect(lone.engine.status.pending).toBe(10);
    request(2, 1);
    expect(lone.engine.status.pending).toBe(11);
  });
});
