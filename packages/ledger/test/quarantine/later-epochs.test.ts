import { type EpochProof, type ReplicaSet, readEvidence } from '@murmuration/consensus';
import { encode } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { type DeviceIdentity, rotateOperationalKey } from '@murmuration/identity';
import { beforeAll, describe, expect, test } from 'vitest';
import { viewChangeBodySchema } from '../../../consensus/src/pbft/messages.ts';
import { encodeCertificate } from '../../../consensus/src/quorum/certificate.ts';
import {
  bundleEquivocation,
  completeEvidenceBundle,
  createLedger,
  decodeEvidenceBundle,
  type EvidenceBundle,
  encodeEvidenceBundle,
  type Ledger,
  restoreLedger,
  signCommand,
  verifyEvidenceBundle,
} from '../../src/index.ts';
import {
  at,
  createWorld,
  deviceNamed,
  flipped,
  genesisOf,
  replica,
  START_MS,
  seededEntropy,
  YEAR_MS,
} from '../fixtures.ts';
import {
  conflict,
  digestOf,
  evidenceOf,
  memberAt,
  type Sign,
  signerOf,
  type ThreeEpochs,
  threeEpochs,
} from './three-epochs.ts';

const LIAR = 1;

let chain: ThreeEpochs;
let chainId: Uint8Array;
beforeAll(() => {
  chain = threeEpochs();
  ({ chainId } = chain.world.ledger);
});

const setAt = (epoch: number): ReplicaSet => at(chain.sets, epoch);
const liarOf = (epoch: number, index = LIAR): Sign =>
  signerOf(chainId, epoch, index, memberAt(chain, setAt(epoch), index));

/** A quorum of the epoch certifies this state. */
function certified(epoch: number, height: number, digest: Uint8Array): Uint8Array {
  const set = setAt(epoch);
  const signatures = [0, 2, 3, 4].map((index) => {
    const { signature } = liarOf(epoch, index)({ phase: 'checkpoint', view: 0, height, digest });
    return { replica: index, signature };
  });
  return encodeCertificate({ epoch: set.epoch, view: 0, signatures });
}

const changeBody = (view: number, claims: readonly object[] = []) =>
  encode(viewChangeBodySchema, {
    view,
    stableHeight: 0,
    stableDigest: digestOf(0),
    stableProof: sha3_256(),
    claims: claims as never,
  });

/** One sample of each class, of any epoch. */
const SAMPLES: Readonly<Record<string, (sign: Sign, epoch: number) => Uint8Array>> = {
  'conflicting-proposals': (sign) => twice(sign, 'pre-prepare', 5, 40),
  'conflicting-votes': (sign) =>
    conflict(
      sign({ phase: 'prepare', view: 5, height: 40, digest: digestOf(1) }),
      sign({ phase: 'commit', view: 5, height: 40, digest: digestOf(2) }),
    ),
  'conflicting-checkpoints': (sign) => twice(sign, 'checkpoint', 0, 40),
  'conflicting-view-changes': (sign) => twice(sign, 'view-change', 3, 0),
  'conflicting-new-views': (sign) => twice(sign, 'new-view', 6, 0),
  'conflicting-round-changes': (sign) => twice(sign, 'round-change', 3, 40),
  'vote-against-lock': (sign) => {
    const body = changeBody(3);
    const commit = sign({ phase: 'commit', view: 2, height: 40, digest: digestOf(1) });
    const change = sign({ phase: 'view-change', view: 3, height: 0, digest: sha3_256(body) });
    return evidenceOf({ kind: 'forgotten-lock', commit, change, body });
  },
  'invalid-justification': (sign) => {
    const body = changeBody(4);
    const statement = sign({ phase: 'view-change', view: 3, height: 0, digest: sha3_256(body) });
    return evidenceOf({ kind: 'bad-justification', statement, body, proof: new Uint8Array(0) });
  },
  'state-mismatch': (sign, epoch) => {
    const checkpoint = sign({ phase: 'checkpoint', view: 0, height: 40, digest: digestOf(1) });
    const other = digestOf(2);
    return evidenceOf({
      kind: 'state-mismatch',
      checkpoint,
      certified: other,
      certificate: certified(epoch, 40, other),
    });
  },
};

