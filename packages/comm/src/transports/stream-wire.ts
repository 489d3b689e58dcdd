import type { Libp2p } from 'libp2p';
import type { Wire, WireHandlers } from '../channel/wire.ts';

export type Connection = Awaited<ReturnType<Libp2p['dial']>>;
export type Stream = Awaited<ReturnType<Connection['newStream']>>;

/** How long a closing stream may take, on both sides, before it is cut off. */
const CLOSE_TIMEOUT_MS = 1_000;

/**
 * One libp2p stream, and the connection that carries nothing else, as a wire.
 * @param onGone called once the wire is closed and its connection is, too
 */
export function streamWire(stream: Stream, connection: Connection, onGone: () => void = () => {}): Wire {
  let closed = false;
  let handlers: WireHandlers | undefined;

  function onClose(): void {
    if (closed) return;
    closed = true;
    void endConnection().finally(onGone);
    handlers?.onClose();
  }

  /** Ends our half and waits for the peer to end its own: cutting the connection now could lose what was just written. */
  async function close(): Promise<void> {
    const signal = AbortSignal.timeout(CLOSE_TIMEOUT_MS);
    signal.addEventListener('abort', () => {
      if (!closed) abort();
    });
    try {
      await stream.close({ signal });
    } catch {
      // It did not drain in time, or the peer was faster.
      abort();
    }
  }

  async function endConnection(): Promise<void> {
    try {
      await connection.close({ signal: AbortSignal.timeout(CLOSE_TIMEOUT_MS) });
    } catch {
      connection.abort(new Error('did not close in time'));
    }
  }

  function abort(): void {
    stream.abort(new Error('closed'));
    connection.abort(new Error('closed'));
  }

  return {
    write: (bytes) => {
      if (closed || stream.writeStatus !== 'writable') return false;
      return stream.send(bytes);
    },
    listen: (given) => {
      handlers = given;
      stream.addEventListener('message', ({ data }) => {
        if (data instanceof Uint8Array) given.onBytes(data);
        else for (const part of data) given.onBytes(part);
      });
      stream.addEventListener('drain', () => {
        if (!closed) given.onDrain();
      });
      // A peer that stops sending has left: links have no half-open state.
      stream.addEventListener('remoteCloseWrite', () => void close());
      stream.addEventListener('close', onClose);
      connection.addEventListener('close', onClose);
      if (stream.status !== 'open' || connection.status !== 'open') queueMicrotask(onClose);
    },
    pause: () => {
      if (stream.readStatus === 'readable') stream.pause();
    },
    resume: () => {
      if (stream.readStatus === 'paused') stream.resume();
    },
    close: () => void close(),
    abort,
  };
}
