import { accept, equalBytes, memoryStore, type Result, refuse, seededRandom, utf8 } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { createWorld, type Faults } from '@murmuration/simulator';
import { expect, test } from 'vitest';
import { CommitService } from '../../../src/services/secure-aggregation/commit-service.ts';
import {
  Courier,
  type CourierOptions,
  type Inbox,
  type Letter,
} from '../../../src/services/secure-aggregation/courier.ts';
import { inputFor, keyOf, memberAt, openCommittee, planFor, seatOf, serverAt } from './world.ts';

const PLAN = sha3_256(utf8('a plan'));
const OPTIONS = { requestTimeoutMs: 200, retryMs: 50 };
const LARGE = Uint8Array.from({ length: 700_000 }, (_, i) => i % 251);

function office(seed: string, faults: Faults, inbox: Partial<Inbox> = {}, options: CourierOptions = OPTIONS) {
  const world = createWorld({ seed, faults });
  const [a, b] = [world.node('a'), world.node('b')];
  const taken: Letter[] = [];
  const seat = seatOf(b.port, b.clock);
  const receiver = new Courier(
    seat,
    'letters',
    {
      admit: () => accept(undefined),
      take: (letter) => {
        taken.push(letter);
        return accept(Uint8Array.of(letter.number));
      },
      ...inbox,
    },
    options,
  );
  const sender = new Courier(seatOf(a.port, a.clock), 'letters', undefined, options);
  const post = (number: number, letter: Uint8Array, signal = new AbortController().signal) =>
    sender.send(b.device, PLAN, number, letter, signal);
  /** Runs the world until the letter is answered. */
  const settle = async (sent: Promise<Result<Uint8Array>>): Promise<Result<Uint8Array> | undefined> => {
    let answer: Result<Uint8Array> | undefined;
    void sent.then((settled) => {
      answer = settled;
    });
    await world.run({ until: () => answer !== undefined, untilMs: world.nowMs() + 120_000 });
    return answer;
  };
  return { world, taken, receiver, seat, post, settle };
}

test('a letter of many parts is handled once and whole, over links that lose, repeat and reorder', async () => {
  for (let seed = 0; seed < 5; seed++) {
    const { taken, post, settle } = office(`lossy ${seed}`, { loss: 0.2, duplication: 0.2, reordering: 0.3 });
    expect(await settle(post(0, LARGE))).toEqual(accept(Uint8Array.of(0)));
    expect(await settle(post(1, utf8('short')))).toEqual(accept(Uint8Array.of(1)));
    expect(taken.map(({ number }) => number)).toEqual([0, 1]);
    expect(equalBytes((taken[0] as Letter).bytes, LARGE)).toBe(true);
  }
});

test('a letter that was handled is answered again and not handled again; an older one is late; both are counted', async () => {
  const { taken, post, settle, seat } = office('again', {});
  for (const number of [1, 1, 1]) expect(await settle(post(number, utf8('x')))).toEqual(accept(Uint8Array.of(1)));
  expect(await settle(post(0, utf8('x')))).toEqual(refuse('late'));
  expect(taken).toHaveLength(1);
  expect([seat.metrics.refused.get('duplicate'), seat.metrics.refused.get('late')]).toEqual([2, 1]);
});

test('what is not admitted costs no memory, and what has no room waits until there is some', async () => {
  const strange = office('strange', {}, { admit: () => refuse('no-member') });
  expect(await strange.settle(strange.post(0, LARGE))).toEqual(refuse('no-member'));
  const small = office('small', {}, {}, { ...OPTIONS, maxOpenBytes: 600_000 });
  const stop = new AbortController();
  const waiting = small.post(0, LARGE, stop.signal);
  await small.world.run({ untilMs: 3000 });
  expect(small.seat.metrics.refused.get('no-room')).toBeGreaterThan(1);
  stop.abort();
  expect(await small.settle(waiting)).toEqual(refuse('cancelled'));
  expect(await small.settle(small.post(1, LARGE.subarray(0, 500_000)))).toEqual(accept(Uint8Array.of(1)));
});

