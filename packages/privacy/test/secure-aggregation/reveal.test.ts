import { fromUtf8, seededRandom, toHex, utf8 } from '@murmuration/core';
import { expect, test } from 'vitest';
import { type MaskingClient, type SurvivorSets, survivorStatement } from '../../src/secure-aggregation/index.ts';
import { encodeServerMessage, readClientMessage } from '../../src/secure-aggregation/messages.ts';
import { createWorld, type World, type WorldOptions } from './world.ts';

/** Carries a plan on to where every client has sent its vector and nothing is committed. */
function masked(options: Partial<WorldOptions> = {}): World {
  const world = createWorld({ seedText: 'reveal', size: 5, ...options });
  let queue = world.clients.flatMap((client, from) =>
    client.step({ kind: 'start' }).map((effect) => ({ from, effect })),
  );
  while (queue.length > 0) {
    queue = queue.flatMap(({ from, effect }) => {
      if (effect.kind !== 'send') return [];
      return world.aggregator.step({ kind: 'message', from, bytes: effect.bytes }).flatMap((answer) => {
        if (answer.kind !== 'send') return [];
        const client = world.clients[answer.to] as MaskingClient;
        return client.step({ kind: 'message', bytes: answer.bytes }).map((next) => ({ from: answer.to, effect: next }));
      });
    });
  }
  expect(world.clients.map((client) => client.phase)).toEqual(world.clients.map(() => 'masked'));
  return world;
}

const all = new Set([0, 1, 2, 3, 4]);
const first = (world: World) => world.clients[0] as MaskingClient;

function offer(client: MaskingClient, statement: Uint8Array, certificate = 'committed') {
  return client.step({
    kind: 'message',
    bytes: encodeServerMessage({ kind: 'survivors', statement, certificate: utf8(certificate) }),
  });
}

/** Shares that the effects give away, as `peer: share`. */
function given(effects: ReturnType<MaskingClient['step']>): string[] {
  return effects.flatMap((effect) => {
    if (effect.kind !== 'send') return [];
    const read = readClientMessage(effect.bytes, 20);
    if (!read.ok || read.value.kind !== 'reveal') throw new Error('not a reveal');
    return read.value.shares.map(({ of, share }) => `${of}: ${toHex(share)}`);
  });
}

test('a client reveals only against the committed statement, and a lie about the survivors is a returned reason', () => {
  const committed: string[] = [];
  const world = masked({
    client: {
      isCommitted: (statement, certificate) =>
        fromUtf8(certificate) === 'committed' && committed.includes(toHex(statement)),
    },
  });
  const { plan } = world;
  const lies: readonly [string, SurvivorSets][] = [
    ['not-committed', { sharers: all, survivors: all }],
    ['not-a-survivor', { sharers: all, survivors: new Set([1, 2, 3, 4]) }],
    ['other-sharers', { sharers: new Set([0, 1, 2, 3]), survivors: new Set([0, 1, 2]) }],
    ['too-few-survivors', { sharers: all, survivors: new Set([0, 1]) }],
    ['survivor-without-shares', { sharers: new Set([0, 1, 2, 3]), survivors: all }],
  ];
  for (const [reason, sets] of lies) {
    const statement = survivorStatement(plan, sets);
    // Even a swarm that commits to nonsense gets nothing: only the first lie is one of commitment alone.
    if (reason !== 'not-committed') committed.push(toHex(statement));
    expect([reason, offer(first(world), statement)]).toEqual([
      reason,
      [expect.objectContaining({ kind: 'refused', reason })],
    ]);
  }
  const other = masked({ seedText: 'another plan', round: 2 });
  const foreign = survivorStatement(other.plan, { sharers: all, survivors: all });
  expect(offer(first(world), foreign)).toEqual([expect.objectContaining({ kind: 'refused', reason: 'other-plan' })]);
  expect(offer(first(world), utf8('nonsense'))).toEqual([
    expect.objectContaining({ kind: 'refused', reason: 'malformed-statement' }),
  ]);

  const statement = survivorStatement(plan, { sharers: all, survivors: all });
  committed.push(toHex(statement));
  expect(offer(first(world), statement, 'forged')).toEqual([expect.objectContaining({ reason: 'not-committed' })]);
  expect(given(offer(first(world), statement)).length).toBe(5);
  expect(first(world).phase).toBe('revealed');
});

