import { encode, struct, toHex, uint } from '@murmuration/core';
import { rotateOperationalKey } from '@murmuration/identity';
import { describe, expect, test } from 'vitest';
import {
  type Command,
  encodeGenesis,
  MAX_COMMAND_BYTES,
  PROOF_ROUNDS,
  REFUSAL_REASONS,
  type RefusalReason,
  signCommand,
} from '../src/index.ts';
import {
  at,
  attestation,
  collect,
  createWorld,
  deviceNamed,
  flipped,
  genesisOf,
  hashOf,
  join,
  MINUTE_MS,
  openJob,
  replica,
  resultOf,
  runRound,
  START_MS,
  seededEntropy,
  update,
  type World,
  YEAR_MS,
} from './fixtures.ts';
import { blamedOn, doubleUpdate, equivocation, submit } from './offences.ts';

/** What became of the last request. */
type Scenario = (world: World) => string;

function raw(world: World, wire: Uint8Array): string {
  return at(world.apply(wire).receipts, 0).reason ?? 'applied';
}

const certificateOf = (name: string) => deviceNamed(name).identity.certificateBytes;
const register = (name: string): Command => ({ kind: 'register-device', certificate: certificateOf(name), name });

/** Opens `job` and says which command replica 0 sends next. */
function inJob(command: (world: World) => Command, prepare?: (world: World) => void): Scenario {
  return (world) => {
    world.send(replica(world, 0), openJob());
    prepare?.(world);
    return world.send(replica(world, 0), command(world));
  };
}

/** Tested in limits.test.ts, fees.test.ts, replicas/ and clusters/. */
const elsewhere = [
  ...(['fee-refused', 'too-many-devices', 'too-many-jobs', 'round-forgotten'] as const),
  ...(['replicas-fixed', 'already-a-replica', 'already-approved'] as const),
  ...(['bad-cluster', 'cluster-known', 'too-many-clusters', 'unknown-cluster', 'bad-header'] as const),
  ...(['not-a-party', 'deadline-passed', 'already-prepared', 'too-many-deals', 'unknown-deal'] as const),
  ...(['already-resolved', 'unknown-state', 'bad-proof', 'undecided'] as const),
] as const;