test('a plan that is cancelled ends both sides at once: no timers, and what comes later is refused', async () => {
  const world = createWorld({ seed: 'cancel' });
  const nodes = ['server', 'a', 'b', 'c'].map((name) => world.node(name));
  const seats = nodes.map(({ port, clock }) => seatOf(port, clock));
  const plan = planFor(nodes.slice(1).map(({ device }) => device));
  const committee = await openCommittee(seats.slice(0, 1), [plan], OPTIONS);
  const server = serverAt(seats[0] as (typeof seats)[0], committee, [(nodes[0] as (typeof nodes)[0]).device], OPTIONS);
  const stop = new AbortController();
  const ended: string[] = [];
  void server.run(plan, { signal: stop.signal }).then(({ kind }) => ended.push(kind));
  for (const seat of seats.slice(1, 3)) {
    void memberAt(seat, committee, OPTIONS)
      .takePart(plan, (seats[0] as (typeof seats)[0]).port.self, inputFor(plan, seat.port.self), stop)
      .then(({ kind }) => ended.push(kind));
  }
  await world.run({ untilMs: 1000 });
  expect(ended).toEqual([]);
  stop.abort();
  await world.run({ untilMs: 2000 });
  expect(ended.sort()).toEqual(['cancelled', 'cancelled', 'cancelled']);
  const before = world.events;
  await world.run({ untilMs: 600_000 });
  // Timers that were cancelled still pass through the queue; nothing else happens.
  expect(world.events - before).toBeLessThan(20);
});

test('a second plan for one round is refused with a code, and so is another group', () => {
  const world = createWorld({ seed: 'repeated' });
  const nodes = ['a', 'b', 'c', 'd'].map((name) => world.node(name));
  const devices = nodes.map(({ device }) => device);
  const [first] = nodes as [(typeof nodes)[0]];
  const service = memberAt(seatOf(first.port, first.clock), { chainId: new Uint8Array(32), epoch: 0, keys: [] });
  const plan = planFor(devices);
  void service.takePart(plan, devices[1] as (typeof devices)[0], inputFor(plan, first.device));
  const other = planFor(devices.slice(0, 3));
  const part = () => service.takePart(other, devices[1] as (typeof devices)[0], inputFor(other, first.device));
  expect(part).toThrow(expect.objectContaining({ code: 'SECURE_AGGREGATION_REPEATED' }));
  const strange = planFor(devices.slice(1), { round: 2 });
  const stranger = () => service.takePart(strange, devices[1] as (typeof devices)[0], inputFor(strange, first.device));
  expect(stranger).toThrow(expect.objectContaining({ code: 'SECURE_AGGREGATION_STRANGER' }));
});

test('a vote in the store that cannot be read keeps a replica from committing', async () => {
  const world = createWorld({ seed: 'votes' });
  const { port, clock } = world.node('replica');
  const seat = seatOf(port, clock);
  const store = memoryStore();
  await store.write([{ key: 'secagg/vote/survivors/aa', value: Uint8Array.of(1, 2, 3) }]);
  const committee = { chainId: new Uint8Array(32), epoch: 0, keys: [seat.signer.publicKey] };
  const opened = CommitService.open({ ...seat, store, committee, keyOf, planOf: () => undefined });
  await expect(opened).rejects.toMatchObject({ code: 'VOTES_DAMAGED' });
});

test('random bytes to each topic are refused with a reason and counted', async () => {
  const { world, seat, taken } = office('noise', {});
  const random = seededRandom('noise');
  const a = world.node('a');
  for (let i = 0; i < 50; i++) {
    const bytes = Uint8Array.from({ length: random.below(200) }, () => random.below(256));
    void a.port.request(seat.port.self, 'letters', bytes);
  }
  await world.run({ untilMs: 5000 });
  expect(taken).toEqual([]);
  expect([...seat.metrics.refused.values()].reduce((sum, count) => sum + count, 0)).toBe(50);
});
