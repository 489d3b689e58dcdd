import {
  accept,
  type DeviceId,
  type MessagePort,
  MurmurError,
  type RequestOptions,
  type RequestRefusal,
  type Result,
  refuse,
  type SendRefusal,
} from '@murmuration/core';
import { copyOf } from './copy.ts';
import type { Directory } from './directory.ts';
import type { Network, Packet, Station } from './network.ts';
import type { Schedule } from './schedule.ts';

/** Largest message: that of `comm`'s default frames. */
export const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
const DEFAULT_TIMEOUT_MS = 5_000;

type Answer = Result<Uint8Array, RequestRefusal>;
type MessageHandler = Parameters<MessagePort['onMessage']>[1];
type RequestHandler = Parameters<MessagePort['onRequest']>[1];
type PeerListener = Parameters<MessagePort['onPeer']>[0];

/** A port of one process, and its end of the network. Dead once `alive` says so. */
export function createPort(
  schedule: Schedule,
  network: Network,
  directory: Directory,
  name: string,
  alive: () => boolean,
): { readonly port: MessagePort; readonly station: Station } {
  const messageHandlers = new Map<string, MessageHandler>();
  const requestHandlers = new Map<string, RequestHandler>();
  const peerListeners: PeerListener[] = [];
  const waiting = new Map<number, { readonly peer: string; readonly settle: (answer: Answer) => void }>();
  let nextId = 1;

  /** @returns the machines that are the device `to`: one, but for twins */
  function reach(to: DeviceId, bytes: Uint8Array): Result<readonly string[], SendRefusal> {
    if (!alive()) return refuse('closed');
    const known = directory.namesOf(to);
    const peers = known.every((peer) => network.linked(name, peer))
      ? known
      : known.filter((peer) => network.linked(name, peer));
    if (peers.length === 0) return refuse('unknown-peer');
    return bytes.length > MAX_MESSAGE_BYTES ? refuse('too-large') : accept(peers);
  }

  function post(peer: string, packet: Packet): Result<void, SendRefusal> {
    return network.send(name, peer, { ...packet, bytes: copyOf(packet.bytes) })
      ? accept(undefined)
      : refuse('queue-full');
  }

  function send(to: DeviceId, topic: string, bytes: Uint8Array): Result<void, SendRefusal> {
    const peers = reach(to, bytes);
    if (!peers.ok) return peers;
    let sent: Result<void, SendRefusal> = accept(undefined);
    for (const peer of peers.value) {
      const one = post(peer, { kind: 'message', topic, id: 0, bytes });
      if (!one.ok) sent = one;
    }
    return sent;
  }

  function request(to: DeviceId, topic: string, bytes: Uint8Array, options: RequestOptions = {}): Promise<Answer> {
    const peers = reach(to, bytes);
    if (!peers.ok) return Promise.resolve(peers);
    const [peer] = peers.value as readonly [string];
    if (options.signal?.aborted) return Promise.resolve(refuse('timeout'));
    return new Promise((resolve) => {
      const id = nextId++;
      const settle = (answer: Answer) => {
        if (!waiting.delete(id)) return;
        undo();
        options.signal?.removeEventListener('abort', giveUp);
        resolve(answer);
      };
      const giveUp = () => settle(refuse('timeout'));
      const undo = schedule.after(options.timeoutMs ?? DEFAULT_TIMEOUT_MS, `timeout ${name}`, () => {
        if (alive()) giveUp();
      });
      options.signal?.addEventListener('abort', giveUp);
      waiting.set(id, { peer, settle });
      const sent = post(peer, { kind: 'request', topic, id, bytes });
      if (!sent.ok) settle(sent);
    });
  }

  async function answer(from: string, { topic, id, bytes }: Packet): Promise<void> {
    const handler = requestHandlers.get(topic);
    const reply = (status: 'ok' | 'refused' | 'no-handler', value: Uint8Array = new Uint8Array(0)) => {
      if (alive() && network.linked(name, from)) post(from, { kind: 'response', topic, id, status, bytes: value });
    };
    if (handler === undefined) return reply('no-handler');
    try {
      const result = await handler(directory.deviceOf(from), bytes);
      reply(result.ok ? 'ok' : 'refused', result.ok ? result.value : undefined);
    } catch {
      reply('refused');
    }
  }

  function receive(from: string, packet: Packet): void {
    const { bytes } = packet;
    if (packet.kind === 'message') messageHandlers.get(packet.topic)?.(directory.deviceOf(from), bytes);
    else if (packet.kind === 'request') void answer(from, packet);
    else waiting.get(packet.id)?.settle(packet.status === 'ok' ? accept(bytes) : refuse(packet.status ?? 'refused'));
  }

  function peerChanged(peer: string, connected: boolean): void {
    if (!connected) {
      for (const request of [...waiting.values()]) if (request.peer === peer) request.settle(refuse('disconnected'));
    }
    for (const listener of peerListeners) listener({ peer: directory.deviceOf(peer), connected });
  }

  const port: MessagePort = {
    self: directory.deviceOf(name),
    peers: () =>
      alive()
        ? unique(
            network
              .names()
              .filter((other) => network.linked(name, other))
              .map(directory.deviceOf),
          ).filter((device) => device !== port.self)
        : [],
    send,
    broadcast(topic, bytes) {
      for (const peer of port.peers()) send(peer, topic, bytes);
    },
    onMessage: (topic, handler) => only(messageHandlers, topic, handler),
    request,
    onRequest: (topic, handler) => only(requestHandlers, topic, handler),
    onPeer: (listener) => void peerListeners.push(listener),
  };
  return { port, station: { receive, peerChanged } };
}

function unique<T>(list: readonly T[]): T[] {
  return [...new Set(list)];
}

function only<T>(handlers: Map<string, T>, topic: string, handler: T): void {
  if (handlers.has(topic)) {
    throw new MurmurError({
      code: 'SIMULATION_TOPIC_TAKEN',
      message: `the topic "${topic}" has a handler already`,
      remedy: 'give each topic one handler',
      facts: { topic },
    });
  }
  handlers.set(topic, handler);
}
