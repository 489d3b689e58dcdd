import { describe, expect, test } from 'vitest';
import { accusedOf, hotstuff2Chain, readEvidence, verifyHotstuff2Commit } from '../../src/index.ts';
import { distort } from '../../src/liars/liar.ts';
import { Lone, reasons, sent } from './lone.ts';

const FIRST = { view: 0, height: 1 };
const LATER = { view: 2, height: 1 };

/** Replica 3 of 4, which leads none of the views here unless said so. */
function follower(): Lone {
  return new Lone(4, 3);
}

/** Locked on block 1 by the certificate of view 0, and then in view 2. */
function locked(): Lone {
  const lone = follower();
  lone.hear(0, lone.proposal(FIRST, 1));
  lone.hear(0, lone.prepare(FIRST, 1));
  lone.hear(1, { kind: 'enter', proof: lone.proof(2) });
  expect(lone.engine.status.view).toBe(2);
  return lone;
}

describe('Propose, vote: "vote iff the certificate is ranked no lower than the own lock"', () => {
  test('without a lock the first proposal of a view gets one vote, sent to its leader once it is durable', () => {
    const lone = follower();
    const effects = lone.hear(0, lone.proposal(FIRST, 1));
    expect(sent(effects, 'vote')).toHaveLength(1);
    const order = effects.map(({ kind }) => kind).filter((kind) => kind === 'persist' || kind === 'send');
    expect(order).toEqual(['persist', 'persist', 'send']);
    expect(effects.find(({ kind }) => kind === 'send')).toMatchObject({ to: 0 });
  });

  test('a second proposal of the view gets none, and convicts the leader', () => {
    const lone = follower();
    lone.hear(0, lone.proposal(FIRST, 1));
    const effects = lone.hear(0, lone.proposal(FIRST, 2));
    expect(sent(effects, 'vote')).toEqual([]);
    expect(reasons(effects)).toContain('conflicting-proposal');
    const [evidence] = effects.flatMap((effect) => (effect.kind === 'evidence' ? [effect.evidence] : []));
    const read = readEvidence(evidence as Uint8Array);
    expect(read.ok && accusedOf(read.value)).toEqual({ replica: 0, epoch: 0 });
    expect(sent(effects, 'exposed')).toHaveLength(1);
    expect(sent(effects, 'timeout')).toHaveLength(1);
  });

  test('a locked replica votes for what is justified at its lock or above, and for nothing else', () => {
    const unjustified = locked();
    expect(reasons(unjustified.hear(2, unjustified.proposal(LATER, 2)))).toEqual(['below-lock']);
    const same = locked();
    const justify = same.certificate('prepare', FIRST, same.digest(1));
    expect(sent(same.hear(2, same.proposal(LATER, 1, justify)), 'vote')).toHaveLength(1);
    const higher = locked();
    const newer = higher.certificate('prepare', { view: 1, height: 1 }, higher.digest(2));
    expect(sent(higher.hear(2, higher.proposal(LATER, 2, newer)), 'vote')).toHaveLength(1);
  });

  test('a justification of another block, of too few, or not of an earlier view is none', () => {
    for (const justify of [
      (lone: Lone) => lone.certificate('prepare', FIRST, lone.digest(1)),
      (lone: Lone) => lone.certificate('prepare', { view: 1, height: 1 }, lone.digest(2), 2),
      (lone: Lone) => lone.certificate('prepare', LATER, lone.digest(2)),
      (lone: Lone) => lone.certificate('commit', { view: 1, height: 1 }, lone.digest(2)),
    ]) {
      const lone = locked();
      const effects = lone.hear(2, lone.proposal(LATER, 2, justify(lone)));
      expect([reasons(effects), sent(effects, 'vote')]).toEqual([['bad-justification'], []]);
    }
  });

  test('nobody votes for a proposal of a replica that does not lead, of a view without proof, or signed by another', () => {
    const lone = follower();
    expect(reasons(lone.hear(1, lone.proposal(FIRST, 1)))).toEqual(['not-leader']);
    expect(reasons(lone.hear(2, { ...lone.proposal(LATER, 1), proof: null }))).toEqual(['unproved-view']);
    const short = {
      ...lone.proof(2),
      certificate: lone.certificate('view-change', { view: 1, height: 0 }, new Uint8Array(32), 2),
    };
    expect(reasons(lone.hear(2, { ...lone.proposal(LATER, 1), proof: short }))).toEqual(['unproved-view']);
    const { signature } = lone.proposal(LATER, 1);
    expect(reasons(lone.hear(0, { ...lone.proposal(FIRST, 1), signature }))).toEqual(['bad-signature']);
    expect(sent(lone.hear(0, lone.proposal(FIRST, 1)), 'vote')).toHaveLength(1);
  });
});

