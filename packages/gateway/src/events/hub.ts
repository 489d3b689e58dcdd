import type { Clock, Log, Metrics, Timer } from '@murmuration/core';
import type { SwarmEvent, SwarmSource } from '@murmuration/node';
import { createClient, type EventClient, type EventSocket } from './client.ts';

export interface EventHubDeps {
  readonly source: SwarmSource;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface EventHubOptions {
  readonly maxEventClients: number;
  readonly maxEventBacklogBytes: number;
  readonly minSnapshotIntervalMs: number;
  readonly eventPingMs: number;
}

export interface EventHub {
  /** Whether `join` would be one too many. */
  readonly full: boolean;
  /** Sends a snapshot now and every event from now on. */
  join(socket: EventSocket): void;
  /** Says good-bye to every client and leaves the source. */
  close(): void;
}

/** The server is going away (RFC 6455 §7.4.1). */
const CLOSE_GOING_AWAY = 1001;

/**
 * One subscription to the source, however many clients. Each event is encoded once. Snapshots are the only events of
 * which a newer one replaces an older: they are spaced out, and a client that has not drained its last one is sent
 * the newest when it has.
 */
export function createEventHub(deps: EventHubDeps, options: EventHubOptions): EventHub {
  const clients = new Set<EventClient>();
  let unsubscribe: (() => void) | undefined;
  let pause: Timer | undefined;
  let ping: Timer | undefined;
  let pending = false;

  const snapshotText = () =>
    JSON.stringify({ kind: 'snapshot', snapshot: deps.source.snapshot() } satisfies SwarmEvent);

  function sendSnapshot(): void {
    pending = false;
    const text = snapshotText();
    for (const client of [...clients]) client.sendLatest(text);
    pause = deps.clock.setTimer(options.minSnapshotIntervalMs, () => {
      pause = undefined;
      if (pending) sendSnapshot();
    });
  }

  function onEvent(event: SwarmEvent): void {
    deps.metrics.count('gateway_events', { kind: event.kind });
    if (event.kind === 'snapshot') {
      pending = true;
      if (pause === undefined) sendSnapshot();
      return;
    }
    const text = JSON.stringify(event);
    for (const client of [...clients]) client.send(text);
  }

  function pingAll(): void {
    for (const client of [...clients]) client.ping();
    ping = deps.clock.setTimer(options.eventPingMs, pingAll);
  }

  function start(): void {
    unsubscribe = deps.source.subscribe(onEvent);
    ping = deps.clock.setTimer(options.eventPingMs, pingAll);
  }

  function stop(): void {
    unsubscribe?.();
    pause?.cancel();
    ping?.cancel();
    unsubscribe = pause = ping = undefined;
    pending = false;
  }

  return {
    get full() {
      return clients.size >= options.maxEventClients;
    },
    join(socket) {
      if (clients.size === 0) start();
      const client = createClient(socket, {
        clock: deps.clock,
        maxBacklogBytes: options.maxEventBacklogBytes,
        onGone: (reason) => {
          if (!clients.delete(client)) return;
          deps.metrics.gauge('gateway_event_clients', clients.size);
          if (reason !== 'left') deps.log.warn('event client dropped', { reason });
          if (clients.size === 0) stop();
        },
      });
      clients.add(client);
      deps.metrics.gauge('gateway_event_clients', clients.size);
      client.sendLatest(snapshotText());
    },
    close() {
      for (const client of [...clients]) client.close(CLOSE_GOING_AWAY, 'the gateway stops');
      stop();
    },
  };
}
