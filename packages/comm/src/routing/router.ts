import {
  accept,
  type Clock,
  type DeviceId,
  type Log,
  type MessagePort,
  type Metrics,
  MurmurError,
  type RequestOptions,
  type RequestRefusal,
  type Result,
  refuse,
  type SendRefusal,
} from '@murmuration/core';
import type { Incoming } from '../channel/channel.ts';
import { MAX_TOPIC_CHARS } from '../channel/frame.ts';
import type { SendableHeader } from '../channel/outbox.ts';
import { answered, createOutstandingRequests, type OutstandingRequests } from './requests.ts';

export interface RouterDeps {
  readonly self: DeviceId;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface RouterLimits {
  /** Requests of ours that wait for one peer. */
  readonly maxOutstandingRequests: number;
  /** Requests of one peer that our handlers work on at once. */
  readonly maxInboundRequests: number;
}

/** Hands one frame to a peer. @returns why not, where it was not taken */
export type Transmit = (
  header: SendableHeader,
  payload: Uint8Array,
) => Exclude<SendRefusal, 'unknown-peer'> | undefined;

/** Topics, handlers and requests over authenticated peers: what makes a `MessagePort` of channels. */
export interface Router {
  readonly port: MessagePort;
  connected(peer: DeviceId, transmit: Transmit): void;
  disconnected(peer: DeviceId): void;
  /** A message, request or response of an authenticated peer. */
  received(peer: DeviceId, incoming: Incoming): void;
  close(): void;
}

type MessageHandler = Parameters<MessagePort['onMessage']>[1];
type RequestHandler = Parameters<MessagePort['onRequest']>[1];
type PeerListener = Parameters<MessagePort['onPeer']>[0];

/** @default for `RequestOptions.timeoutMs`, as the port's contract says */
const DEFAULT_TIMEOUT_MS = 5000;
const NO_BYTES = new Uint8Array(0);

export function createRouter(deps: RouterDeps, limits: RouterLimits): Router {
  return new TopicRouter(deps, limits);
}

class TopicRouter implements Router {
  readonly port: MessagePort;
  private readonly deps: RouterDeps;
  private readonly limits: RouterLimits;
  private readonly peers = new Map<DeviceId, Transmit>();
  private readonly messageHandlers = new Map<string, MessageHandler>();
  private readonly requestHandlers = new Map<string, RequestHandler>();
  private readonly peerListeners: PeerListener[] = [];
  private readonly outstanding: OutstandingRequests;
  /** Requests of each peer that handlers work on. */
  private readonly working = new Map<DeviceId, number>();
  private closed = false;

  constructor(deps: RouterDeps, limits: RouterLimits) {
    this.deps = deps;
    this.limits = limits;
    this.outstanding = createOutstandingRequests(deps.clock, limits.maxOutstandingRequests);
    this.port = {
      self: deps.self,
      peers: () => [...this.peers.keys()],
      send: (to, topic, bytes) => this.send(to, topic, bytes),
      broadcast: (topic, bytes) => {
        for (const peer of this.peers.keys()) this.send(peer, topic, bytes);
      },
      onMessage: (topic, handler) => register(this.messageHandlers, topic, handler),
      request: (to, topic, bytes, options) => this.request(to, topic, bytes, options),
      onRequest: (topic, handler) => register(this.requestHandlers, topic, handler),
      onPeer: (listener) => {
        this.peerListeners.push(listener);
      },
    };
  }

  connected(peer: DeviceId, transmit: Transmit): void {
    const known = this.peers.has(peer);
    this.peers.set(peer, transmit);
    if (!known) this.tell(peer, true);
  }

  disconnected(peer: DeviceId): void {
    if (!this.peers.delete(peer)) return;
    this.outstanding.settleAll('disconnected', peer);
    this.tell(peer, false);
  }

  received(peer: DeviceId, { header, payload }: Incoming): void {
    switch (header.kind) {
      case 'message': {
        const handler = this.messageHandlers.get(header.topic);
        if (handler === undefined) this.count('no-handler');
        else handler(peer, payload);
        return;
      }
      case 'request':
        void this.answer(peer, header.topic, header.id, payload);
        return;
      case 'response':
        if (!this.outstanding.settle(peer, header.id, answered(payload, header.refusal))) this.count('late-response');
        return;
      default:
        this.count('unexpected-frame');
    }
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.outstanding.settleAll('closed');
    for (const peer of [...this.peers.keys()]) this.disconnected(peer);
  }

