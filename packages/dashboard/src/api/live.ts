import type { QueryClient } from '@tanstack/react-query';
import type { Api } from './api.ts';
import { keys } from './keys.ts';
import type { SwarmEvent, SwarmSnapshot } from './views.ts';

export interface LatencySample {
  readonly atMs: number;
  readonly p50: number;
  readonly p99: number;
}

export interface LiveState {
  readonly phase: 'connecting' | 'live' | 'reconnecting';
  /** When the last snapshot arrived, by this machine's clock; null before the first. */
  readonly lastUpdateMs: number | null;
  /** Commit latency as this page saw it, oldest first. */
  readonly latency: readonly LatencySample[];
}

export interface Live {
  get(): LiveState;
  subscribe(listener: () => void): () => void;
  /** For snapshots that came another way than by event. */
  note(snapshot: SwarmSnapshot): void;
  start(): () => void;
}

/** A page may stay open for days: what it remembers is bounded. */
const SAMPLE_MS = 1000;
const MAX_LATENCY_SAMPLES = 180;

/** Events become cache entries; pages read the cache and never the socket. */
export function createLive(api: Pick<Api, 'subscribe'>, client: QueryClient): Live {
  let state: LiveState = { phase: 'connecting', lastUpdateMs: null, latency: [] };
  const listeners = new Set<() => void>();
  const update = (change: Partial<LiveState>) => {
    state = { ...state, ...change };
    for (const listener of listeners) listener();
  };
  const note = (snapshot: SwarmSnapshot) => {
    const atMs = Date.now();
    const sample = { atMs, ...snapshot.ledger.commitLatencyMs };
    const newest = state.latency.at(-1)?.atMs ?? 0;
    const latency = atMs - newest < SAMPLE_MS ? state.latency : [...state.latency, sample];
    update({ lastUpdateMs: atMs, latency: latency.slice(-MAX_LATENCY_SAMPLES) });
  };
  const onEvent = (event: SwarmEvent) => {
    if (event.kind === 'snapshot') {
      note(event.snapshot);
      client.setQueryData(keys.swarm, event.snapshot);
    }
    for (const key of staleAfter(event)) void client.invalidateQueries({ queryKey: key });
  };
  return {
    get: () => state,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    note,
    start: () =>
      api.subscribe({
        onEvent,
        onOpen: () => {
          update({ phase: 'live' });
          // Whatever happened while the line was down is fetched once, not replayed.
          void client.invalidateQueries();
        },
        onLost: () => update({ phase: state.phase === 'connecting' ? 'connecting' : 'reconnecting' }),
      }),
  };
}

function staleAfter(event: SwarmEvent): readonly (readonly unknown[])[] {
  switch (event.kind) {
    case 'round':
      return [keys.roundsOf(event.round.job), keys.round(event.round.job, event.round.round)];
    case 'block':
      return [keys.blocks];
    case 'evidence':
    case 'quarantine':
      return [keys.evidence];
    default:
      return [];
  }
}