describe('Prepare, vote2: "upon receiving a certificate, update the lock to it and send vote2"', () => {
  test('the lock is durable before the second vote leaves, and a restarted replica still has it', () => {
    const lone = follower();
    lone.hear(0, lone.proposal(FIRST, 1));
    const effects = lone.hear(0, lone.prepare(FIRST, 1));
    expect(sent(effects, 'vote2')).toHaveLength(1);
    expect(effects[0]?.kind).toBe('persist');
    lone.reboot();
    lone.hear(1, { kind: 'enter', proof: lone.proof(2) });
    expect(reasons(lone.hear(2, lone.proposal(LATER, 2)))).toEqual(['below-lock']);
  });

  test('who voted for another block in this view locks on the certificate, and does not vote for it', () => {
    const lone = follower();
    lone.hear(0, lone.proposal(FIRST, 1));
    expect(sent(lone.hear(0, lone.prepare(FIRST, 2)), 'vote2')).toEqual([]);
    const entered = lone.hear(1, { kind: 'enter', proof: lone.proof(1) });
    expect(sent(entered, 'new-view')[0]?.lock?.digest).toEqual(lone.digest(2));
  });

  test('a restarted replica votes for no second block in the view that it voted in', () => {
    const lone = follower();
    lone.hear(0, lone.proposal(FIRST, 1));
    lone.reboot();
    expect(sent(lone.hear(0, lone.proposal(FIRST, 2)), 'vote')).toEqual([]);
    lone.reboot();
    expect(sent(lone.hear(0, lone.proposal(FIRST, 1)), 'vote')).toHaveLength(1);
  });

  test('a certificate of too few, or whose leader did not sign its block, is refused', () => {
    const lone = follower();
    const certificate = lone.certificate('prepare', FIRST, lone.digest(1), 2);
    expect(reasons(lone.hear(0, { ...lone.prepare(FIRST, 1), certificate }))).toEqual(['bad-certificate']);
    const { signature } = lone.prepare(FIRST, 2);
    expect(reasons(lone.hear(0, { ...lone.prepare(FIRST, 1), signature }))).toEqual(['bad-signature']);
  });
});

