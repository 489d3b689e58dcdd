import { generateKeyPairFromSeed } from '@libp2p/crypto/keys';
import { tcp } from '@libp2p/tcp';
import { tls } from '@libp2p/tls';
import { yamux } from '@libp2p/yamux';
import { multiaddr } from '@multiformats/multiaddr';
import { accept, type Clock, MurmurError, type Result, refuse } from '@murmuration/core';
import { createLibp2p, type Libp2p } from 'libp2p';
import type { Wire } from '../channel/wire.ts';
import { type Connection, type Stream, streamWire } from './stream-wire.ts';

/** The one protocol of a link. The number changes when frames stop being readable by older hosts. */
export const LINK_PROTOCOL = '/murmuration/link/1';

/** An encrypted connection whose other end holds the secret key of `remoteKey`. Nothing more is known of it. */
export interface Connected {
  readonly wire: Wire;
  /** Ed25519 public key, 32 bytes. */
  readonly remoteKey: Uint8Array;
  readonly address: string;
  readonly dialled: boolean;
}

export type DialReason = 'invalid-address' | 'self' | 'already-connected' | 'wrong-identity' | 'unreachable';

export interface Transport {
  addresses(): readonly string[];
  dial(address: string): Promise<Result<Connected, DialReason>>;
  /** Resolves once every wire is gone: close them first. */
  close(): Promise<void>;
}

export interface TransportDeps {
  readonly clock: Clock;
  /** Operational secret key, 32 bytes: the host's PeerId is its public key's. */
  readonly secretKey: Uint8Array;
  onInbound(connected: Connected): void;
  /** A connection that never became a link. */
  onRefused(reason: 'wrong-key-type' | 'second-stream' | 'no-stream', address: string): void;
}

export interface TransportOptions {
  readonly listen: readonly string[];
  readonly announce: readonly string[];
  readonly maxLinks: number;
  /** A connection without a stream is closed after this. */
  readonly helloTimeoutMs: number;
}

/** @throws COMM_ADDRESS_INVALID, COMM_PORT_IN_USE, COMM_LISTEN_FAILED */
export async function createTransport(deps: TransportDeps, options: TransportOptions): Promise<Transport> {
  for (const address of [...options.listen, ...options.announce]) checkAddress(address);
  const node = await startLibp2p(deps.secretKey, options);
  const used = new WeakSet<Connection>();
  const open = new Set<Promise<void>>();

  /** @returns undefined where the connection is of no use; it is closed then */
  function adopt(stream: Stream, connection: Connection): Connected | undefined {
    const key = connection.remotePeer.publicKey;
    const refusal = key?.type !== 'Ed25519' ? 'wrong-key-type' : used.has(connection) ? 'second-stream' : undefined;
    const address = connection.remoteAddr.toString();
    if (refusal !== undefined || key === undefined) {
      deps.onRefused(refusal ?? 'wrong-key-type', address);
      connection.abort(new Error(refusal));
      return undefined;
    }
    used.add(connection);
    const { promise, resolve } = Promise.withResolvers<void>();
    open.add(promise);
    const wire = streamWire(stream, connection, () => {
      open.delete(promise);
      resolve();
    });
    return { wire, remoteKey: key.raw, address, dialled: connection.direction === 'outbound' };
  }

  await node.handle(
    LINK_PROTOCOL,
    (stream, connection) => {
      const connected = adopt(stream, connection);
      if (connected !== undefined) deps.onInbound(connected);
    },
    { maxInboundStreams: 2, maxOutboundStreams: 1 },
  );
  node.addEventListener('connection:open', ({ detail: connection }) => {
    if (connection.direction === 'outbound') return;
    const timer = deps.clock.setTimer(options.helloTimeoutMs, () => {
      if (used.has(connection) || connection.status !== 'open') return;
      deps.onRefused('no-stream', connection.remoteAddr.toString());
      connection.abort(new Error('no stream in time'));
    });
    connection.addEventListener('close', () => timer.cancel());
  });

  async function dial(address: string): Promise<Result<Connected, DialReason>> {
    const target = parseAddress(address);
    if (target === undefined) return refuse('invalid-address', address);
    try {
      // Always a connection of its own: of two to the same host, `membership` decides which stays.
      const connection = await node.dial(target, { force: true });
      if (used.has(connection) || connection.direction !== 'outbound') return refuse('already-connected');
      const stream = await connection.newStream(LINK_PROTOCOL);
      const connected = adopt(stream, connection);
      return connected === undefined ? refuse('already-connected') : accept(connected);
    } catch (error) {
      return dialFailure(error);
    }
  }

  return {
    addresses: () => node.getMultiaddrs().map((address) => address.toString()),
    dial,
    close: async () => {
      // Wires that are closing end by themselves in a second at most.
      await Promise.all(open);
      await node.stop();
    },
  };
}

