import {
  type Clock,
  type DeviceId,
  deviceIdFromDigest,
  type MessagePort,
  noMetrics,
  silentLog,
} from '@murmuration/core';
import { type ChannelLimits, createChannel } from './channel/channel.ts';
import { memoryWirePair } from './channel/memory-wire.ts';
import { checkCommOptions } from './options.ts';
import { createRouter, type Router } from './routing/router.ts';

export interface MemoryMesh extends AsyncDisposable {
  readonly ports: readonly MessagePort[];
  /** Cuts or restores the link between two ports, by their places. */
  cut(a: number, b: number): void;
  heal(a: number, b: number): void;
  close(): Promise<void>;
}

export interface MemoryMeshDeps {
  readonly clock: Clock;
  /** One for each port. @default ids of the numbers 0, 1, 2, … */
  readonly devices?: readonly DeviceId[];
}

/**
 * `size` message ports that are all connected, in this process: the channels and the router of the real host over
 * wires in memory, without identities. For tests.
 */
export function memoryMesh(
  size: number,
  deps: MemoryMeshDeps,
  limits: Partial<Pick<ChannelLimits, 'maxQueueBytes'>> & { maxFrameBytes?: number } = {},
): MemoryMesh {
  const options = checkCommOptions(limits);
  const routers = Array.from({ length: size }, (_, place) => {
    const self = deps.devices?.[place] ?? numberedDevice(place);
    return createRouter({ self, clock: deps.clock, log: silentLog, metrics: noMetrics }, options);
  });
  const cuts = new Map<string, () => void>();

  function heal(a: number, b: number): void {
    const key = linkKey(a, b);
    const [first, second] = [routers[a], routers[b]];
    if (first === undefined || second === undefined || cuts.has(key)) return;
    cuts.set(key, join(first, second, options));
  }

  function cut(a: number, b: number): void {
    const key = linkKey(a, b);
    cuts.get(key)?.();
    cuts.delete(key);
  }

  for (let a = 0; a < size; a++) for (let b = a + 1; b < size; b++) heal(a, b);

  async function close(): Promise<void> {
    for (const router of routers) router.close();
    for (const unlink of cuts.values()) unlink();
    cuts.clear();
  }

  return { ports: routers.map((router) => router.port), cut, heal, close, [Symbol.asyncDispose]: close };
}

/** @returns what cuts the link again */
function join(a: Router, b: Router, options: { maxFrameBytes: number; maxQueueBytes: number }): () => void {
  const limits = { maxMessageBytes: options.maxFrameBytes, maxQueueBytes: options.maxQueueBytes };
  const [wireA, wireB] = memoryWirePair();
  const link = (own: Router, peer: DeviceId, wire: typeof wireA) => {
    const channel = createChannel(wire, limits, {
      onIncoming: (incoming) => own.received(peer, incoming),
      onClosed: () => own.disconnected(peer),
    });
    own.connected(peer, (header, payload) => channel.send(header, payload));
  };
  link(a, b.port.self, wireA);
  link(b, a.port.self, wireB);
  return () => {
    wireA.abort();
  };
}

function numberedDevice(place: number): DeviceId {
  const digest = new Uint8Array(32);
  new DataView(digest.buffer).setUint32(0, place + 1);
  return deviceIdFromDigest(digest);
}

function linkKey(a: number, b: number): string {
  return a < b ? `${a}-${b}` : `${b}-${a}`;
}
