import { rotateOperationalKey } from '@murmuration/identity';
import { describe, expect, test } from 'vitest';
import {
  bundleEquivocation,
  type Command,
  decodeEvidenceBundle,
  type EvidenceBundle,
  encodeEvidenceBundle,
  encodeGenesis,
  type Finding,
  type LedgerEvent,
  signCommand,
  verifyEvidenceBundle,
} from '../../src/index.ts';
import {
  at,
  attestation,
  collect,
  createWorld,
  deviceNamed,
  flipped,
  genesisOf,
  hashOf,
  openJob,
  replica,
  resultOf,
  runRound,
  START_MS,
  seededEntropy,
  update,
  type World,
  YEAR_MS,
} from '../fixtures.ts';
import { doubleUpdate, equivocation, stateMismatch } from '../offences.ts';

function bundleIn(events: readonly LedgerEvent[]): EvidenceBundle {
  const event = events.find(({ kind }) => kind === 'quarantined');
  if (event?.kind !== 'quarantined') throw new Error('nobody was quarantined');
  const decoded = decodeEvidenceBundle(event.bundle);
  if (!decoded.ok) throw new Error(decoded.reason);
  return decoded.value;
}

function findingOf(bundle: EvidenceBundle): Finding {
  const finding = verifyEvidenceBundle(encodeEvidenceBundle(bundle));
  if (!finding.ok) throw new Error(`${finding.reason} ${finding.detail}`);
  return finding.value;
}

/** One genuine bundle of each kind, against replica 3 (for equivocation 0) of the same chain. */
const world = createWorld(4);
world.send(replica(world, 0), openJob('job', 9));
const liar = replica(world, 3);
runRound(world, 1, [liar.device]);
const poisoned = bundleIn(runRound(world, 2, [liar.device]).events);
const mismatch = (() => {
  const other = createWorld(4);
  other.send(replica(other, 0), openJob());
  collect(other, 1);
  const lie = { ...resultOf(other, 1), modelHash: hashOf(6) } as Command;
  const lied = other.sign(replica(other, 3), lie);
  const honest = [0, 1, 2].map((i) => other.sign(replica(other, i), resultOf(other, 1)));
  return bundleIn(other.apply(lied, ...honest).events);
})();
const equivocated = (() => {
  const bundle = bundleEquivocation(world.genesis, equivocation(world));
  const decoded = bundle.ok ? decodeEvidenceBundle(bundle.value) : bundle;
  if (!decoded.ok) throw new Error(decoded.reason);
  return decoded.value;
})();
const diverged = (() => {
  const bundle = bundleEquivocation(world.genesis, stateMismatch(world));
  const decoded = bundle.ok ? decodeEvidenceBundle(bundle.value) : bundle;
  if (!decoded.ok) throw new Error(decoded.reason);
  return decoded.value;
})();
const twice = doubleUpdate(world, liar, 1);
const bundles = { poisoned, mismatch, equivocated, diverged, twice };