  private send(to: DeviceId, topic: string, bytes: Uint8Array): Result<void, SendRefusal> {
    checkTopic(topic);
    if (this.closed) return refuse('closed');
    const transmit = this.peers.get(to);
    if (transmit === undefined) return refuse('unknown-peer');
    const refusal = transmit({ kind: 'message', topic }, bytes);
    if (refusal === undefined) return accept(undefined);
    this.count(refusal);
    return refuse(refusal);
  }

  private async request(
    to: DeviceId,
    topic: string,
    bytes: Uint8Array,
    { timeoutMs = DEFAULT_TIMEOUT_MS, signal }: RequestOptions = {},
  ): Promise<Result<Uint8Array, RequestRefusal>> {
    checkTopic(topic);
    if (this.closed) return refuse('closed');
    const transmit = this.peers.get(to);
    if (transmit === undefined) return refuse('unknown-peer');
    if (signal?.aborted) return refuse('timeout', 'given up by the caller');
    const opened = this.outstanding.open(to, timeoutMs, signal);
    if (opened === undefined)
      return refuse('queue-full', `${this.limits.maxOutstandingRequests} requests wait already`);
    const refusal = transmit({ kind: 'request', topic, id: opened.id }, bytes);
    if (refusal !== undefined) {
      this.count(refusal);
      this.outstanding.settle(to, opened.id, refuse(refusal));
    }
    return opened.answer;
  }

  private async answer(peer: DeviceId, topic: string, id: number, payload: Uint8Array): Promise<void> {
    const handler = this.requestHandlers.get(topic);
    if (handler === undefined) {
      this.count('no-handler');
      this.respond(peer, id, 'no-handler', NO_BYTES);
      return;
    }
    const working = this.working.get(peer) ?? 0;
    if (working >= this.limits.maxInboundRequests) {
      this.count('too-many-requests');
      this.respond(peer, id, 'too-many-requests', NO_BYTES);
      return;
    }
    this.working.set(peer, working + 1);
    try {
      const result = await handler(peer, payload);
      if (result.ok) this.respond(peer, id, '', result.value);
      else this.respond(peer, id, result.reason, NO_BYTES);
    } catch (error) {
      this.deps.log.error('comm.request-failed', { topic, error: String(error) });
      this.respond(peer, id, 'refused', NO_BYTES);
    } finally {
      const left = (this.working.get(peer) ?? 1) - 1;
      if (left === 0) this.working.delete(peer);
      else this.working.set(peer, left);
    }
  }

  private respond(peer: DeviceId, id: number, refusal: string, payload: Uint8Array): void {
    const transmit = this.peers.get(peer);
    if (transmit === undefined) return;
    const failed = transmit({ kind: 'response', id, refusal: refusal.slice(0, MAX_TOPIC_CHARS) }, payload);
    if (failed === undefined) return;
    this.count(failed);
    // What can be said briefly is said, so that the peer need not wait for its timeout.
    if (payload.length > 0) transmit({ kind: 'response', id, refusal: failed }, NO_BYTES);
  }

  private tell(peer: DeviceId, connected: boolean): void {
    for (const listener of this.peerListeners) listener({ peer, connected });
  }

  private count(reason: string): void {
    this.deps.metrics.count('comm_dropped_total', { reason });
  }
}

function register<Handler>(handlers: Map<string, Handler>, topic: string, handler: Handler): void {
  checkTopic(topic);
  if (handlers.has(topic)) {
    throw new MurmurError({
      code: 'COMM_TOPIC_TAKEN',
      message: `topic "${topic}" has a handler already`,
      remedy: 'register one handler for each topic and branch inside it',
      facts: { topic },
    });
  }
  handlers.set(topic, handler);
}

function checkTopic(topic: string): void {
  if (topic.length > 0 && topic.length <= MAX_TOPIC_CHARS && /^[\x21-\x7e]+$/.test(topic)) return;
  throw new MurmurError({
    code: 'COMM_TOPIC_INVALID',
    message: `"${topic}" is not a topic`,
    remedy: `a topic has 1 to ${MAX_TOPIC_CHARS} visible ASCII characters`,
    facts: { topic },
  });
}