describe('Commit: "a double certificate commits the block"', () => {
  test('one certificate does not commit, two do, and the commit verifies offline', () => {
    const lone = new Lone(4, 3, {}, 'real');
    lone.hear(0, lone.proposal(FIRST, 1));
    expect(lone.hear(0, lone.prepare(FIRST, 1)).some(({ kind }) => kind === 'commit')).toBe(false);
    const effects = lone.hear(0, lone.decide(FIRST, 1));
    const commit = effects.flatMap((effect) => (effect.kind === 'commit' ? [effect.commit] : []))[0];
    if (commit === undefined) throw new Error('nothing was committed');
    expect(commit).toMatchObject({ height: 1, finality: 'deterministic' });
    const { set, bls } = lone.keys;
    expect(verifyHotstuff2Commit(set, bls, commit).ok).toBe(true);
    expect(verifyHotstuff2Commit({ ...set, epoch: 1 }, bls, commit)).toMatchObject({ reason: 'wrong-epoch' });
    expect(verifyHotstuff2Commit(hotstuff2Chain(set), bls, commit)).toMatchObject({ reason: 'bad-signature' });
  });

  test('votes of the first phase are no double certificate', () => {
    const lone = follower();
    lone.hear(0, lone.proposal(FIRST, 1));
    const certificate = lone.certificate('prepare', FIRST, lone.digest(1));
    expect(reasons(lone.hear(0, { ...lone.decide(FIRST, 1), certificate }))).toEqual(['bad-certificate']);
  });

  test('a decision whose payload is missing is fetched, and nothing is voted for meanwhile', () => {
    const lone = follower();
    const effects = lone.hear(0, lone.decide(FIRST, 1));
    expect(sent(effects, 'fetch-payload')).toHaveLength(1);
    expect(sent(lone.hear(0, lone.proposal(FIRST, 2)), 'vote')).toEqual([]);
    expect(reasons(lone.hear(1, { kind: 'payload', height: 1, payload: lone.payload(3) }))).toEqual([
      'unwanted-payload',
    ]);
    const fetched = lone.hear(1, { kind: 'payload', height: 1, payload: lone.payload(1) });
    expect(fetched.some(({ kind }) => kind === 'commit')).toBe(true);
  });

  test('a height is voted on only once the block before it is executed', () => {
    const lone = follower();
    lone.hear(0, lone.proposal(FIRST, 1));
    lone.hear(0, lone.decide(FIRST, 1));
    expect(sent(lone.hear(0, lone.proposal({ view: 0, height: 2 }, 2)), 'vote')).toEqual([]);
    expect(sent(lone.executed(1), 'vote')).toHaveLength(1);
  });
});

describe('Enter: "the leader with the certificate of v - 1 proposes at once, else it waits Δ for locks"', () => {
  /** Replica 1 of 4, which leads view 1. */
  function leader(): Lone {
    const lone = new Lone(4, 1);
    lone.ask(7);
    return lone;
  }

  test('with it, at once, the block that it certifies', () => {
    const lone = leader();
    lone.hear(0, lone.proposal(FIRST, 1));
    lone.hear(0, lone.prepare(FIRST, 1));
    const [proposal] = sent(lone.hear(2, { kind: 'enter', proof: lone.proof(1) }), 'propose');
    expect(proposal?.payload).toEqual(lone.payload(1));
    expect(proposal?.justify?.view).toBe(0);
  });

  test('without it, after Δ, what it has', () => {
    const lone = leader();
    const entered = lone.hear(2, { kind: 'enter', proof: lone.proof(1) });
    expect(sent(entered, 'propose')).toEqual([]);
    expect(entered).toContainEqual({ kind: 'setTimer', id: 'hotstuff2-delay', delayMs: 250 });
    expect(sent(lone.fire('hotstuff2-delay'), 'propose')).toHaveLength(1);
  });

  test('as soon as it has heard everybody, the highest of their locks', () => {
    const lone = new Lone(4, 2);
    lone.ask(7);
    lone.hear(1, { kind: 'enter', proof: lone.proof(2) });
    const told = (from: number, view: number, fill: number) => {
      const lock = {
        digest: lone.digest(fill),
        certificate: lone.certificate('prepare', { view, height: 1 }, lone.digest(fill)),
      };
      return lone.hear(from, { kind: 'new-view', epoch: 0, height: 1, view: 2, proof: null, lock });
    };
    // The certificate of view 1 is that of v - 1: no need to wait for more, only for its payload.
    expect(sent(told(0, 0, 5), 'propose')).toEqual([]);
    expect(sent(told(3, 1, 6), 'fetch-payload')).toHaveLength(1);
    const [proposal] = sent(lone.hear(3, { kind: 'payload', height: 1, payload: lone.payload(6) }), 'propose');
    expect(proposal).toMatchObject({ payload: lone.payload(6), justify: { view: 1 } });
  });

  test('the leader of a view in which Q decided the height before proposes at once; of a later one it waits', () => {
    // Replica 1 leads height 2 in views 3 and 7.
    for (const [current, proposals] of [
      [3, 1],
      [7, 0],
    ] as const) {
      const lone = new Lone(4, 1, { heightsPerLeader: 1 });
      const place = { view: 3, height: 1 };
      lone.hear(0, lone.proposal(place, 1));
      lone.hear(0, lone.prepare(place, 1));
      lone.ask(9);
      if (current > 3) lone.hear(2, { kind: 'enter', proof: lone.proof(current) });
      lone.hear(0, lone.decide(place, 1));
      const effects = lone.executed(1);
      expect(sent(effects, 'propose')).toHaveLength(proposals);
      expect(sent(lone.fire('hotstuff2-delay'), 'propose')).toHaveLength(1 - proposals);
    }
  });
});

