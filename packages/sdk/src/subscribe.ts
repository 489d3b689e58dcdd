import type { SwarmEvent } from './generated/schemas.ts';

export interface Watcher {
  onEvent(event: SwarmEvent): void;
  /** The stream is open; a snapshot follows. */
  onOpen?(): void;
  /** The stream is gone; another attempt follows by itself. `code` is the WebSocket's, `reason` the server's word. */
  onLost?(lost: { readonly code: number; readonly reason: string; readonly retryInMs: number }): void;
}

export interface SubscribeOptions {
  /** Pause before the first new attempt, in milliseconds; it doubles with each. @default 250 */
  readonly minRetryMs?: number;
  /** Longest pause, in milliseconds. @default 10_000 */
  readonly maxRetryMs?: number;
}

/** The gateway's subprotocols: its version, and where a token travels that a browser cannot put into a header. */
const EVENTS_PROTOCOL = 'murmur.v1';
const BEARER_PROTOCOL = 'murmur.bearer.';
/** Each pause is shortened by up to this part at random, so that clients of a restarted gateway do not return at once. */
const JITTER = 0.5;
/** The peer's message cannot be read (RFC 6455 §7.4.1 leaves 4000 to 4999 to applications). */
const CLOSE_UNREADABLE = 4000;

/** @returns a function that ends the subscription; safe to call twice */
export function subscribeTo(
  address: URL,
  token: string | undefined,
  watcher: Watcher,
  { minRetryMs = 250, maxRetryMs = 10_000 }: SubscribeOptions = {},
): () => void {
  const url = new URL(address);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const protocols = token === undefined ? [EVENTS_PROTOCOL] : [EVENTS_PROTOCOL, `${BEARER_PROTOCOL}${token}`];
  let ended = false;
  let failures = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let socket: WebSocket | undefined;

  function open(): void {
    const current = new WebSocket(url, protocols);
    socket = current;
    current.onopen = () => {
      if (!ended) watcher.onOpen?.();
    };
    current.onmessage = ({ data }) => {
      const event = readEvent(data);
      if (ended) return;
      if (event === undefined) return current.close(CLOSE_UNREADABLE, 'unreadable event');
      failures = 0;
      watcher.onEvent(event);
    };
    current.onclose = ({ code, reason }) => {
      if (ended) return;
      const retryInMs = pauseMs(failures, minRetryMs, maxRetryMs);
      failures += 1;
      timer = setTimeout(open, retryInMs);
      watcher.onLost?.({ code, reason, retryInMs });
    };
  }

  open();
  return () => {
    ended = true;
    clearTimeout(timer);
    socket?.close();
  };
}

/** @returns milliseconds: doubling from `min` up to `max`, less some chance */
export function pauseMs(failures: number, min: number, max: number, chance = Math.random()): number {
  return Math.round(Math.min(max, min * 2 ** Math.min(failures, 30)) * (1 - JITTER * chance));
}

function readEvent(data: unknown): SwarmEvent | undefined {
  try {
    const event: unknown = JSON.parse(String(data));
    const isEvent = typeof event === 'object' && event !== null && 'kind' in event && typeof event.kind === 'string';
    return isEvent ? (event as SwarmEvent) : undefined;
  } catch {
    return undefined;
  }
}
