import { describe, expect, test } from 'vitest';
import type { Hotstuff2Message, Hotstuff2MessageOf } from '../../src/hotstuff2/messages.ts';
import type { EngineEffect } from '../../src/index.ts';
import type { SignedStatement } from '../../src/quorum/statement.ts';
import { Lone, reasons, sent } from './lone.ts';

const FIRST = { view: 0, height: 1 };

function answer(what: Partial<Hotstuff2MessageOf<'recalled'>> = {}): Hotstuff2MessageOf<'recalled'> {
  return { kind: 'recalled', proof: null, newest: null, lock: null, statements: [], ...what };
}

/** Replica 3 of 4, booted again with what is on its disk, and asking; Q - 1 = 2. */
function asking(lone = new Lone(4, 3)): Lone {
  lone.asks = true;
  lone.reboot();
  return lone;
}

function word(lone: Lone, phase: SignedStatement['phase'], place: { view: number; height: number }, fill: number) {
  const digest = lone.digest(fill);
  const signature = lone.signature(lone.self, phase, place, digest);
  return { replica: lone.self, epoch: 0, phase, ...place, digest, signature };
}

const SIGNED: readonly Hotstuff2Message['kind'][] = ['propose', 'vote', 'vote2', 'prepare'];
const votes = (effects: readonly EngineEffect[]) => SIGNED.flatMap((kind) => sent(effects, kind));
const duplicated = (effects: readonly EngineEffect[]) =>
  effects.flatMap((effect) => (effect.kind === 'duplicated' ? [effect.conflicting] : []));

describe('a replica that has just booted', () => {
  test('asks, again at each tick, and votes on nothing before Q - 1 have answered; then on what came meanwhile', () => {
    const lone = new Lone(4, 3);
    lone.asks = true;
    expect(sent(lone.reboot(), 'recall')).toHaveLength(1);
    expect(sent(lone.fire('hotstuff2-tick'), 'recall')).toHaveLength(1);
    expect(votes(lone.hear(0, lone.proposal(FIRST, 1)))).toEqual([]);
    expect(votes(lone.hear(1, answer()))).toEqual([]);
    expect(sent(lone.hear(2, answer()), 'vote')).toHaveLength(1);
    expect(sent(lone.fire('hotstuff2-tick'), 'recall')).toEqual([]);
  });

  test('decides meanwhile by what is proved', () => {
    const lone = asking();
    lone.hear(0, lone.decide(FIRST, 1));
    const effects = lone.hear(0, { kind: 'payload', height: 1, payload: lone.payload(1) });
    expect(effects.some(({ kind }) => kind === 'commit')).toBe(true);
  });

  test('takes over the highest lock that is shown to it, and votes for nothing below', () => {
    const lone = asking();
    const digest = lone.digest(1);
    const lock = { height: 1, digest, certificate: lone.certificate('prepare', FIRST, digest) };
    lone.hear(1, answer({ lock, proof: lone.proof(2) }));
    lone.hear(2, answer());
    lone.hear(1, { kind: 'enter', proof: lone.proof(4) });
    expect(reasons(lone.hear(0, lone.proposal({ view: 4, height: 1 }, 2)))).toEqual(['below-lock']);
  });
});

describe('what others hold of its key and its journal does not', () => {
  test.each(['pre-prepare', 'prepare', 'commit'] as const)('a %s silences it, and it says so once', (phase) => {
    const lone = asking();
    const statements = [word(lone, phase, FIRST, 1)];
    const effects = lone.hear(1, answer({ statements }));
    expect([duplicated(effects), reasons(effects)]).toEqual([[false], ['own-key-elsewhere']]);
    expect(duplicated(lone.hear(2, answer({ statements })))).toEqual([]);
    expect(votes(lone.hear(0, lone.proposal(FIRST, 1)))).toEqual([]);
    const decided = lone.hear(0, lone.decide(FIRST, 1));
    expect(decided.some(({ kind }) => kind === 'commit')).toBe(true);
  });

  test('its part in a certificate does, though its votes went to the leaders alone', () => {
    for (const phase of ['prepare', 'commit'] as const) {
      const lone = asking();
      const digest = lone.digest(1);
      const certified = { height: 1, digest, certificate: lone.certificate(phase, FIRST, digest, 4) };
      const effects = lone.hear(1, answer(phase === 'prepare' ? { lock: certified } : { newest: certified }));
      expect(duplicated(effects)).toEqual([false]);
      const without = asking();
      const three = { height: 1, digest, certificate: without.certificate(phase, FIRST, digest, 3) };
      expect(duplicated(without.hear(1, answer(phase === 'prepare' ? { lock: three } : { newest: three })))).toEqual(
        [],
      );
    }
  });

  test('what is in its journal does not, and another digest there contradicts it', () => {
    const lone = new Lone(4, 3);
    lone.hear(0, lone.proposal(FIRST, 1));
    asking(lone);
    expect(duplicated(lone.hear(1, answer({ statements: [word(lone, 'prepare', FIRST, 1)] })))).toEqual([]);
    expect(duplicated(lone.hear(2, answer({ statements: [word(lone, 'prepare', FIRST, 2)] })))).toEqual([true]);
    const unlocked = new Lone(4, 3);
    unlocked.hear(0, unlocked.proposal(FIRST, 1));
    asking(unlocked);
    expect(duplicated(unlocked.hear(1, answer({ statements: [word(unlocked, 'commit', FIRST, 1)] })))).toEqual([false]);
  });
});

