import type { Result } from '../errors/result.ts';
import type { DeviceId } from '../ids/device-id.ts';

export type SendRefusal = 'unknown-peer' | 'queue-full' | 'too-large' | 'closed';
export type RequestRefusal = SendRefusal | 'timeout' | 'no-handler' | 'refused' | 'disconnected';

/**
 * How protocols talk. `comm` implements it over libp2p, `simulator` over its event queue; both pass the
 * suite in `conformance`. The sender that a handler sees is authenticated.
 *
 * Messages of one sender on one topic arrive in order or not at all; loss is possible, duplication is not.
 */
export interface MessagePort {
  readonly self: DeviceId;
  /** Devices with an authenticated link right now. */
  peers(): readonly DeviceId[];
  /** Queues for sending. Bounded: a full queue answers `queue-full`, and the bytes are dropped. */
  send(to: DeviceId, topic: string, bytes: Uint8Array): Result<void, SendRefusal>;
  /** `send` to every peer; a full queue of one does not hold up the others. */
  broadcast(topic: string, bytes: Uint8Array): void;
  /** One handler a topic. Messages of topics without one are counted and dropped. */
  onMessage(topic: string, handler: (from: DeviceId, bytes: Uint8Array) => void): void;
  request(
    to: DeviceId,
    topic: string,
    bytes: Uint8Array,
    options?: RequestOptions,
  ): Promise<Result<Uint8Array, RequestRefusal>>;
  /** One handler a topic. A rejected promise answers `refused`; nothing of the error crosses the wire. */
  onRequest(topic: string, handler: (from: DeviceId, bytes: Uint8Array) => Promise<Result<Uint8Array>>): void;
  onPeer(listener: (event: { readonly peer: DeviceId; readonly connected: boolean }) => void): void;
}

export interface RequestOptions {
  readonly signal?: AbortSignal;
  /** @default 5000 */
  readonly timeoutMs?: number;
}
