import { toHex, utf8 } from '@murmuration/core';
import { expect, test } from 'vitest';
import {
  createPlan,
  type MaskingClient,
  readRosterStatement,
  readSurvivorStatement,
  rosterStatement,
  type SignedKey,
  verifyRoster,
} from '../../src/secure-aggregation/index.ts';
import { encodeServerMessage, readClientMessage } from '../../src/secure-aggregation/messages.ts';
import { createWorld, devices, plainSum, runWorld, type World } from './world.ts';

const COMMITTED = { seedText: 'roster', size: 5, roster: 'committed' } as const;

/** The keys that the clients send when they start. */
function keysOf(world: World): SignedKey[] {
  return world.clients.flatMap((client, member) =>
    client.step({ kind: 'start' }).flatMap((effect) => {
      const read = effect.kind === 'send' ? readClientMessage(effect.bytes, 20) : undefined;
      if (read?.ok !== true || read.value.kind !== 'keys') return [];
      const { publicKey, signature } = read.value;
      return [{ member, publicKey, signature }];
    }),
  );
}

function statementOf(world: World, keys: readonly SignedKey[]): Uint8Array {
  return rosterStatement(world.plan, new Map(keys.map(({ member, publicKey }) => [member, publicKey])));
}

test('with a committed roster the sum is exact, dropouts before and after it included', () => {
  for (const lostAfter of ['start', 'keys', 'shares', 'none'] as const) {
    const world = createWorld(COMMITTED);
    const { result, refused } = runWorld(world, (member) => (member === 2 ? lostAfter : 'none'));
    expect(refused).toEqual([]);
    const summed = lostAfter === 'none' ? [0, 1, 2, 3, 4] : [0, 1, 3, 4];
    expect(result?.survivors).toEqual(summed);
    expect([...(result?.sum ?? [])]).toEqual(plainSum(world.inputs, summed));
    expect(world.committed.length).toBe(2);
  }
});

test('replicas commit to no roster with a key that its device has not signed', () => {
  const world = createWorld(COMMITTED);
  const keys = keysOf(world);
  const deps = { keyOf: (member: number) => world.signers[member]?.publicKey };
  const statement = statementOf(world, keys);
  expect(verifyRoster(world.plan, statement, keys, deps).ok).toBe(true);

  const reasonOf = (given: readonly SignedKey[], claimed = statement) => {
    const checked = verifyRoster(world.plan, claimed, given, deps);
    return checked.ok ? 'taken' : checked.reason;
  };
  const [first, second] = keys as [SignedKey, SignedKey];
  const swapped = [{ ...first, publicKey: second.publicKey }, ...keys.slice(1)];
  expect(reasonOf(swapped)).toBe('other-members');
  expect(reasonOf(swapped, statementOf(world, swapped))).toBe('bad-signature');
  expect(reasonOf(keys.slice(1))).toBe('other-members');
  expect(reasonOf([first, first, ...keys.slice(2)])).toBe('other-members');
  expect(reasonOf(keys, utf8('nothing'))).toBe('malformed-statement');
  const other = createPlan({ ...world.plan, round: 2, noiseVariance: 1 });
  expect(readRosterStatement(other, statement)).toMatchObject({ ok: false, reason: 'other-plan' });
});

test('a client takes only committed keys, in the mode of its plan', () => {
  const world = createWorld(COMMITTED);
  const keys = keysOf(world);
  const statement = statementOf(world, keys);
  const near = keys.slice(1);
  const entries = near.map(({ member, publicKey }) => ({ member, publicKey }));
  const reasonOf = (message: Parameters<typeof encodeServerMessage>[0]) => {
    const client = world.clients[0] as MaskingClient;
    return client
      .step({ kind: 'message', bytes: encodeServerMessage(message) })
      .map((effect) => (effect.kind === 'refused' ? effect.reason : effect.kind));
  };
  const certificate = new Uint8Array(1);
  const committed = { kind: 'committed-roster', entries, statement, certificate } as const;
  expect(reasonOf(committed)).toEqual(['not-committed']);
  expect(reasonOf({ kind: 'roster', entries: near })).toEqual(['other-roster-mode']);
  world.committed.push(statement);
  const forged = [{ member: 1, publicKey: (keys[2] as SignedKey).publicKey }, ...entries.slice(1)];
  expect(reasonOf({ ...committed, entries: forged })).toEqual(['not-in-roster']);
  expect(
    reasonOf({ ...committed, entries: [...entries, { ...entries[0], member: 9 } as (typeof entries)[number]] }),
  ).toEqual(['stranger']);
  expect(reasonOf(committed)).toEqual(['send']);

  const signed = createWorld({ ...COMMITTED, roster: 'signed' });
  keysOf(signed);
  signed.committed.push(statement);
  const effects = (signed.clients[0] as MaskingClient).step({ kind: 'message', bytes: encodeServerMessage(committed) });
  expect(effects).toMatchObject([{ kind: 'refused', reason: 'other-roster-mode' }]);
});

test('a roster is never read as a set of survivors, at any size of the plan', () => {
  // A bitmap of 4,096 members is as long as the digests of 16: told apart by the kind.
  const plan = createPlan({
    ...{ job: 'job', round: 1, group: 0, members: devices(4096), seed: new Uint8Array(32), length: 1, bound: 1 },
    roster: 'committed',
  });
  const keys = new Map(Array.from({ length: 16 }, (_, i) => [i, utf8(`key ${i}`)]));
  const statement = rosterStatement(plan, keys);
  expect(readRosterStatement(plan, statement).ok).toBe(true);
  expect(readSurvivorStatement(plan, statement)).toMatchObject({ ok: false, reason: 'malformed-statement' });
});

test('the mode of the roster is part of what everyone agrees on', () => {
  const digests = (['signed', 'committed'] as const).map((roster) =>
    toHex(createWorld({ ...COMMITTED, roster }).plan.digest),
  );
  expect(new Set(digests).size).toBe(2);
});
