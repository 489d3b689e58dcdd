import { accept, isMurmurError, utf8 } from '@murmuration/core';
import { expect, test } from 'vitest';
import { createWorld, EPOCH_MS, makePeace, unleashChaos, type World } from '../src/index.ts';

const put = (key: string, value: string) => [{ key, value: utf8(value) }];

/** A gossip among five nodes with every fault there is. */
async function busyRun(seed: number): Promise<World> {
  const faults = { loss: 0.1, duplication: 0.1, reordering: 0.2, maxSkewMs: 100, maxDriftPpm: 500 };
  const world = createWorld({ seed, faults });
  for (let i = 0; i < 5; i++) {
    world.node(`n${i}`).onBoot(({ port, clock, store, random }) => {
      port.onMessage('gossip', (_, bytes) => {
        world.record('heard', bytes);
        void store.write([{ key: `k${random.below(9)}`, value: bytes }]).then(() => world.record('stored'));
      });
      const speak = () => {
        port.broadcast('gossip', Uint8Array.of(random.below(256)));
        clock.setTimer(50, speak);
      };
      clock.setTimer(random.below(50), speak);
    });
  }
  unleashChaos(world, { untilMs: 3000, maxDown: 2, everyMs: 200 });
  await world.run({ untilMs: 4000 });
  return world;
}

test('one seed, one run: the trace hash of every event repeats, and another seed has another', async () => {
  const [first, second, other] = await Promise.all([busyRun(7), busyRun(7), busyRun(8)]);
  expect(first.events).toBeGreaterThan(1000);
  expect(second.traceHash()).toBe(first.traceHash());
  expect(second.events).toBe(first.events);
  expect(other.traceHash()).not.toBe(first.traceHash());
});

test('events of one time happen in the order in which they were scheduled', async () => {
  const world = createWorld({ seed: 1, promises: false });
  const order: number[] = [];
  for (let i = 0; i < 100; i++) world.after(i % 3, 'tick', () => order.push(i));
  await world.run();
  const wanted = Array.from({ length: 100 }, (_, i) => i).sort((a, b) => (a % 3) - (b % 3) || a - b);
  expect(order).toEqual(wanted);
});

test('promises that can go on have gone on before the next event', async () => {
  const world = createWorld({ seed: 1 });
  const order: string[] = [];
  world.after(1, 'first', () => {
    void (async () => {
      for (let i = 0; i < 500; i++) await null;
      order.push('chain of the first event');
    })();
  });
  world.after(1, 'second', () => order.push('second event'));
  await world.run();
  expect(order).toEqual(['chain of the first event', 'second event']);
});

test('virtual time stands still until real work outside has settled, and hands it out in order', async () => {
  const world = createWorld({ seed: 1 });
  const order: string[] = [];
  world.after(1, 'start', () => {
    for (const [name, ms] of [
      ['slow', 20],
      ['fast', 1],
    ] as const) {
      const work = new Promise((resolve) => setTimeout(resolve, ms));
      void world.external(work).then(() => order.push(`${name} at ${world.nowMs()}`));
    }
  });
  world.after(2, 'later', () => order.push('later'));
  await world.run();
  expect(order).toEqual(['slow at 1', 'fast at 1', 'later']);
});

test('a crash loses a suffix of the writes that were not durable, and nothing that was', async () => {
  const kept = new Set<number>();
  for (let seed = 0; seed < 60; seed++) {
    const world = createWorld({ seed, faults: { maxSyncMs: 50 } });
    const node = world.node('n');
    let durable = false;
    void node.store.write(put('durable', 'yes')).then(() => {
      durable = true;
    });
    await world.run({ until: () => durable });
    let resolved = 0;
    for (let i = 0; i < 4; i++) void node.store.write(put(`late/${i}`, 'x')).then(() => resolved++);
    node.crash();
    node.restart();
    await world.run({ untilMs: world.nowMs() + 1000 });
    expect(resolved).toBe(0);
    const keys = (await node.store.scan('')).map(({ key }) => key);
    expect(keys).toEqual(['durable', 'late/0', 'late/1', 'late/2', 'late/3'].slice(0, keys.length));
    kept.add(keys.length);
  }
  expect([...kept].sort()).toEqual([1, 2, 3, 4, 5]);
});