const scenarios: Readonly<Record<Exclude<RefusalReason, (typeof elsewhere)[number]>, Scenario>> = {
  'too-large': (world) => raw(world, new Uint8Array(MAX_COMMAND_BYTES + 1)),
  malformed: (world) => raw(world, new Uint8Array(300).fill(0x91)),
  'wrong-shape': (world) => raw(world, encode(struct({ a: uint }), { a: 1 })),
  'not-canonical': (world) => {
    const wire = world.sign(replica(world, 0), update(1, hashOf(1)));
    return raw(world, Uint8Array.of(at([...wire], 0), 0xc5, 0, ...wire.subarray(2)));
  },

  'unknown-device': (world) => world.send(deviceNamed('stranger').identity, openJob()),
  'bad-signature': (world) => {
    const forged = { device: replica(world, 0).device, signer: replica(world, 1).signer };
    return raw(world, signCommand(forged, world.ledger.chainId, 1, openJob()));
  },
  duplicate: (world) => {
    const wire = world.sign(replica(world, 0), openJob());
    world.apply(wire);
    return raw(world, wire);
  },
  'sequence-used': (world) => {
    world.send(replica(world, 0), openJob());
    return raw(world, signCommand(replica(world, 0), world.ledger.chainId, 1, openJob('another')));
  },
  'sequence-too-old': (world) => {
    raw(world, signCommand(replica(world, 0), world.ledger.chainId, 65, openJob()));
    return raw(world, signCommand(replica(world, 0), world.ledger.chainId, 1, openJob('another')));
  },
  'certificate-not-yet-valid': (world) => {
    const { root, identity } = deviceNamed('replica 0');
    const options = { nowMs: START_MS + YEAR_MS / 2, validForMs: YEAR_MS };
    const early = rotateOperationalKey(seededEntropy('early'), root, identity, options);
    return world.send(identity, { kind: 'rotate-key', certificate: early.certificateBytes });
  },
  'certificate-expired': (world) => {
    world.nowMs = START_MS + YEAR_MS;
    return world.send(replica(world, 0), openJob());
  },
  quarantined: (world) => {
    world.send(replica(world, 1), submit(doubleUpdate(world, replica(world, 0), 1)));
    return world.send(replica(world, 0), openJob());
  },
  'not-a-replica': (world) => {
    const member = join(world, 'member');
    world.send(member, openJob());
    return world.send(member, attestation(world, 1));
  },

  'bad-certificate': (world) => {
    const { identity } = deviceNamed('member');
    const certificate = flipped(identity.certificateBytes, 2_000);
    return world.send(identity, { kind: 'register-device', certificate, name: 'member' });
  },
  'certificate-of-another-device': (world) => world.send(deviceNamed('member').identity, register('another member')),
  'already-registered': (world) => world.send(replica(world, 0), register('replica 0')),
  'bad-name': (world) => {
    const { identity } = deviceNamed('member');
    return world.send(identity, { kind: 'register-device', certificate: identity.certificateBytes, name: '' });
  },
  'no-continuity': (world) => {
    const { root } = deviceNamed('replica 0');
    const stranger = deviceNamed('replica 0').identity;
    const options = { nowMs: START_MS, validForMs: YEAR_MS };
    const second = rotateOperationalKey(seededEntropy('a'), root, stranger, options);
    const third = rotateOperationalKey(seededEntropy('b'), root, second, options);
    return world.send(replica(world, 0), { kind: 'rotate-key', certificate: third.certificateBytes });
  },

  'bad-job-id': (world) => world.send(replica(world, 0), openJob('Job')),
  'job-exists': inJob(() => openJob()),
  'participants-not-ascending': (world) => {
    const participants = world.replicas.map(({ device }) => device).sort();
    const command = { ...(openJob() as Extract<Command, { kind: 'open-job' }>), participants: participants.reverse() };
    return world.send(replica(world, 0), command);
  },
  'unknown-participant': (world) => {
    const participants = [deviceNamed('stranger').identity.device];
    return world.send(replica(world, 0), { ...(openJob() as Extract<Command, { kind: 'open-job' }>), participants });
  },
  'too-many-running-jobs': (world) => {
    for (let i = 0; i < 4; i++) world.send(replica(world, 0), openJob(`job-${i}`));
    return world.send(replica(world, 0), openJob('one-more'));
  },

  'unknown-job': (world) => world.send(replica(world, 0), update(1, hashOf(1))),
  'no-such-round': inJob(() => update(4, hashOf(1))),
  'round-not-open': inJob(() => update(2, hashOf(1))),
  'round-not-collecting': inJob(
    (world) => attestation(world, 1),
    (world) => collect(world, 1),
  ),
  'round-not-aggregating': inJob((world) => resultOf(world, 1)),
  'round-closed': inJob(
    (world) => resultOf(world, 1),
    // Nobody sent an update, so the round is void.
    (world) => world.apply(...world.replicas.map((sender) => world.sign(sender, attestation(world, 1)))),
  ),
  'not-a-participant': (world) => {
    const participants = [replica(world, 1).device];
    world.send(replica(world, 0), { ...(openJob() as Extract<Command, { kind: 'open-job' }>), participants });
    return world.send(replica(world, 0), update(1, hashOf(1)));
  },
  'already-committed': inJob(
    () => update(1, hashOf(1)),
    (world) => world.send(replica(world, 0), update(1, hashOf(1))),
  ),
  'already-attested': inJob(
    (world) => attestation(world, 1),
    (world) => world.send(replica(world, 0), attestation(world, 1)),
  ),
  'updates-not-ascending': inJob((world) => {
    const updates = world.replicas.map(({ device }) => ({ device, hash: hashOf(1) }));
    updates.sort((a, b) => (a.device < b.device ? 1 : -1));
    return { kind: 'attest-updates', job: 'job', round: 1, updates };
  }),
  'update-not-committed': inJob(
    (world) => {
      const updates = [{ device: replica(world, 1).device, hash: hashOf(2) }];
      return { kind: 'attest-updates', job: 'job', round: 1, updates };
    },
    (world) => world.send(replica(world, 1), update(1, hashOf(1))),
  ),
  'verdicts-do-not-match': inJob(
    (world) => {
      const result = resultOf(world, 1) as Extract<Command, { kind: 'commit-result' }>;
      return { ...result, verdicts: result.verdicts.slice(1) };
    },
    (world) => collect(world, 1),
  ),

  'double-update': inJob(
    () => update(1, hashOf(2)),
    (world) => world.send(replica(world, 0), update(1, hashOf(1))),
  ),
  'result-mismatch': inJob(
    (world) => ({ ...(resultOf(world, 1) as Extract<Command, { kind: 'commit-result' }>), modelHash: hashOf(1) }),
    (world) => {
      collect(world, 1);
      world.apply(...world.replicas.slice(1).map((sender) => world.sign(sender, resultOf(world, 1))));
    },
  ),

  'bad-evidence': (world) => {
    const [first] = doubleUpdate(world, replica(world, 1), 1).statements;
    const bundle = { ...doubleUpdate(world, replica(world, 1), 1), statements: [first as Uint8Array] };
    return world.send(replica(world, 0), submit(bundle));
  },
  'evidence-found-by-ledger': (world) => {
    const genesis = encodeGenesis(world.genesis);
    const bundle = { ...doubleUpdate(world, replica(world, 1), 1), kind: 'poisoned-updates' as const, genesis };
    return world.send(replica(world, 0), submit(bundle));
  },
  'unknown-accused': (world) =>
    world.send(replica(world, 0), submit(doubleUpdate(world, deviceNamed('stranger').identity, 1))),
  'accused-is-no-replica': (world) => {
    // Signed by replica 0, said to be of replica 2.
    const statements = [blamedOn(equivocation(world), 2)];
    const bundle = { ...doubleUpdate(world, replica(world, 0), 1), kind: 'equivocation' as const, statements };
    return world.send(replica(world, 1), submit(bundle));
  },
  'evidence-known': (world) => {
    world.send(replica(world, 0), submit(doubleUpdate(world, replica(world, 1), 1)));
    // Another proof of the same offence.
    const other = doubleUpdate(world, replica(world, 1), 1);
    return world.send(replica(world, 2), submit({ ...other, statements: other.statements.toReversed() }));
  },
  'already-banned': (world) => {
    for (let strike = 1; strike <= 4; strike++) {
      world.send(replica(world, 0), submit(doubleUpdate(world, replica(world, 1), strike)));
      world.nowMs += 61 * MINUTE_MS;
    }
    return world.send(replica(world, 0), submit(doubleUpdate(world, replica(world, 1), 5)));
  },
  'evidence-limit': (world) => {
    for (let i = 1; i <= 17; i++) world.send(replica(world, 0), submit(doubleUpdate(world, replica(world, 1), i)));
    return world.send(replica(world, 0), submit(doubleUpdate(world, replica(world, 1), 18)));
  },
};

