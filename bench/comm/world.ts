import { randomBytes } from 'node:crypto';
import { type CommHost, createHost } from '@murmuration/comm';
import { type Clock, noMetrics, silentLog } from '@murmuration/core';
import { createIdentity } from '@murmuration/identity';
import {
  type Connected,
  createTransport,
  type Transport,
} from '../../packages/comm/src/transports/libp2p-transport.ts';

/** Bytes of one message. */
export const MESSAGE_BYTES = 1024;

const clock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer: (delayMs, fire) => {
    const timer = setTimeout(fire, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};

export function openHost(): Promise<CommHost> {
  const entropy = { bytes: (length: number) => new Uint8Array(randomBytes(length)) };
  const { identity } = createIdentity(entropy, { nowMs: Date.now(), validForMs: 3_600_000 });
  return createHost({ identity, clock, log: silentLog, metrics: noMetrics });
}

/** libp2p as our hosts use it, without anything of ours on top. */
export function openBare(onInbound: (connected: Connected) => void): Promise<Transport> {
  return createTransport(
    { clock, secretKey: new Uint8Array(randomBytes(32)), onInbound, onRefused: () => {} },
    { listen: ['/ip4/127.0.0.1/tcp/0'], announce: [], maxLinks: 8, helloTimeoutMs: 10_000 },
  );
}

/** Calls `whole` for each u32-prefixed message in a byte stream: what raw TCP needs to carry messages at all. */
export function rawReader(whole: (message: Buffer) => void): (bytes: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (bytes) => {
    const all = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    let at = 0;
    while (all.length - at >= 4) {
      const end = at + 4 + all.readUInt32BE(at);
      if (end > all.length) break;
      whole(all.subarray(at + 4, end));
      at = end;
    }
    rest = all.subarray(at);
  };
}

export function rawFrame(message: Uint8Array): Buffer {
  const frame = Buffer.alloc(4 + message.length);
  frame.writeUInt32BE(message.length);
  frame.set(message, 4);
  return frame;
}