function twice(sign: Sign, phase: Parameters<Sign>[0]['phase'], view: number, height: number): Uint8Array {
  const [a, b] = [1, 2].map((fill) => sign({ phase, view, height, digest: digestOf(fill) }));
  return conflict(a as ReturnType<Sign>, b as ReturnType<Sign>);
}

/** The ledger of the chain as it stands, to be changed. */
function copy(): Ledger {
  const { ledger, genesis } = chain.world;
  const restored = restoreLedger(genesis, ledger.snapshot(), ledger.root());
  if (!restored.ok) throw new Error(restored.reason);
  return restored.value;
}

function submitTo(ledger: Ledger, evidence: Uint8Array) {
  const sender = replica(chain.world, 4);
  const command = { kind: 'submit-evidence', evidence } as const;
  const wire = signCommand(sender, chainId, ledger.nextSequence(sender.device), command);
  const block = { height: ledger.height + 1, timeMs: chain.world.nowMs, requests: [wire] };
  const { receipts, events } = ledger.apply(block);
  return { receipt: at(receipts, 0), events };
}

function bundleOf(evidence: Uint8Array): Uint8Array {
  const bundle = bundleEquivocation(chain.world.genesis, evidence, chain.world.ledger);
  if (!bundle.ok) throw new Error(`${bundle.reason} ${bundle.detail}`);
  return bundle.value;
}

function complete(bundle: Uint8Array, proofs: readonly EpochProof[] = chain.proofs): Uint8Array {
  const whole = completeEvidenceBundle(bundle, proofs);
  if (!whole.ok) throw new Error(`${whole.reason} ${whole.detail}`);
  return whole.value;
}

function read(wire: Uint8Array): EvidenceBundle {
  const decoded = decodeEvidenceBundle(wire);
  if (!decoded.ok) throw new Error(decoded.reason);
  return decoded.value;
}

test('each epoch has other replicas, and its numbers mean other devices', () => {
  expect(chain.sets.map(({ epoch }) => epoch)).toEqual([0, 1, 2]);
  expect(setAt(2).replicas[LIAR]?.device).not.toBe(setAt(0).replicas[LIAR]?.device);
  expect(setAt(1).replicas[0]?.key).not.toEqual(setAt(0).replicas[0]?.key);
  expect(setAt(2).replicas.at(-1)?.device).toBe(chain.newcomer.device);
});

describe.each([0, 1, 2])('a fault in epoch %i', (epoch) => {
  test.each(Object.entries(SAMPLES))(
    '%s convicts its replica on the ledger, and offline for who knows the chain id alone',
    (name, make) => {
      const accused = setAt(epoch).replicas[LIAR]?.device;
      const bundle = bundleOf(make(liarOf(epoch), epoch));
      const { receipt, events } = submitTo(copy(), bundle);
      expect(receipt.reason).toBeNull();
      const event = events.find(({ kind }) => kind === 'quarantined');
      if (event?.kind !== 'quarantined') throw new Error('nobody was quarantined');
      expect(event.device).toBe(accused);
      const whole = complete(event.bundle);
      const finding = verifyEvidenceBundle(whole, { chainId });
      expect(finding).toMatchObject({ ok: true, value: { accused, facts: { class: name, epoch } } });
      expect(finding.ok && finding.value.id).toBe(event.evidenceId);
      // Five replicas: what each epoch in between costs.
      expect(whole.length - event.bundle.length).toBeLessThanOrEqual(1536 * epoch);
    },
  );
});