/** These are themselves the evidence: their effect is a quarantine, tested in quarantine/. */
const accusing = ['double-update', 'result-mismatch'];

describe('a refused command has its reason and no effect', () => {
  test.each(Object.entries(scenarios))('%s', (reason, scenario) => {
    const world = createWorld(4);
    const outcome = scenario(world);
    expect(outcome).toBe(reason);
    if (accusing.includes(reason)) return;
    // The same history without the last request: nothing differs but the sender's spent sequence number.
    const twin = createWorld(4);
    for (const block of world.blocks.slice(0, -1)) twin.ledger.apply(block);
    const last = at(world.blocks, world.blocks.length - 1);
    twin.ledger.apply({ ...last, requests: [] });
    const leaves = (of: World) => [of.ledger.devices(), of.ledger.jobs(), of.ledger.quarantines().map(withoutCount)];
    expect(leaves(world)).toEqual(leaves(twin));
    expect(world.ledger.evidence()).toEqual(twin.ledger.evidence());
    expect(world.ledger.rounds('job')).toEqual(twin.ledger.rounds('job'));
  });

  test('every reason is tested, here or where it belongs', () => {
    expect([...Object.keys(scenarios), ...elsewhere].sort()).toEqual([...REFUSAL_REASONS].sort());
  });
});

function withoutCount<T extends { furtherEvidence: number }>(entry: T) {
  const { furtherEvidence: _, ...rest } = entry;
  return rest;
}

test('a command signed for another chain has a bad signature here', () => {
  const world = createWorld(4);
  const other = createWorld(4, genesisOf(4, 'another chain'));
  expect(toHex(other.ledger.chainId)).not.toBe(toHex(world.ledger.chainId));
  expect(raw(world, other.sign(replica(other, 0), openJob()))).toBe('bad-signature');
});

test('a second update is refused, and no evidence, once the signature of the first was pruned', () => {
  const world = createWorld(4);
  world.send(replica(world, 0), openJob('job', PROOF_ROUNDS + 2));
  for (let round = 1; round <= PROOF_ROUNDS + 1; round++) runRound(world, round);
  expect(world.send(replica(world, 1), update(1, hashOf(9)))).toBe('round-not-collecting');
  expect(world.ledger.isQuarantined(replica(world, 1).device)).toBe(false);
  expect(world.send(replica(world, 1), update(2, hashOf(9)))).toBe('double-update');
  expect(world.ledger.isQuarantined(replica(world, 1).device)).toBe(true);
});