describe.each(Object.entries(bundles))('%s', (_name, bundle) => {
  const wire = encodeEvidenceBundle(bundle);
  const finding = findingOf(bundle);

  test('holds by itself, on its chain alone', () => {
    expect(finding).toMatchObject({ kind: bundle.kind, accused: bundle.accused });
    expect(finding.id).toMatch(/^[0-9a-f]{32}$/);
    expect(verifyEvidenceBundle(wire, { chainId: bundle.chainId }).ok).toBe(true);
    expect(verifyEvidenceBundle(wire, { chainId: hashOf(1) })).toMatchObject({ ok: false, reason: 'foreign-chain' });
  });

  test('with any byte changed is refused, or proves the same', () => {
    // Every byte of the head, then a sample.
    const step = Math.max(1, Math.floor(wire.length / 400));
    for (let i = 0; i < wire.length; i += i < 300 ? 1 : step) {
      const changed = verifyEvidenceBundle(flipped(wire, i, 1 << (i % 8)));
      if (changed.ok) expect(changed.value).toEqual(finding);
    }
  });

  test('cut short or with bytes after its end is refused', () => {
    for (const end of [0, 1, 50, wire.length - 1]) expect(verifyEvidenceBundle(wire.subarray(0, end)).ok).toBe(false);
    expect(verifyEvidenceBundle(Uint8Array.of(...wire, 0)).ok).toBe(false);
  });

  test('does not hold against another device', () => {
    const framed = replica(world, 1);
    const [, ...rest] = bundle.certificates;
    for (const certificates of [bundle.certificates, [framed.certificateBytes, ...rest]]) {
      const forged = encodeEvidenceBundle({ ...bundle, accused: framed.device, certificates });
      expect(verifyEvidenceBundle(forged).ok).toBe(false);
    }
  });

  test('with a statement left out or one too many is refused', () => {
    for (let i = 0; i < bundle.statements.length; i++) {
      const fewer = { ...bundle, statements: bundle.statements.toSpliced(i, 1) };
      expect(verifyEvidenceBundle(encodeEvidenceBundle(fewer)).ok).toBe(false);
    }
    const extra = signCommand(liar, bundle.chainId, 99, update(8, hashOf(8)));
    const more = { ...bundle, statements: [...bundle.statements, extra] };
    expect(verifyEvidenceBundle(encodeEvidenceBundle(more)).ok).toBe(false);
  });

  test('with a certificate or genesis that it does not need is refused', () => {
    const more = {
      ...bundle,
      certificates: [...bundle.certificates, deviceNamed('stranger').identity.certificateBytes],
    };
    expect(verifyEvidenceBundle(encodeEvidenceBundle(more)).ok).toBe(false);
    const genesis = bundle.genesis === null ? encodeGenesis(genesisOf(4)) : null;
    expect(verifyEvidenceBundle(encodeEvidenceBundle({ ...bundle, genesis })).ok).toBe(false);
  });
});

/** Signed by the given replicas, of round 1 of a job that no ledger knows. */
function results(from: World, senders: readonly number[], modelHash: Uint8Array, outlier = false): Uint8Array[] {
  const accepted = !outlier;
  const verdict = { device: liar.device, accepted, reason: '', norm: 1, cosine: 0, weight: 0, outlier };
  return senders.map((i) =>
    signCommand(replica(from, i), from.ledger.chainId, 7, {
      kind: 'commit-result',
      job: 'job',
      round: 1,
      modelHash,
      verdicts: [verdict],
    }),
  );
}

