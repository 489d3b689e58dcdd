import { describe, expect, test } from 'vitest';
import { type Command, createLedger } from '../../src/index.ts';
import {
  at,
  attestation,
  collect,
  createWorld,
  hashOf,
  join,
  openJob,
  replica,
  resultOf,
  runRound,
  update,
  type World,
} from '../fixtures.ts';

function kinds(applied: ReturnType<World['apply']>): string[] {
  return applied.events.map(({ kind }) => kind);
}

/** One block in which each of `senders` sends what `command` makes. */
function each(world: World, senders: readonly number[], command: () => Command) {
  return world.apply(...senders.map((i) => world.sign(replica(world, i), command())));
}

function attest(names: readonly number[], world: World): Command {
  const updates = names
    .map((i) => ({ device: replica(world, i).device, hash: hashOf(i) }))
    .sort((a, b) => (a.device < b.device ? -1 : 1));
  return { kind: 'attest-updates', job: 'job', round: 1, updates };
}

describe('the life of a job', () => {
  test('runs through its rounds, each with its model, to the end', () => {
    const world = createWorld(7);
    const opened = each(world, [0], () => openJob('job', 2));
    expect(opened.events).toMatchObject([
      { kind: 'job-opened', job: 'job' },
      { kind: 'round-opened', round: 1 },
    ]);
    const first = runRound(world, 1);
    expect(first.receipts.every(({ outcome }) => outcome === 'applied')).toBe(true);
    expect(kinds(first)).toEqual(['round-finalised', 'round-opened']);
    expect(world.ledger.job('job')).toMatchObject({ round: 2, state: 'running', modelHash: hashOf(1_001) });
    expect(kinds(runRound(world, 2))).toEqual(['round-finalised', 'job-finished']);
    expect(world.ledger.job('job')).toMatchObject({ round: 2, state: 'finished', modelHash: hashOf(1_002) });
    const { closed, phase } = at(world.ledger.rounds('job'), 1);
    expect(phase).toBe('finalised');
    expect(closed).toMatchObject({ updates: 7, accepted: 7, refused: 0 });
  });

  test('a device that joins later takes part from then on, unless the job names its participants', () => {
    const world = createWorld(4);
    each(world, [0], () => openJob());
    const participants = world.replicas.map(({ device }) => device).sort();
    each(world, [0], () => ({ ...(openJob('closed') as Extract<Command, { kind: 'open-job' }>), participants }));
    const member = join(world, 'member');
    expect(world.send(member, update(1, hashOf(1)))).toBe('applied');
    expect(world.send(member, update(1, hashOf(1), 'closed'))).toBe('not-a-participant');
    expect(world.send(replica(world, 1), update(1, hashOf(1), 'closed'))).toBe('applied');
  });
});

describe('the set of updates', () => {
  test('is fixed by the quorum-th attestation and not before, and holds what f + 1 name', () => {
    const world = createWorld(7); // f = 2, quorum 5
    each(world, [0], () => openJob());
    for (let i = 0; i < 4; i++) each(world, [i], () => update(1, hashOf(i)));
    // Update 0 is named five times, 1 three times, 2 twice, 3 never.
    each(world, [0], () => attest([0, 1, 2], world));
    each(world, [1], () => attest([0, 1, 2], world));
    each(world, [2], () => attest([0, 1], world));
    each(world, [3], () => attest([0], world));
    expect(world.ledger.round('job', 1)?.phase).toBe('collecting');
    const { events } = each(world, [4], () => attest([0], world));
    expect(world.ledger.round('job', 1)?.phase).toBe('aggregating');
    const fixed = [0, 1].map((i) => replica(world, i).device).sort();
    expect(events).toMatchObject([{ kind: 'updates-fixed', updates: fixed.map((device) => ({ device })) }]);
    expect(world.send(replica(world, 5), attest([0, 1, 2], world))).toBe('round-not-collecting');
    expect(world.send(replica(world, 5), update(1, hashOf(5)))).toBe('round-not-collecting');
  });

  test('leaves out an update that only f liars attest, and one that only f do not', () => {
    const world = createWorld(4); // f = 1, quorum 3
    each(world, [0], () => openJob());
    each(world, [0], () => update(1, hashOf(0)));
    each(world, [1], () => update(1, hashOf(1)));
    each(world, [3], () => attest([1], world));
    each(world, [0], () => attest([0], world));
    each(world, [1], () => attest([0], world));
    const fixed = world.ledger.round('job', 1)?.updates.filter((entry) => entry.fixed);
    expect(fixed?.map(({ device }) => device)).toEqual([replica(world, 0).device]);
  });

  test('empty, it makes the round void: the old model stays and the next round opens', () => {
    const world = createWorld(4);
    each(world, [0], () => openJob());
    runRound(world, 1);
    const { events } = each(world, [0, 1, 2], () => ({ ...attest([], world), round: 2 }) as Command);
    expect(events.map(({ kind }) => kind)).toEqual(['updates-fixed', 'round-finalised', 'round-opened']);
    expect(events[1]).toMatchObject({ void: true, modelHash: hashOf(1_001), verdicts: [] });
    expect(world.ledger.round('job', 2)?.phase).toBe('void');
    expect(world.ledger.job('job')).toMatchObject({ round: 3, modelHash: hashOf(1_001) });
  });

  test('before any model, a void round has none', () => {
    const world = createWorld(1);
    each(world, [0], () => openJob('job', 1));
    const { events } = each(world, [0], () => attest([], world));
    expect(events.at(-1)).toMatchObject({ kind: 'job-finished', modelHash: null });
  });
});

