import { QueryClient } from '@tanstack/react-query';
import { expect, test, vi } from 'vitest';
import { FixtureSource } from '../../gateway/test/fixtures/source.ts';
import type { Api } from '../src/api/api.ts';
import { keys } from '../src/api/keys.ts';
import { createLive } from '../src/api/live.ts';

type Watcher = Parameters<Api['subscribe']>[0];

/** A live store over an api whose connection the test holds in its hand. */
function liveOver() {
  const source = new FixtureSource({ steps: 12 });
  const client = new QueryClient();
  let watcher: Watcher | undefined;
  const subscribe = (given: Watcher) => {
    watcher = given;
    return () => {
      watcher = undefined;
    };
  };
  const live = createLive({ subscribe }, client);
  const stop = live.start();
  return { source, client, live, stop, line: () => watcher as Watcher };
}

test('a snapshot that arrives is what pages read, and its time is kept', () => {
  const { source, client, live, line } = liveOver();
  expect(live.get()).toMatchObject({ phase: 'connecting', lastUpdateMs: null });
  line().onOpen?.();
  const snapshot = source.snapshot();
  line().onEvent({ kind: 'snapshot', snapshot });
  expect(client.getQueryData(keys.swarm)).toEqual(snapshot);
  expect(live.get()).toMatchObject({ phase: 'live', latency: [snapshot.ledger.commitLatencyMs] });
  expect(Date.now() - (live.get().lastUpdateMs ?? 0)).toBeLessThan(5_000);
});

test('an event makes stale what it concerns and nothing else', () => {
  const { client, line, source } = liveOver();
  const round = source.snapshot().job?.history[0];
  if (round === undefined) expect.unreachable();
  const lists = [keys.roundsOf(round.job), keys.round(round.job, round.round), keys.round(round.job, 99), keys.blocks];
  for (const key of lists) client.setQueryData(key, {});
  line().onEvent({ kind: 'round', round });
  const stale = lists.map((key) => client.getQueryState(key)?.isInvalidated);
  expect(stale).toEqual([true, true, false, false]);
});

test('a lost line is reconnecting only once there was one, and its return makes everything stale', () => {
  const { client, live, line } = liveOver();
  const lost = { code: 1006, reason: '', retryInMs: 250 };
  line().onLost?.(lost);
  expect(live.get().phase).toBe('connecting');
  line().onOpen?.();
  line().onLost?.(lost);
  expect(live.get().phase).toBe('reconnecting');
  client.setQueryData(keys.evidence, {});
  line().onOpen?.();
  expect(live.get().phase).toBe('live');
  expect(client.getQueryState(keys.evidence)?.isInvalidated).toBe(true);
});

test('a page that stays open for days remembers a bounded number of latencies', () => {
  const { source, live, line } = liveOver();
  const snapshot = source.snapshot();
  vi.useFakeTimers();
  try {
    for (let i = 0; i < 1_000; i++) {
      vi.advanceTimersByTime(1_000);
      line().onEvent({ kind: 'snapshot', snapshot });
    }
    expect(live.get().latency.length).toBe(180);
  } finally {
    vi.useRealTimers();
  }
});

test('who stops listening hears nothing more', () => {
  const { live, line, stop } = liveOver();
  const heard = vi.fn();
  const leave = live.subscribe(heard);
  line().onOpen?.();
  leave();
  line().onOpen?.();
  expect(heard).toHaveBeenCalledTimes(1);
  stop();
  expect(line()).toBeUndefined();
});