test('a write that need not be durable is read at once, may be lost, and is kept by the next durable one', async () => {
  const kept = new Set<string>();
  for (let seed = 0; seed < 40; seed++) {
    const world = createWorld({ seed });
    const node = world.node('n');
    await node.store.write(put('a', '1'), { durable: false });
    await node.store.write(put('b', '1'), { durable: false });
    expect((await node.store.scan('')).map(({ key }) => key)).toEqual(['a', 'b']);
    if (seed % 2 === 0) {
      void node.store.write(put('c', '1'));
      await world.run({ untilMs: 100 });
    }
    node.crash();
    node.restart();
    kept.add(`${seed % 2} ${(await node.store.scan('')).map(({ key }) => key).join('')}`);
  }
  expect([...kept].sort()).toEqual(['0 abc', '1 ', '1 a', '1 ab']);
});

test('nothing of a crashed process goes on: no timer, no message, no promise', async () => {
  const world = createWorld({ seed: 3 });
  const [a, b] = [world.node('a'), world.node('b')];
  const heard: string[] = [];
  a.clock.setTimer(10, () => heard.push('timer of the dead'));
  a.port.onMessage('t', () => heard.push('message to the dead'));
  void b.port.request(a.device, 'r', Uint8Array.of(1)).then((answer) => heard.push(answer.ok ? 'ok' : answer.reason));
  b.port.send(a.device, 't', Uint8Array.of(1));
  const { port } = a;
  a.crash();
  expect(port.send(b.device, 't', Uint8Array.of(1))).toMatchObject({ ok: false, reason: 'closed' });
  a.restart();
  await world.run({ untilMs: 10_000 });
  expect(heard).toEqual(['timeout']);
});

test('a partition drops silently, one way or both; healing lets messages through again', async () => {
  const world = createWorld({ seed: 4 });
  const nodes = ['a', 'b'].map((name) => world.node(name));
  const heard: string[] = [];
  for (const node of nodes) node.port.onMessage('t', () => heard.push(node.name));
  const talk = async () => {
    heard.length = 0;
    for (const node of nodes) node.port.broadcast('t', Uint8Array.of(1));
    await world.run({ untilMs: world.nowMs() + 100 });
    return heard.sort().join();
  };
  expect(await talk()).toBe('a,b');
  world.network.partition(['a'], ['b'], { oneWay: true });
  expect(await talk()).toBe('a');
  world.network.partition(['a'], ['b']);
  expect(await talk()).toBe('');
  makePeace(world);
  expect(await talk()).toBe('a,b');
});

test('clocks are off by at most the skew, and drift shows in timers', async () => {
  const world = createWorld({ seed: 5, faults: { maxSkewMs: 1000, maxDriftPpm: 50_000 } });
  const fired: number[] = [];
  for (let i = 0; i < 20; i++) {
    const { clock } = world.node(`n${i}`);
    expect(Math.abs(clock.nowMs() - EPOCH_MS)).toBeLessThanOrEqual(1000);
    clock.setTimer(1000, () => fired.push(world.nowMs()));
  }
  await world.run();
  expect(new Set(fired).size).toBeGreaterThan(10);
  for (const atMs of fired) expect(Math.abs(atMs - 1000)).toBeLessThanOrEqual(60);
});

test('a broken invariant ends the run and names seed, event and the command that replays it', async () => {
  const world = createWorld({ seed: 42, replay: 'npm run sim -- some --from 42 --seeds 1' });
  let count = 0;
  world.invariant('few', () => (count > 3 ? `counted ${count}` : undefined));
  for (let i = 0; i < 10; i++) world.after(i, 'count', () => count++);
  const error = await world.run().catch((thrown: unknown) => thrown);
  expect(isMurmurError(error, 'SIMULATION_FAILED')).toBe(true);
  expect(error).toMatchObject({ remedy: 'replay it: npm run sim -- some --from 42 --seeds 1' });
  expect(String(error)).toContain('seed 42');
  expect(String(error)).toContain('few: counted 4');
});

test('a process that fails to boot, and an event that throws, end the run with their cause', async () => {
  for (const wrong of ['boot', 'event'] as const) {
    const world = createWorld({ seed: 1 });
    const cause = new Error(wrong);
    if (wrong === 'boot') world.node('n').onBoot(() => Promise.reject(cause));
    world.after(1, 'event', () => {
      throw cause;
    });
    await expect(world.run()).rejects.toMatchObject({ code: 'SIMULATION_FAILED', cause });
  }
});

test('a request is answered by the process that runs when it arrives', async () => {
  const world = createWorld({ seed: 6 });
  const [a, b] = [world.node('a'), world.node('b')];
  b.onBoot(({ port }) => {
    port.onRequest('boots', async () => accept(Uint8Array.of(b.boots)));
  });
  b.crash();
  b.restart();
  let answer: unknown;
  void a.port.request(b.device, 'boots', new Uint8Array(0)).then((got) => {
    answer = got;
  });
  await world.run({ untilMs: 1000 });
  expect(answer).toEqual({ ok: true, value: Uint8Array.of(2) });
});