describe('the pacemaker', () => {
  test('f + 1 that give up a view take a replica along, f do not', () => {
    const lone = new Lone(7, 6);
    lone.ask(1);
    expect(sent(lone.hear(1, lone.timeout(1, FIRST)), 'timeout')).toEqual([]);
    expect(sent(lone.hear(2, lone.timeout(2, FIRST)), 'timeout')).toEqual([]);
    expect(sent(lone.hear(3, lone.timeout(3, FIRST)), 'timeout')).toHaveLength(1);
  });

  test('Q that give up a view enter the next together, and tell its leader their locks', () => {
    const lone = follower();
    lone.hear(1, lone.timeout(1, FIRST));
    const effects = lone.hear(2, lone.timeout(2, FIRST));
    expect(lone.engine.status.view).toBe(1);
    expect(sent(effects, 'new-view')).toHaveLength(1);
    expect(effects.find((effect) => effect.kind === 'send' && effect.to === 1)).toBeDefined();
  });

  test('a bad share in a quorum is found out, and its sender counts no more', () => {
    const lone = new Lone(7, 6);
    lone.ask(1);
    for (const from of [1, 2, 3]) lone.hear(from, lone.timeout(from, FIRST));
    const bad = lone.timeout(4, FIRST);
    expect(reasons(lone.hear(4, { ...bad, share: distort(bad.share) }))).toEqual(['bad-share']);
    expect(lone.engine.status.view).toBe(0);
    lone.hear(5, lone.timeout(5, FIRST));
    expect(lone.engine.status.view).toBe(1);
  });

  test('the timeout doubles with each view that fails, and a replica left behind is shown the way', () => {
    const lone = follower();
    const delays: number[] = [];
    const note = (effects: ReturnType<Lone['ask']>) => {
      for (const effect of effects) {
        if (effect.kind === 'setTimer' && effect.id === 'hotstuff2-view') delays.push(effect.delayMs);
      }
    };
    note(lone.ask(1));
    for (let view = 0; view < 4; view++) {
      note(lone.fire('hotstuff2-view'));
      note(lone.hear(1, lone.timeout(1, { view, height: 1 })));
      note(lone.hear(2, lone.timeout(2, { view, height: 1 })));
    }
    expect(delays).toEqual([1000, 1000, 2000, 4000, 8000]);
    const shown = sent(lone.hear(1, lone.timeout(1, FIRST)), 'enter')[0];
    const other = new Lone(4, 0);
    other.hear(3, shown as NonNullable<typeof shown>);
    expect(other.engine.status.view).toBe(4);
  });
});