describe('where others are beyond its journal, it may have voted too, and only the leader would know', () => {
  test('in a later view: it waits for the next one', () => {
    const lone = asking();
    for (const from of [1, 2]) lone.hear(from, answer({ proof: lone.proof(4) }));
    expect(lone.engine.status.view).toBe(4);
    expect(votes(lone.hear(0, lone.proposal({ view: 4, height: 1 }, 1)))).toEqual([]);
    expect(votes(lone.hear(1, lone.proposal({ view: 5, height: 1 }, 1)))).toHaveLength(1);
  });

  test('at a later height: it waits for the next one, and signs nothing below', () => {
    const lone = asking();
    const digest = lone.digest(1);
    const newest = { height: 1, digest, certificate: lone.certificate('commit', FIRST, digest) };
    for (const from of [1, 2]) lone.hear(from, answer({ newest }));
    expect(votes(lone.hear(0, lone.proposal(FIRST, 1)))).toEqual([]);
    lone.hear(0, lone.decide(FIRST, 1));
    lone.executed(1);
    const second = { view: 0, height: 2 };
    expect(votes(lone.hear(0, lone.proposal(second, 2)))).toEqual([]);
    lone.hear(0, lone.decide(second, 2));
    lone.executed(2);
    expect(votes(lone.hear(0, lone.proposal({ view: 0, height: 3 }, 3)))).toHaveLength(1);
  });

  test('a leader that is barred proposes nothing, and gives the view up after its timeout', () => {
    const lone = new Lone(4, 0);
    lone.asks = true;
    lone.reboot();
    lone.ask(7);
    for (const from of [1, 2]) lone.hear(from, answer({ proof: lone.proof(4) }));
    expect(votes(lone.fire('hotstuff2-delay'))).toEqual([]);
    expect(sent(lone.fire('hotstuff2-view'), 'timeout')).toHaveLength(1);
  });
});

describe('answers', () => {
  test('that are forged, of another replica or epoch, or come twice are refused and silence nobody', () => {
    const lone = asking();
    const own = word(lone, 'prepare', FIRST, 1);
    const refusal = (statement: SignedStatement) => reasons(lone.hear(1, answer({ statements: [statement] })));
    expect(refusal({ ...own, signature: new Uint8Array(64) })).toEqual(['bad-signature']);
    expect(refusal({ ...own, replica: 2 })).toEqual(['no-recall']);
    expect(refusal({ ...own, epoch: 1 })).toEqual(['no-recall']);
    const digest = lone.digest(1);
    const short = { height: 1, digest, certificate: lone.certificate('commit', FIRST, digest, 2) };
    expect(reasons(lone.hear(1, answer({ newest: short })))).toEqual(['bad-certificate']);
    const few = lone.certificate('view-change', { view: 1, height: 0 }, new Uint8Array(32), 2);
    expect(reasons(lone.hear(1, answer({ proof: { ...lone.proof(2), certificate: few } })))).toEqual([
      'bad-certificate',
    ]);
    expect(reasons(lone.hear(1, answer()))).toEqual([]);
    expect(reasons(lone.hear(1, answer()))).toEqual(['unasked-recall']);
    expect(sent(lone.fire('hotstuff2-tick'), 'recall')).toHaveLength(1);
  });

  test('carry the votes that a leader holds, and of a leader its proposals, with the lock and the newest decision', () => {
    const leader = new Lone(4, 0);
    leader.ask(1);
    leader.hear(3, leader.vote(3, 'vote', FIRST, 9));
    const [held] = sent(leader.hear(3, { kind: 'recall' }), 'recalled');
    expect(held?.statements).toMatchObject([{ replica: 3, phase: 'prepare', view: 0, height: 1 }]);
    const follower = new Lone(4, 2);
    follower.hear(0, follower.proposal(FIRST, 1));
    follower.reboot();
    const [remembered] = sent(follower.hear(0, { kind: 'recall' }), 'recalled');
    expect(remembered?.statements).toMatchObject([{ replica: 0, phase: 'pre-prepare', view: 0, height: 1 }]);
    follower.hear(0, follower.proposal(FIRST, 1));
    follower.hear(0, follower.prepare(FIRST, 1));
    const [seen] = sent(follower.hear(0, { kind: 'recall' }), 'recalled');
    expect(seen?.statements.every(({ phase, height }) => phase === 'pre-prepare' && height === 1)).toBe(true);
    expect(seen?.lock?.height).toBe(1);
    follower.hear(0, follower.decide(FIRST, 1));
    const [later] = sent(follower.hear(0, { kind: 'recall' }), 'recalled');
    expect(later).toMatchObject({ newest: { height: 1 }, lock: null, statements: [{ phase: 'pre-prepare' }] });
  });
});
