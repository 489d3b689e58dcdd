import type { Clock } from '@murmuration/core';

/** What the hub needs of a WebSocket of `ws`. */
export interface EventSocket {
  /** Bytes that wait to be written. */
  readonly bufferedAmount: number;
  send(text: string, done: (error?: Error) => void): void;
  ping(): void;
  close(code: number, reason: string): void;
  terminate(): void;
  on(event: 'message' | 'pong' | 'close', listener: () => void): unknown;
}

export interface EventClient {
  send(text: string): void;
  /** Like `send`, but replaces what was given before and has not left: only the latest is worth sending. */
  sendLatest(text: string): void;
  /** Drops a client that has not answered the ping before. */
  ping(): void;
  close(code: number, reason: string): void;
}

export interface EventClientOptions {
  readonly clock: Clock;
  /** Bytes that may wait; a single message may be larger when nothing else waits. */
  readonly maxBacklogBytes: number;
  readonly onGone: (reason: 'left' | 'slow' | 'silent' | 'spoke') => void;
}

/** Close codes of this stream: 4000 to 4999 are free for applications (RFC 6455 §7.4.2). */
export const CLOSE_SLOW_CLIENT = 4008;
export const CLOSE_SILENT_CLIENT = 4009;
/** The stream only sends (RFC 6455 §7.4.1: data that it cannot accept). */
export const CLOSE_NOT_ACCEPTED = 1003;
/** Time in which a dropped client may still read why; then the connection and its backlog are cut. */
const DROP_GRACE_MS = 2000;

/** One reader of the event stream. What waits for it is bounded; past the bound it is dropped, never waited for. */
export function createClient(socket: EventSocket, options: EventClientOptions): EventClient {
  let open = true;
  let alive = true;
  let latest: string | undefined;
  let latestLeaving = false;

  function drop(reason: 'slow' | 'silent' | 'spoke', code: number, text: string): void {
    if (!open) return;
    open = false;
    socket.close(code, text);
    const cut = options.clock.setTimer(DROP_GRACE_MS, () => socket.terminate());
    socket.on('close', () => cut.cancel());
    options.onGone(reason);
  }

  function send(text: string, done: () => void): void {
    if (!open) return;
    const waiting = socket.bufferedAmount;
    if (waiting > 0 && waiting + text.length > options.maxBacklogBytes) {
      drop('slow', CLOSE_SLOW_CLIENT, 'SLOW_CLIENT');
      return;
    }
    socket.send(text, done);
  }

  function flushLatest(): void {
    if (latest === undefined || latestLeaving) return;
    const text = latest;
    latest = undefined;
    latestLeaving = true;
    send(text, () => {
      latestLeaving = false;
      flushLatest();
    });
  }

  socket.on('pong', () => {
    alive = true;
  });
  socket.on('message', () => drop('spoke', CLOSE_NOT_ACCEPTED, 'this stream only sends'));
  socket.on('close', () => {
    if (open) options.onGone('left');
    open = false;
  });

  return {
    send: (text) => send(text, () => {}),
    sendLatest(text) {
      latest = text;
      flushLatest();
    },
    ping() {
      if (!alive) drop('silent', CLOSE_SILENT_CLIENT, 'SILENT_CLIENT');
      alive = false;
      if (open) socket.ping();
    },
    close(code, reason) {
      open = false;
      socket.close(code, reason);
      options.onGone('left');
    },
  };
}