describe('the leader adds shares up and checks the sum', () => {
  function leader(n: number): Lone {
    const lone = new Lone(n, 0);
    lone.ask(1);
    lone.checks.length = 0;
    return lone;
  }
  const fill = 1;

  test('one check for a quorum of good shares', () => {
    const lone = leader(7);
    for (const from of [1, 2, 3]) lone.hear(from, lone.vote(from, 'vote', FIRST, fill));
    expect(lone.checks).toEqual([]);
    const effects = lone.hear(4, lone.vote(4, 'vote', FIRST, fill));
    expect(lone.checks).toEqual([5]);
    expect(sent(effects, 'prepare')).toHaveLength(1);
  });

  test('a bad share is searched for only where the sum fails; its sender is struck, and checked singly from then on', () => {
    const lone = leader(7);
    const bad = lone.vote(2, 'vote', FIRST, fill);
    lone.hear(2, { ...bad, share: distort(bad.share) });
    for (const from of [1, 3]) lone.hear(from, lone.vote(from, 'vote', FIRST, fill));
    const effects = lone.hear(4, lone.vote(4, 'vote', FIRST, fill));
    expect(effects).toContainEqual({ kind: 'refused', from: 2, reason: 'bad-share' });
    expect(lone.checks).toEqual([5, 1, 1, 1, 1]);
    lone.checks.length = 0;
    expect(sent(lone.hear(5, lone.vote(5, 'vote', FIRST, fill)), 'prepare')).toHaveLength(1);
    expect(lone.checks).toEqual([5]);
    lone.checks.length = 0;
    const worse = lone.vote(2, 'vote2', FIRST, fill);
    expect(reasons(lone.hear(2, { ...worse, share: distort(worse.share) }))).toContain('bad-share');
    expect(lone.checks).toEqual([1]);
  });

  test('two votes of one replica in one view are evidence, in one phase and across both', () => {
    for (const second of ['vote', 'vote2'] as const) {
      const lone = leader(7);
      lone.hear(3, lone.vote(3, 'vote', FIRST, fill));
      const effects = lone.hear(3, lone.vote(3, second, FIRST, 2));
      const [evidence] = effects.flatMap((effect) => (effect.kind === 'evidence' ? [effect.evidence] : []));
      const read = readEvidence(evidence as Uint8Array);
      expect(read.ok && accusedOf(read.value).replica).toBe(3);
      expect(reasons(effects)).toEqual(['conflicting-vote']);
    }
  });

  test('a leader that is shown a proposal of its own key that it never made falls silent, and says so', () => {
    const lone = leader(7);
    const signature = lone.signature(0, 'pre-prepare', FIRST, lone.digest(2));
    const seen = { view: 0, digest: lone.digest(2), signature };
    const effects = lone.hear(3, { ...lone.timeout(3, FIRST), seen });
    const told = { kind: 'duplicated', phase: 'pre-prepare', view: 0, height: 1, conflicting: true };
    expect(effects).toContainEqual(told);
    expect(reasons(effects)).toEqual(['own-key-elsewhere']);
    for (const from of [1, 2, 3, 4]) lone.hear(from, lone.vote(from, 'vote', FIRST, fill));
    expect(sent(lone.hear(5, lone.vote(5, 'vote', FIRST, fill)), 'vote2')).toEqual([]);
    const again = lone.hear(4, { ...lone.timeout(4, FIRST), seen });
    expect(again).not.toContainEqual(told);
  });

  test('a vote that could not convict does not count, however good its share', () => {
    const lone = leader(4);
    lone.hear(1, lone.vote(1, 'vote', FIRST, fill));
    const vote = lone.vote(2, 'vote', FIRST, fill);
    const effects = lone.hear(2, { ...vote, signature: distort(vote.signature) });
    expect([reasons(effects), sent(effects, 'prepare')]).toEqual([['bad-signature'], []]);
    expect(sent(lone.hear(2, vote), 'prepare')).toHaveLength(1);
  });

  test('nobody is framed: a second vote under a bad signature convicts nobody', () => {
    const lone = leader(7);
    lone.hear(3, lone.vote(3, 'vote', FIRST, fill));
    const second = lone.vote(3, 'vote', FIRST, 2);
    const effects = lone.hear(3, { ...second, signature: distort(second.signature) });
    expect(effects.some(({ kind }) => kind === 'evidence')).toBe(false);
    expect(reasons(effects)).toEqual(['bad-signature', 'conflicting-vote']);
  });
});