describe('the result', () => {
  test('stands with a quorum and not before; a late equal one is taken, a second one of a replica is not', () => {
    const world = createWorld(7);
    each(world, [0], () => openJob());
    collect(world, 1);
    each(world, [0, 1, 2, 3], () => resultOf(world, 1));
    expect(world.ledger.round('job', 1)?.phase).toBe('aggregating');
    expect(world.send(replica(world, 0), resultOf(world, 1))).toBe('already-committed');
    expect(kinds(each(world, [4], () => resultOf(world, 1)))).toEqual(['round-finalised', 'round-opened']);
    expect(world.send(replica(world, 5), resultOf(world, 1))).toBe('applied');
    expect(world.send(replica(world, 5), resultOf(world, 1))).toBe('already-committed');
    expect(world.ledger.round('job', 1)?.resultsBy).toHaveLength(6);
  });

  test('verdicts that differ by one field are another result', () => {
    const world = createWorld(4);
    each(world, [0], () => openJob());
    collect(world, 1);
    const result = resultOf(world, 1) as Extract<Command, { kind: 'commit-result' }>;
    const verdicts = result.verdicts.map((verdict, i) =>
      i === 0 ? { ...verdict, norm: 1.5000000000000002 } : verdict,
    );
    each(world, [0], () => ({ ...result, verdicts }));
    each(world, [1, 2], () => result);
    expect(world.ledger.round('job', 1)?.phase).toBe('aggregating');
    each(world, [3], () => result);
    expect(world.ledger.round('job', 1)).toMatchObject({ phase: 'finalised', verdicts: result.verdicts });
  });

  test('where no quorum can agree any more, the round is void and nobody is accused', () => {
    const world = createWorld(4); // quorum 3
    each(world, [0], () => openJob());
    collect(world, 1);
    const other: Command = {
      ...(resultOf(world, 1) as Extract<Command, { kind: 'commit-result' }>),
      modelHash: hashOf(1),
    };
    each(world, [0, 1], () => resultOf(world, 1));
    each(world, [2], () => other);
    expect(world.ledger.round('job', 1)?.phase).toBe('aggregating');
    expect(kinds(each(world, [3], () => other))).toEqual(['round-finalised', 'round-opened']);
    expect(world.ledger.round('job', 1)?.phase).toBe('void');
    expect(world.ledger.quarantines()).toEqual([]);
  });

  test('the votes of quarantined replicas still count', () => {
    const world = createWorld(4);
    each(world, [0], () => openJob());
    each(world, [1], () => update(1, hashOf(1)));
    each(world, [1], () => update(1, hashOf(2)));
    expect(world.ledger.isQuarantined(replica(world, 1).device)).toBe(true);
    each(world, [0], () => update(1, hashOf(0)));
    each(world, [0, 1, 2], () => attestation(world, 1));
    // Its own update is not in the set, although all named it.
    const fixed = world.ledger.round('job', 1)?.updates.filter((entry) => entry.fixed);
    expect(fixed?.map(({ device }) => device)).toEqual([replica(world, 0).device]);
    each(world, [0, 1, 2], () => resultOf(world, 1));
    expect(world.ledger.round('job', 1)?.phase).toBe('finalised');
  });
});

test("block time never goes back, and a gap in the heights is the caller's error", () => {
  const ledger = createLedger(createWorld(1).genesis);
  const start = ledger.timeMs;
  ledger.apply({ height: 1, timeMs: start + 500, requests: [] });
  ledger.apply({ height: 2, timeMs: start + 100, requests: [] });
  expect(ledger.timeMs).toBe(start + 500);
  expect(() => ledger.apply({ height: 4, timeMs: start, requests: [] })).toThrow(
    expect.objectContaining({ code: 'LEDGER_HEIGHT_GAP' }),
  );
  expect(() => ledger.apply({ height: 3, timeMs: 0.5, requests: [] })).toThrow(
    expect.objectContaining({ code: 'LEDGER_TIME_INVALID' }),
  );
});
