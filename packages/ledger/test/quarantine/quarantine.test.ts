import { describe, expect, test } from 'vitest';
import {
  bundleEquivocation,
  type Command,
  encodeEvidenceBundle,
  type LedgerEvent,
  OBSERVATION_MS,
  PROOF_ROUNDS,
  verifyEvidenceBundle,
} from '../../src/index.ts';
import {
  at,
  attestation,
  collect,
  createWorld,
  hashOf,
  MINUTE_MS,
  openJob,
  replica,
  resultOf,
  runRound,
  update,
  type World,
} from '../fixtures.ts';
import { blamedOn, doubleUpdate, equivocation, stateMismatch, submit } from '../offences.ts';

function quarantinedIn(events: readonly LedgerEvent[]) {
  return events.filter((event) => event.kind === 'quarantined');
}

/** What each accusation must bring: one quarantine, with evidence that holds offline. */
function expectAccused(world: World, events: readonly LedgerEvent[], index: number, kind: string): void {
  const found = quarantinedIn(events);
  expect(found).toMatchObject([{ device: replica(world, index).device, reason: kind, strikes: 1 }]);
  const { bundle, evidenceId } = at(found, 0);
  const finding = verifyEvidenceBundle(bundle, { chainId: world.ledger.chainId });
  expect(finding).toMatchObject({ ok: true, value: { id: evidenceId, kind, accused: replica(world, index).device } });
  expect(world.ledger.evidence()).toMatchObject([{ id: evidenceId, kind, accused: replica(world, index).device }]);
  expect(events).toContainEqual(expect.objectContaining({ kind: 'evidence-recorded', evidenceId, bundle }));
}

describe('what quarantines', () => {
  test('another state than the one that a quorum certified', () => {
    const world = createWorld(4);
    const bundle = bundleEquivocation(world.genesis, stateMismatch(world));
    if (!bundle.ok) throw new Error(bundle.reason);
    const command: Command = { kind: 'submit-evidence', evidence: bundle.value };
    const { events } = world.apply(world.sign(replica(world, 0), command));
    expectAccused(world, events, 3, 'consensus-fault');
    expect(events).toContainEqual(
      expect.objectContaining({ summary: 'signed another state of the ledger than a quorum at view 0, height 1' }),
    );
  });

  test('two update hashes of one device for one round', () => {
    const world = createWorld(4);
    world.send(replica(world, 0), openJob());
    world.send(replica(world, 2), update(1, hashOf(1)));
    const { events } = world.apply(world.sign(replica(world, 2), update(1, hashOf(2))));
    expectAccused(world, events, 2, 'double-update');
  });

  test("a result that differs from the quorum's, before it or after", () => {
    for (const late of [false, true]) {
      const world = createWorld(4);
      world.send(replica(world, 0), openJob());
      collect(world, 1);
      const honest = [0, 1, 2].map((i) => world.sign(replica(world, i), resultOf(world, 1)));
      const lie = world.sign(replica(world, 3), { ...resultOf(world, 1), modelHash: hashOf(6) } as never);
      const { events } = world.apply(...(late ? [...honest, lie] : [lie, ...honest]));
      expectAccused(world, events, 3, 'result-mismatch');
      expect(events).toContainEqual(expect.objectContaining({ kind: 'result-mismatch', job: 'job', round: 1 }));
    }
  });

  test('the second finalised round with an outlier verdict, also of an older round than proofs are kept for', () => {
    const world = createWorld(4);
    world.send(replica(world, 0), openJob('job', PROOF_ROUNDS + 5));
    const liar = replica(world, 3).device;
    expect(quarantinedIn(runRound(world, 1, [liar]).events)).toEqual([]);
    for (let round = 2; round <= PROOF_ROUNDS + 3; round++) runRound(world, round);
    const { events } = runRound(world, PROOF_ROUNDS + 4, [liar]);
    expectAccused(world, events, 3, 'poisoned-updates');
    expect(world.send(replica(world, 3), update(PROOF_ROUNDS + 5, hashOf(3)))).toBe('quarantined');
  });

  test('outlier rounds of two jobs, once each', () => {
    const world = createWorld(4);
    world.send(replica(world, 0), openJob('a', 1));
    world.send(replica(world, 0), openJob('b', 1));
    const liar = replica(world, 3).device;
    runRound(world, 1, [liar], 'a');
    expectAccused(world, runRound(world, 1, [liar], 'b').events, 3, 'poisoned-updates');
  });

  test('two signed consensus messages that exclude each other', () => {
    const world = createWorld(4);
    const bundle = bundleEquivocation(world.genesis, equivocation(world));
    if (!bundle.ok) throw new Error(bundle.reason);
    const command = { kind: 'submit-evidence' as const, evidence: bundle.value };
    const { events } = world.apply(world.sign(replica(world, 2), command));
    expectAccused(world, events, 0, 'equivocation');
    expect(world.ledger.evidence()).toMatchObject([{ submittedBy: replica(world, 2).device }]);
    expect(world.send(replica(world, 1), command)).toBe('evidence-known');
    expect(bundleEquivocation(world.genesis, blamedOn(equivocation(world), 2))).toMatchObject({ ok: false });
  });
});