describe('what is no offence', () => {
  const reasonOf = (bundle: EvidenceBundle) => {
    const finding = verifyEvidenceBundle(encodeEvidenceBundle(bundle));
    return finding.ok ? 'proved' : finding.reason;
  };
  const statements = (...list: Uint8Array[][]) => ({ statements: list.flat() });

  test('one hash signed twice, or two hashes for two rounds', () => {
    const sign = (round: number, hash: number, sequence: number) =>
      signCommand(liar, twice.chainId, sequence, update(round, hashOf(hash)));
    expect(reasonOf({ ...twice, ...statements([sign(1, 1, 1), sign(1, 1, 2)]) })).toBe('no-offence');
    expect(reasonOf({ ...twice, ...statements([sign(1, 1, 1), sign(2, 2, 2)]) })).toBe('different-rounds');
  });

  test('a result that differs from fewer than a quorum, or agrees with it', () => {
    const own = results(world, [3], hashOf(1));
    expect(reasonOf({ ...mismatch, ...statements(own, results(world, [0, 1, 2], hashOf(2))) })).toBe('proved');
    expect(reasonOf({ ...mismatch, ...statements(own, results(world, [0, 1], hashOf(2))) })).toBe('no-quorum');
    expect(reasonOf({ ...mismatch, ...statements(own, results(world, [0, 1, 2], hashOf(1))) })).toBe('no-offence');
    const split = [...results(world, [0, 1], hashOf(2)), ...results(world, [2], hashOf(3))];
    expect(reasonOf({ ...mismatch, ...statements(own, split) })).toBe('no-quorum');
    // One replica's word three times is not three replicas' word.
    const repeated = [0, 0, 0].flatMap((i) => results(world, [i], hashOf(2)));
    expect(reasonOf({ ...mismatch, ...statements(own, repeated) })).toBe('statement-missing');
  });

  test('outlier verdicts of one round, or of fewer than a quorum', () => {
    const signed = signCommand(liar, world.ledger.chainId, 8, update(1, hashOf(1)));
    const one = [signed, ...results(world, [0, 1, 2], hashOf(2), true)];
    expect(reasonOf({ ...poisoned, ...statements(one) })).toBe('statement-missing');
    const few = [signed, ...results(world, [0, 1], hashOf(2), true)];
    expect(reasonOf({ ...poisoned, ...statements(few) })).toBe('no-quorum');
    const fine = [signed, ...results(world, [0, 1, 2], hashOf(2), false)];
    expect(reasonOf({ ...poisoned, ...statements(fine) })).toBe('no-offence');
  });

  test('the word of a quorum that a forged genesis names: the accused signed nothing on that chain', () => {
    const forged = createWorld(4, genesisOf(4, 'forged'));
    const own = results(world, [3], hashOf(1));
    const theirs = results(forged, [0, 1, 2], hashOf(2));
    const genesis = encodeGenesis(forged.genesis);
    const bundle = { ...mismatch, genesis, chainId: forged.ledger.chainId, ...statements(own, theirs) };
    expect(reasonOf(bundle)).toBe('statement-not-signed');
    expect(reasonOf({ ...bundle, chainId: mismatch.chainId })).toBe('genesis-of-another-chain');
  });
});

test('evidence holds across rotations: each statement under the certificate of its time', () => {
  const rotating = createWorld(4);
  rotating.send(replica(rotating, 0), openJob());
  rotating.send(replica(rotating, 3), update(1, hashOf(1)));
  // The liar and a witness take new keys; the second round is signed with those.
  const renewed = [3, 0].map((i) => {
    const { root, identity } = deviceNamed(`replica ${i}`);
    const options = { nowMs: START_MS, validForMs: YEAR_MS };
    const next = rotateOperationalKey(seededEntropy(`next ${i}`), root, identity, options);
    expect(rotating.send(identity, { kind: 'rotate-key', certificate: next.certificateBytes })).toBe('applied');
    return next;
  });
  const [newLiar, newWitness] = [at(renewed, 0), at(renewed, 1)];
  const { events } = rotating.apply(rotating.sign(newLiar, update(1, hashOf(2))));
  const bundle = bundleIn(events);
  expect(bundle.certificates).toEqual([liar.certificateBytes, newLiar.certificateBytes]);
  expect(findingOf(bundle)).toMatchObject({ kind: 'double-update', accused: liar.device });

  const fresh = [newWitness, replica(rotating, 1), replica(rotating, 2)];
  rotating.apply(...fresh.map((sender) => rotating.sign(sender, attestation(rotating, 1))));
  rotating.apply(...fresh.map((sender) => rotating.sign(sender, update(2, hashOf(7)))));
  rotating.apply(...fresh.map((sender) => rotating.sign(sender, attestation(rotating, 2))));
  const lie = { ...resultOf(rotating, 2), modelHash: hashOf(6) } as Command;
  const target = replica(rotating, 1);
  const honest = [newWitness, replica(rotating, 2), newLiar].map((sender) =>
    rotating.sign(sender, resultOf(rotating, 2)),
  );
  const second = bundleIn(rotating.apply(...honest, rotating.sign(target, lie)).events);
  // Certificates that the genesis lacks come along.
  expect(second.certificates).toEqual([target.certificateBytes, newWitness.certificateBytes, newLiar.certificateBytes]);
  expect(findingOf(second)).toMatchObject({ kind: 'result-mismatch', accused: target.device });
});
