import { expect, test } from 'vitest';
import { createWorld, TOKEN } from '../../gateway/test/fixtures/world.ts';
import { createClient, type SwarmEvent } from '../src/index.ts';
import { pauseMs } from '../src/subscribe.ts';

/** What a subscription tells, and a way to wait for it. */
function watch() {
  const told: string[] = [];
  const events: SwarmEvent[] = [];
  const lost: { code: number; reason: string; retryInMs: number }[] = [];
  return {
    told,
    events,
    lost,
    watcher: {
      onOpen: () => told.push('open'),
      onEvent: (event: SwarmEvent) => {
        told.push(event.kind);
        events.push(event);
      },
      onLost: (how: { code: number; reason: string; retryInMs: number }) => {
        told.push('lost');
        lost.push(how);
      },
    },
    async until(done: () => boolean): Promise<void> {
      const deadline = Date.now() + 5000;
      while (!done()) {
        if (Date.now() > deadline) throw new Error(`waited in vain; told ${told.join(' ')}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
  };
}

test('a subscriber hears open, a snapshot, then events', async () => {
  await using world = await createWorld();
  const seen = watch();
  const stop = createClient({ baseUrl: world.gateway.url }).subscribe(seen.watcher);
  await seen.until(() => seen.events.length === 1);
  world.source.advance();
  await seen.until(() => seen.told.includes('round'));
  expect(seen.told.slice(0, 3)).toEqual(['open', 'snapshot', 'block']);
  stop();
});

test('a subscriber whose gateway restarts comes back by itself and is told the state anew', async () => {
  const first = await createWorld();
  const { port } = first.gateway;
  const seen = watch();
  const client = createClient({ baseUrl: first.gateway.url });
  const stop = client.subscribe(seen.watcher, { minRetryMs: 20, maxRetryMs: 60 });
  await seen.until(() => seen.events.length === 1);
  await first[Symbol.asyncDispose]();
  await seen.until(() => seen.lost.length >= 2);
  expect(seen.lost[0]).toMatchObject({ code: 1001, reason: 'the gateway stops' });
  await using second = await createWorld({ port, fixture: { steps: 50 } });
  await seen.until(() => seen.events.length === 2);
  expect(seen.events[1]).toMatchObject({ kind: 'snapshot', snapshot: { ledger: { height: 50 } } });
  stop();
  expect(second.gateway.port).toBe(port);
});

test('after stop nothing is told and nobody reconnects', async () => {
  const world = await createWorld();
  const seen = watch();
  const stop = createClient({ baseUrl: world.gateway.url }).subscribe(seen.watcher, { minRetryMs: 5 });
  await seen.until(() => seen.events.length === 1);
  stop();
  stop();
  const before = [...seen.told];
  world.source.advance();
  await world[Symbol.asyncDispose]();
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(seen.told).toEqual(before);
});

test('where reads need the token, the stream carries it', async () => {
  await using world = await createWorld({ host: '0.0.0.0' });
  const [known, stranger] = [watch(), watch()];
  const stopKnown = createClient({ baseUrl: world.gateway.url, token: TOKEN }).subscribe(known.watcher);
  const stopStranger = createClient({ baseUrl: world.gateway.url }).subscribe(stranger.watcher, { minRetryMs: 10 });
  await known.until(() => known.events.length === 1);
  await stranger.until(() => stranger.lost.length >= 2);
  expect(stranger.events).toEqual([]);
  stopKnown();
  stopStranger();
});

test('pauses double from the least to the most, and chance only shortens them, by half at most', () => {
  const longest = [0, 1, 2, 3, 4, 40, 4000].map((failures) => pauseMs(failures, 250, 4000, 0));
  expect(longest).toEqual([250, 500, 1000, 2000, 4000, 4000, 4000]);
  for (let failures = 0; failures < 10; failures++) {
    const pause = pauseMs(failures, 250, 4000);
    expect(pause).toBeGreaterThanOrEqual(pauseMs(failures, 250, 4000, 1));
    expect(pause).toBeLessThanOrEqual(pauseMs(failures, 250, 4000, 0));
  }
});