describe('a bundle of a later epoch', () => {
  const sample = () => bundleOf(at(Object.values(SAMPLES), 8)(liarOf(2), 2));

  test('needs the proofs of all epochs in between where the reader does not know them', () => {
    const bundle = sample();
    expect(verifyEvidenceBundle(bundle, { chainId })).toMatchObject({ reason: 'needs-epoch-proofs' });
    expect(verifyEvidenceBundle(bundle, { chainId, replicaSets: chain.sets }).ok).toBe(true);
    expect(verifyEvidenceBundle(bundle, { chainId, replicaSets: [setAt(1)] }).ok).toBe(false);
    expect(completeEvidenceBundle(bundle, chain.proofs.slice(0, 1))).toMatchObject({ reason: 'wrong-epoch-proofs' });
    expect(completeEvidenceBundle(bundle, chain.proofs.toReversed()).ok).toBe(false);
    expect(verifyEvidenceBundle(complete(bundle), { chainId }).ok).toBe(true);
  });

  test('with any byte changed is refused, or proves the same', () => {
    const wire = complete(sample());
    const finding = verifyEvidenceBundle(wire, { chainId });
    for (let i = 0; i < wire.length; i += 499) {
      const changed = verifyEvidenceBundle(flipped(wire, i, 1 << (i % 8)));
      if (changed.ok) expect(changed).toEqual(finding);
    }
  });

  test('does not hold by the epochs of another chain, nor by proofs that fewer than a quorum signed', () => {
    const bundle = sample();
    const other = threeEpochs('other');
    expect(completeEvidenceBundle(bundle, other.proofs).ok).toBe(false);
    expect(verifyEvidenceBundle(bundle, { chainId, replicaSets: other.sets })).toMatchObject({
      reason: 'needs-epoch-proofs',
    });
    const [first, second] = chain.proofs as [EpochProof, EpochProof];
    const certificate = encodeCertificate({ epoch: 0, view: 0, signatures: [] });
    const unsigned = { ...first, header: { ...first.header, certificate } };
    expect(completeEvidenceBundle(bundle, [unsigned, second])).toMatchObject({ reason: 'too-few-signatures' });
  });

  test('is recorded by the ledger without the proofs that it knows, whatever they are', () => {
    const plain = sample();
    const junk = read(complete(plain));
    const proofs = junk.later?.proofs.map(({ header }) => ({ header, proof: new Uint8Array(9) })) ?? [];
    const wire = encodeEvidenceBundle({ ...junk, later: { epoch: 2, proofs } });
    const { events } = submitTo(copy(), wire);
    expect(events.find(({ kind }) => kind === 'evidence-recorded')).toMatchObject({ bundle: plain });
  });

  test('names its epoch, and a bundle of the genesis’ replicas names none', () => {
    const bundle = read(sample());
    const reason = (over: Partial<EvidenceBundle>) => {
      const verified = verifyEvidenceBundle(encodeEvidenceBundle({ ...bundle, ...over }), { replicaSets: chain.sets });
      return verified.ok ? 'proved' : verified.reason;
    };
    expect(reason({})).toBe('proved');
    expect(reason({ later: { epoch: 1, proofs: [] } })).toBe('wrong-epoch');
    const { later: _, ...first } = bundle;
    expect(verifyEvidenceBundle(encodeEvidenceBundle(first), { chainId })).toMatchObject({ reason: 'wrong-epoch' });
    const equivocation = read(bundleOf(at(Object.values(SAMPLES), 0)(liarOf(2), 2)));
    const wire = encodeEvidenceBundle({ ...equivocation, later: { epoch: 2, proofs: [] } });
    expect(verifyEvidenceBundle(wire, { chainId })).toMatchObject({ reason: 'stray-epoch' });
  });
});

describe('near misses', () => {
  test.each(Object.entries(SAMPLES))('%s: a number of epoch 0 is not taken for one of epoch 2', (_, make) => {
    const former = memberAt(chain, setAt(0), LIAR);
    // Signed for epoch 2 by the device that had the number in epoch 0.
    const evidence = make(signerOf(chainId, 2, LIAR, former), 2);
    expect(bundleEquivocation(chain.world.genesis, evidence, chain.world.ledger).ok).toBe(false);
    // Its own certificate around it: that it signed is true, that it is this replica is not.
    const own = { ...read(bundleOf(make(liarOf(2), 2))), accused: former.device };
    const framed = encodeEvidenceBundle({ ...own, certificates: [former.certificateBytes], statements: [evidence] });
    expect(submitTo(copy(), framed).receipt.reason).toMatch(/^(bad-evidence|accused-is-no-replica)$/);
  });

  test.each(Object.entries(SAMPLES))('%s: what was signed for one epoch is no fault of another', (_, make) => {
    const read0 = readEvidence(make(liarOf(1), 1));
    if (!read0.ok) throw new Error(read0.reason);
    const moved = JSON.parse(
      JSON.stringify(read0.value, (_key, value) => (value instanceof Uint8Array ? { hex: [...value] } : value)),
      (key, value) => (key === 'epoch' ? 2 : value?.hex === undefined ? value : Uint8Array.from(value.hex)),
    );
    expect(bundleEquivocation(chain.world.genesis, evidenceOf(moved), chain.world.ledger).ok).toBe(false);
  });

  test('an epoch that the chain has not reached has no replicas', () => {
    const evidence = twice(signerOf(chainId, 3, LIAR, memberAt(chain, setAt(2), LIAR)), 'prepare', 1, 40);
    expect(bundleEquivocation(chain.world.genesis, evidence, chain.world.ledger)).toMatchObject({
      reason: 'not-a-replica',
    });
  });
});

