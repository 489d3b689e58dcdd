import type { SwarmEvent } from '@murmuration/node';
import { afterEach, expect, test } from 'vitest';
import WebSocketClient from 'ws';
import { CLOSE_NOT_ACCEPTED, CLOSE_SILENT_CLIENT, type GatewayOptions } from '../../src/index.ts';
import { createWorld, type World } from '../fixtures/world.ts';

const worlds: World[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world[Symbol.asyncDispose]();
});

async function open(options: GatewayOptions = {}): Promise<World> {
  const world = await createWorld(options);
  worlds.push(world);
  return world;
}

interface Listener {
  readonly events: SwarmEvent[];
  readonly socket: WebSocketClient;
  until(done: (events: readonly SwarmEvent[]) => boolean): Promise<void>;
  closed(): Promise<{ code: number; reason: string }>;
}

function listen(world: World, options: { autoPong?: boolean } = {}): Listener {
  const socket = new WebSocketClient(`${world.gateway.url.replace('http', 'ws')}/api/v1/events`, options);
  const events: SwarmEvent[] = [];
  const waiting = new Set<() => void>();
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
  });
  socket.on('message', (data) => {
    events.push(JSON.parse(data.toString()));
    for (const check of waiting) check();
  });
  socket.on('error', () => {});
  const until = (done: (events: readonly SwarmEvent[]) => boolean) =>
    new Promise<void>((resolve) => {
      const check = () => {
        if (!done(events)) return;
        waiting.delete(check);
        resolve();
      };
      waiting.add(check);
      check();
    });
  return { events, socket, until, closed: () => closed };
}

const log = (text: string): SwarmEvent => ({ kind: 'log', atMs: 1, level: 'info', device: null, text });
const texts = (events: readonly SwarmEvent[]) => events.flatMap((event) => (event.kind === 'log' ? [event.text] : []));

test('a reader gets a snapshot first, then every event in order', async () => {
  const world = await open();
  const reader = listen(world);
  await reader.until((events) => events.length === 1);
  expect(reader.events[0]).toEqual({ kind: 'snapshot', snapshot: JSON.parse(JSON.stringify(world.source.snapshot())) });
  const wanted = Array.from({ length: 100 }, (_, i) => `line ${i}`);
  for (const text of wanted) world.source.emit(log(text));
  await reader.until((events) => texts(events).length === 100);
  expect(texts(reader.events)).toEqual(wanted);
});

test('a step of the swarm arrives as block, round and snapshot', async () => {
  const world = await open({ minSnapshotIntervalMs: 1 });
  const reader = listen(world);
  await reader.until((events) => events.length === 1);
  world.source.advance();
  await reader.until((events) => events.some(({ kind }, i) => kind === 'snapshot' && i > 0));
  expect(new Set(reader.events.map(({ kind }) => kind))).toEqual(new Set(['snapshot', 'block', 'round']));
});

test('a burst of snapshots becomes few, and the last one sent is the newest', async () => {
  const world = await open({ minSnapshotIntervalMs: 60 });
  const reader = listen(world);
  await reader.until((events) => events.length === 1);
  for (let i = 0; i < 200; i++) world.source.advance();
  const height = world.source.snapshot().ledger.height;
  await reader.until((events) => events.some((it) => it.kind === 'snapshot' && it.snapshot.ledger.height === height));
  const kinds = reader.events.map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind === 'block')).toHaveLength(200);
  expect(kinds.filter((kind) => kind === 'snapshot').length).toBeLessThanOrEqual(4);
});

test('a reader that does not read is dropped with a code, and the others miss nothing', async () => {
  const world = await open({ maxEventBacklogBytes: 65_536 });
  const slow = listen(world);
  const reader = listen(world);
  await Promise.all([slow, reader].map((it) => it.until((events) => events.length === 1)));
  slow.socket.pause();
  const line = 'x'.repeat(65_536);
  const total = 400;
  for (let i = 0; i < total; i++) {
    world.source.emit(log(`${i} ${line}`));
    // The healthy reader keeps up: the backlog is the slow one's alone.
    await reader.until((events) => texts(events).length === i + 1);
  }
  slow.socket.resume();
  const { code, reason } = await slow.closed();
  expect([code, reason]).toEqual([4008, 'SLOW_CLIENT']);
  expect(texts(slow.events).length).toBeLessThan(total);
  expect(texts(reader.events)).toHaveLength(total);
  expect(reader.socket.readyState).toBe(WebSocketClient.OPEN);
}, 20_000);

test('a reader that is gone without a word is dropped after two pings', async () => {
  const world = await open({ eventPingMs: 40 });
  const [silent, alive] = [listen(world, { autoPong: false }), listen(world)];
  await alive.until((events) => events.length === 1);
  expect((await silent.closed()).code).toBe(CLOSE_SILENT_CLIENT);
  expect(alive.socket.readyState).toBe(WebSocketClient.OPEN);
});

test('a reader that speaks, or speaks too much, is shown the door', async () => {
  const world = await open();
  const [talker, shouter] = [listen(world), listen(world)];
  await Promise.all([talker, shouter].map((it) => it.until((events) => events.length === 1)));
  talker.socket.send('hello');
  shouter.socket.send('x'.repeat(2048));
  expect((await talker.closed()).code).toBe(CLOSE_NOT_ACCEPTED);
  expect((await shouter.closed()).code).toBe(1009);
});

test('streams beyond the limit are refused until one leaves, and an idle hub leaves its source', async () => {
  const world = await open({ maxEventClients: 2 });
  const [first, second] = [listen(world), listen(world)];
  await Promise.all([first, second].map((it) => it.until((events) => events.length === 1)));
  const third = listen(world);
  expect((await third.closed()).code).toBe(1006);
  first.socket.close();
  await first.closed();
  const fourth = listen(world);
  await fourth.until((events) => events.length === 1);
  expect(world.source.listenerCount).toBe(1);
  for (const reader of [second, fourth]) reader.socket.close();
  await Promise.all([second.closed(), fourth.closed()]);
  const deadline = Date.now() + 2000;
  while (world.source.listenerCount > 0 && Date.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 5));
  expect(world.source.listenerCount).toBe(0);
});