test('on a regular graph a client refuses survivors that leave too little of its own neighbourhood', () => {
  const world = masked({
    seedText: 'near',
    size: 12,
    degree: 4,
    threshold: 3,
    minSurvivors: 4,
    client: { isCommitted: () => true },
  });
  const { plan } = world;
  const everyone = new Set(plan.members.keys());
  const strangers = [...everyone].filter((member) => member !== 0 && !plan.graph.areNeighbours(0, member));
  const statement = survivorStatement(plan, { sharers: everyone, survivors: new Set([0, ...strangers]) });
  expect(offer(first(world), statement)).toEqual([expect.objectContaining({ reason: 'below-threshold' })]);
});

test('a repeated question gets the same bytes, another question gets nothing', () => {
  const world = masked({ client: { isCommitted: () => true } });
  const statement = survivorStatement(world.plan, { sharers: all, survivors: new Set([0, 1, 2, 3]) });
  const answer = offer(first(world), statement);
  expect(given(answer).length).toBe(5);
  expect(offer(first(world), statement)).toEqual(answer);
  const another = survivorStatement(world.plan, { sharers: all, survivors: all });
  expect(offer(first(world), another)).toEqual([expect.objectContaining({ reason: 'already-revealed' })]);
});

test('no sequence of committed lies, replays and damaged messages makes a client reveal both secrets of a peer', () => {
  const random = seededRandom('both secrets');
  for (let run = 0; run < 12; run++) {
    // The worst swarm: it commits to everything.
    const world = masked({ seedText: `search ${run}`, client: { isCommitted: () => true } });
    const seen = new Map<string, Set<string>>();
    const asked: Uint8Array[] = [];
    for (let step = 0; step < 120; step++) {
      const survivors = new Set([...all].filter(() => random.below(5) > 0));
      const sharers = random.below(4) === 0 ? survivors : all;
      const statement = survivorStatement(world.plan, { sharers, survivors });
      let bytes = encodeServerMessage({ kind: 'survivors', statement, certificate: new Uint8Array(0) });
      if (random.below(4) === 0 && asked.length > 0) bytes = asked[random.below(asked.length)] as Uint8Array;
      if (random.below(4) === 0) bytes = bytes.map((byte) => (random.below(20) === 0 ? random.below(256) : byte));
      asked.push(bytes);
      const member = random.below(5);
      const effects = (world.clients[member] as MaskingClient).step({ kind: 'message', bytes });
      for (const share of given(effects)) {
        const peer = `${member} of ${share.split(': ')[0]}`;
        seen.set(peer, (seen.get(peer) ?? new Set()).add(share));
      }
    }
    expect(seen.size).toBeGreaterThan(0);
    for (const [peer, shares] of seen) expect([peer, shares.size]).toEqual([peer, 1]);
  }
});

test('the search above sees a client that answers twice: positive control', () => {
  // Two lives of one client, as if it had forgotten that it answered.
  const shares = [all, new Set([0, 1, 2, 3])].flatMap((survivors) => {
    const world = masked({ client: { isCommitted: () => true, coins: 'entropy' } });
    return given(offer(first(world), survivorStatement(world.plan, { sharers: all, survivors })));
  });
  expect(new Set(shares.filter((share) => share.startsWith('4: '))).size).toBe(2);
});

test('fewer than the threshold never release a sum, and a late vector stays out and hidden', () => {
  const world = masked({ client: { isCommitted: () => true } });
  // The server has everybody's vector; too few answer.
  const statement = world.aggregator.phase;
  expect(statement).toBe('committing');
  const sends = world.aggregator.step({ kind: 'certified', certificate: new Uint8Array(1) });
  for (const effect of sends) {
    if (effect.kind !== 'send' || effect.to > 1) continue;
    for (const reply of (world.clients[effect.to] as MaskingClient).step({ kind: 'message', bytes: effect.bytes })) {
      if (reply.kind === 'send') world.aggregator.step({ kind: 'message', from: effect.to, bytes: reply.bytes });
    }
  }
  expect(world.aggregator.step({ kind: 'deadline' })).toEqual([
    expect.objectContaining({ kind: 'void', reason: 'too-few-shares' }),
  ]);
  expect(world.aggregator.phase).toBe('void');
});