describe('a rotated key', () => {
  test('the same place in two epochs, under the key of each, is no fault; under one key for both it is none either', () => {
    const [old, now] = [liarOf(0, 0), liarOf(1, 0)];
    const place = { phase: 'prepare', view: 0, height: 2 } as const;
    const evidence = conflict(old({ ...place, digest: digestOf(1) }), now({ ...place, digest: digestOf(2) }));
    expect(bundleEquivocation(chain.world.genesis, evidence, chain.world.ledger)).toMatchObject({
      reason: 'no-conflict',
    });
  });

  test('two keys of one device in one epoch do not make one lie', () => {
    const old = signerOf(chainId, 1, 0, memberAt(chain, setAt(0), 0));
    const place = { phase: 'prepare', view: 0, height: 9 } as const;
    const evidence = conflict(liarOf(1, 0)({ ...place, digest: digestOf(1) }), old({ ...place, digest: digestOf(2) }));
    expect(bundleEquivocation(chain.world.genesis, evidence, chain.world.ledger)).toMatchObject({
      reason: 'bad-signature',
    });
  });

  test('what it signed under any of its keys convicts it for each epoch, also after it changed its key once more', () => {
    const turned = threeEpochs('turned');
    const { world, rotated } = turned;
    const before = chain;
    chain = turned;
    ({ chainId } = world.ledger);
    // Three keys more in a row: the second of them never votes, since the change before it is still under way.
    const turns: DeviceIdentity[] = [rotated];
    for (const name of ['second', 'third', 'fourth']) {
      const last = at(turns, turns.length - 1);
      const options = { nowMs: START_MS, validForMs: YEAR_MS };
      const next = rotateOperationalKey(seededEntropy(name), deviceNamed('replica 0').root, last, options);
      expect(world.send(last, { kind: 'rotate-key', certificate: next.certificateBytes })).toBe('applied');
      turns.push(next);
    }
    const [, second, third, fourth] = turns as [DeviceIdentity, DeviceIdentity, DeviceIdentity, DeviceIdentity];
    try {
      for (const epoch of [0, 1, 2]) {
        for (const make of Object.values(SAMPLES).slice(6, 8)) {
          const bundle = bundleOf(make(liarOf(epoch, 0), epoch));
          expect(verifyEvidenceBundle(complete(bundle), { chainId })).toMatchObject({
            value: { accused: rotated.device },
          });
        }
      }
      const kept = ({ signer }: DeviceIdentity) => world.ledger.certificate(rotated.device, signer.publicKey);
      expect(world.ledger.certificate(rotated.device)).toEqual(fourth.certificateBytes);
      expect(kept(rotated)).toEqual(rotated.certificateBytes);
      expect(kept(second)).toEqual(second.certificateBytes);
      expect(kept(third)).toBeUndefined();
      expect(world.ledger.certificate(rotated.device, setAt(0).replicas[0]?.key)).toEqual(
        replica(world, 0).certificateBytes,
      );
    } finally {
      chain = before;
      ({ chainId } = before.world.ledger);
    }
  });
});

test('a chain whose replicas never change takes no evidence of a later epoch', () => {
  const world = createWorld(4, genesisOf(4));
  const { chainId: own } = createLedger(world.genesis);
  const evidence = twice(signerOf(own, 1, LIAR, replica(world, LIAR)), 'prepare', 1, 40);
  expect(bundleEquivocation(world.genesis, evidence, world.ledger)).toMatchObject({ reason: 'not-a-replica' });
});