describe('what does not', () => {
  test('one outlier round, or f outlier verdicts that no quorum shares', () => {
    const world = createWorld(4);
    world.send(replica(world, 0), openJob());
    const honest = replica(world, 0).device;
    for (const round of [1, 2, 3]) {
      collect(world, round);
      const lie = world.sign(replica(world, 3), resultOf(world, round, [honest]));
      world.apply(lie, ...[0, 1, 2].map((i) => world.sign(replica(world, i), resultOf(world, round))));
    }
    expect(world.ledger.isQuarantined(honest)).toBe(false);
    expect(world.ledger.quarantines().map(({ device }) => device)).toEqual([replica(world, 3).device]);
  });

  test('the same update hash again, signed twice', () => {
    const world = createWorld(4);
    world.send(replica(world, 0), openJob());
    world.send(replica(world, 0), update(1, hashOf(1)));
    expect(world.send(replica(world, 0), update(1, hashOf(1)))).toBe('already-committed');
    expect(world.ledger.quarantines()).toEqual([]);
  });
});

describe('how long', () => {
  const offend = (world: World, strike: number) =>
    world.apply(world.sign(replica(world, 0), submit(doubleUpdate(world, replica(world, 1), strike)))).events;
  const standing = (world: World) => world.ledger.quarantines()[0];

  test('5 minutes, 15, an hour, then for good; 10 minutes of observation after each release', () => {
    const world = createWorld(4);
    for (const [i, minutes] of [5, 15, 60].entries()) {
      const [event] = quarantinedIn(offend(world, i + 1));
      const untilMs = world.nowMs + minutes * MINUTE_MS;
      expect(event).toMatchObject({ untilMs, strikes: i + 1 });
      world.nowMs = untilMs - 101;
      expect(world.apply().events).toEqual([]);
      expect(standing(world)).toMatchObject({ state: 'quarantined', untilMs });
      const { events } = world.apply();
      const observedUntilMs = world.nowMs + OBSERVATION_MS;
      expect(events).toEqual([{ kind: 'released', device: replica(world, 1).device, observedUntilMs }]);
      expect(standing(world)).toMatchObject({ state: 'observed', observedUntilMs });
      if (i === 1) continue; // an offence while observed is the next strike
      world.nowMs = observedUntilMs;
      world.apply();
      expect(standing(world)).toMatchObject({ state: 'released', strikes: i + 1 });
    }
    expect(quarantinedIn(offend(world, 4))).toMatchObject([{ untilMs: null, strikes: 4 }]);
    world.nowMs += 1_000 * 24 * 60 * MINUTE_MS;
    expect(world.apply().events).toEqual([]);
    expect(standing(world)).toMatchObject({ state: 'banned' });
  });

  test('a burst of lies is one strike, and each piece of evidence is recorded', () => {
    const world = createWorld(4);
    offend(world, 1);
    const events = offend(world, 2);
    expect(events.map(({ kind }) => kind)).toEqual(['evidence-recorded']);
    expect(standing(world)).toMatchObject({ strikes: 1, furtherEvidence: 1 });
    expect(world.ledger.evidence()).toHaveLength(2);
  });

  test('a released device takes part again', () => {
    const world = createWorld(4);
    world.send(replica(world, 0), openJob());
    offend(world, 1);
    world.apply(...world.replicas.map((sender) => world.sign(sender, attestation(world, 1))));
    expect(world.send(replica(world, 1), update(2, hashOf(1)))).toBe('quarantined');
    world.nowMs += 6 * MINUTE_MS;
    expect(world.send(replica(world, 1), update(2, hashOf(1)))).toBe('applied');
  });
});

test('two proofs of one offence, whoever assembled them, are one piece of evidence', () => {
  const world = createWorld(4);
  const bundle = doubleUpdate(world, replica(world, 1), 1);
  const reversed = { ...bundle, statements: bundle.statements.toReversed() };
  const [one, other] = [bundle, reversed].map((variant) => verifyEvidenceBundle(encodeEvidenceBundle(variant)));
  expect(one).toMatchObject({ ok: true });
  expect(other).toEqual(one);
});