/** Connections that one address may open in a second, and handshakes under way at once: a swarm on one machine starts together. */
const MAX_INBOUND_PER_SECOND = 200;
const MAX_PENDING_HANDSHAKES = 64;
/** What a peer may have under way before we read it; more only helps links whose round trip is long. */
const WINDOW_BYTES = 1024 * 1024;

async function startLibp2p(secretKey: Uint8Array, options: TransportOptions): Promise<Libp2p> {
  const privateKey = await generateKeyPairFromSeed('Ed25519', secretKey);
  try {
    return await createLibp2p({
      privateKey,
      addresses: { listen: [...options.listen], announce: [...options.announce] },
      transports: [
        // Links are probed by `membership`; libp2p's own idle time-out of two minutes would only cut quiet ones.
        tcp({
          inboundSocketInactivityTimeout: 0,
          outboundSocketInactivityTimeout: 0,
          dialOpts: { noDelay: true, keepAlive: true },
          listenOpts: { noDelay: true, keepAlive: true },
        }),
      ],
      // TLS alone: an attacker on the path could talk two hosts that also offer noise out of the post-quantum exchange.
      connectionEncrypters: [tls()],
      streamMuxers: [
        yamux({
          enableKeepAlive: false,
          maxInboundStreams: 4,
          maxOutboundStreams: 4,
          streamOptions: { initialStreamWindowSize: WINDOW_BYTES, maxStreamWindowSize: WINDOW_BYTES },
        }),
      ],
      connectionMonitor: { enabled: false },
      connectionManager: {
        // Twice, since a link and its replacement live side by side for a moment.
        maxConnections: 2 * options.maxLinks + MAX_PENDING_HANDSHAKES,
        maxIncomingPendingConnections: MAX_PENDING_HANDSHAKES,
        inboundConnectionThreshold: MAX_INBOUND_PER_SECOND,
        reconnectRetries: 0,
      },
    });
  } catch (error) {
    throw listenFailure(error, options.listen);
  }
}

function listenFailure(error: unknown, listen: readonly string[]): MurmurError {
  const message = error instanceof Error ? error.message : String(error);
  const addresses = listen.join(', ');
  const inUse = message.includes('EADDRINUSE');
  return new MurmurError({
    code: inUse ? 'COMM_PORT_IN_USE' : 'COMM_LISTEN_FAILED',
    message: inUse ? `another program listens on ${addresses}` : `cannot listen on ${addresses}: ${message}`,
    remedy: inUse
      ? 'stop that program, or choose another port; port 0 takes a free one'
      : 'listen on an address of this machine, such as /ip4/127.0.0.1/tcp/0',
    facts: { addresses },
    cause: error,
  });
}

function dialFailure(error: unknown): Result<never, DialReason> {
  const messages = messagesOf(error);
  if (messages.includes('dial self')) return refuse('self');
  if (/unexpected peer/i.test(messages)) return refuse('wrong-identity', 'another key answers at this address');
  return refuse('unreachable', messages.slice(0, 200));
}

function messagesOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messagesOf).join('; ');
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

function parseAddress(text: string) {
  try {
    return multiaddr(text);
  } catch {
    return undefined;
  }
}

function checkAddress(address: string): void {
  if (parseAddress(address) !== undefined) return;
  throw new MurmurError({
    code: 'COMM_ADDRESS_INVALID',
    message: `"${address}" is not a multiaddr`,
    remedy: 'write it like /ip4/127.0.0.1/tcp/4001',
    facts: { address },
  });
}
