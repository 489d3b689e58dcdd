import { type Frame, type Header, type HeaderOf, MAX_TOPIC_CHARS } from './frame.ts';
import { createFrameReader, type FrameReader } from './frame-reader.ts';
import { createOutbox, type Outbox, type SendableHeader } from './outbox.ts';
import { createReassembly, type Reassembly } from './reassembly.ts';
import type { Wire } from './wire.ts';

export interface ChannelLimits {
  /** One message, in bytes. */
  readonly maxMessageBytes: number;
  /** What may wait to be sent, in bytes; also what a peer may leave unfinished with us. */
  readonly maxQueueBytes: number;
}

/** A whole message or control frame of the peer. The payload is a copy: handlers may keep it. */
export interface Incoming {
  readonly header: Header;
  readonly payload: Uint8Array;
}

export interface ChannelHandlers {
  onIncoming(incoming: Incoming): void;
  /** Once. @param reason kebab case: what the peer did wrong, its own farewell, or `connection-lost` */
  onClosed(reason: string, detail?: string): void;
}

export interface ChannelCounts {
  sentMessages: number;
  sentBytes: number;
  receivedMessages: number;
  receivedBytes: number;
}

/**
 * Frames over a wire: batching and fairness on the way out, limits on the way in. Anything malformed closes
 * the channel with a reason; nothing a peer sends throws.
 */
export interface Channel {
  readonly counts: Readonly<ChannelCounts>;
  readonly queuedBytes: number;
  /** @returns why the message was not taken */
  send(message: SendableHeader, payload: Uint8Array): 'queue-full' | 'too-large' | 'closed' | undefined;
  /** Sends what is queued, then a farewell; the channel still receives. `then` runs once it is written. */
  finish(reason: string, then?: () => void): void;
  /** Tells the peer why, drops what is queued, closes, and calls `onClosed(reason)`. */
  close(reason: string, detail?: string): void;
  /** Keeps what arrives until `release`, holding the peer back. */
  hold(): void;
  release(): void;
}

export function createChannel(wire: Wire, limits: ChannelLimits, handlers: ChannelHandlers): Channel {
  return new FramedChannel(wire, limits, handlers);
}

const NO_BYTES = new Uint8Array(0);

class FramedChannel implements Channel {
  readonly counts: ChannelCounts = { sentMessages: 0, sentBytes: 0, receivedMessages: 0, receivedBytes: 0 };
  private readonly wire: Wire;
  private readonly limits: ChannelLimits;
  private readonly handlers: ChannelHandlers;
  private readonly reader: FrameReader = createFrameReader();
  private readonly outbox: Outbox;
  private readonly reassembly: Reassembly;
  private state: 'open' | 'finishing' | 'closed' = 'open';
  /** What arrived while on hold; undefined where the channel is not on hold. */
  private held: Incoming[] | undefined;

  constructor(wire: Wire, limits: ChannelLimits, handlers: ChannelHandlers) {
    this.wire = wire;
    this.limits = limits;
    this.handlers = handlers;
    this.outbox = createOutbox(wire, limits.maxQueueBytes);
    this.reassembly = createReassembly({
      maxMessageBytes: limits.maxMessageBytes,
      maxUnfinishedBytes: limits.maxQueueBytes,
    });
    wire.listen({
      onBytes: (bytes) => this.onBytes(bytes),
      onDrain: () => this.outbox.drained(),
      onClose: () => this.ended('connection-lost'),
    });
  }

  get queuedBytes(): number {
    return this.outbox.queuedBytes;
  }

  send(message: SendableHeader, payload: Uint8Array): 'queue-full' | 'too-large' | 'closed' | undefined {
    if (this.state !== 'open') return 'closed';
    if (payload.length > this.limits.maxMessageBytes) return 'too-large';
    if (!this.outbox.push(message, payload)) return 'queue-full';
    this.counts.sentMessages += 1;
    this.counts.sentBytes += payload.length;
    return undefined;
  }

  finish(reason: string, then: () => void = () => {}): void {
    if (this.state !== 'open') return;
    this.state = 'finishing';
    this.outbox.whenEmpty(() => {
      this.sayGoodbye(reason);
      this.outbox.whenEmpty(then);
    });
  }

  close(reason: string, detail?: string): void {
    if (this.state === 'closed') return;
    this.outbox.clear();
    // A fresh outbox: the farewell goes out whatever was queued, as far as the wire takes it.
    createOutbox(this.wire, this.limits.maxQueueBytes).push(goodbye(reason), NO_BYTES);
    queueMicrotask(() => this.wire.close());
    this.ended(reason, detail);
  }

  hold(): void {
    if (this.held !== undefined || this.state === 'closed') return;
    this.held = [];
    this.wire.pause();
  }

  release(): void {
    const held = this.held;
    if (held === undefined) return;
    this.held = undefined;
    for (const incoming of held) if (!this.isClosed()) this.handlers.onIncoming(incoming);
    if (!this.isClosed()) this.wire.resume();
  }

  private isClosed(): boolean {
    return this.state === 'closed';
  }

  private sayGoodbye(reason: string): void {
    this.outbox.push(goodbye(reason), NO_BYTES);
  }

  private onBytes(bytes: Uint8Array): void {
    if (this.state === 'closed') return;
    this.counts.receivedBytes += bytes.length;
    const read = this.reader.read(bytes, (frame) => this.onFrame(frame));
    if (!read.ok) this.close(read.reason, read.detail);
  }

  /** @returns whether to read on */
  private onFrame({ header, payload }: Frame): boolean {
    if (!('more' in header) || (!header.more && this.reassembly.idle)) {
      this.deliver({ header, payload: payload.slice() });
      return !this.isClosed();
    }
    const joined = this.reassembly.add(fragmentKey(header), payload, header.more);
    if (!joined.ok) this.close(joined.reason, joined.detail);
    else if (joined.value !== undefined) this.deliver({ header, payload: joined.value });
    return !this.isClosed();
  }

  private deliver(incoming: Incoming): void {
    this.counts.receivedMessages += 1;
    if (this.held !== undefined) this.held.push(incoming);
    else this.handlers.onIncoming(incoming);
  }

  private ended(reason: string, detail?: string): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.held = undefined;
    this.outbox.clear();
    this.handlers.onClosed(reason, detail);
  }
}

type FragmentHeader = HeaderOf<'message' | 'request' | 'response'>;

function fragmentKey(header: FragmentHeader): string {
  switch (header.kind) {
    case 'message':
      return `m${header.topic}`;
    case 'request':
      return `q${header.id}`;
    case 'response':
      return `r${header.id}`;
  }
}

function goodbye(reason: string): SendableHeader {
  return { kind: 'goodbye', reason: reason.slice(0, MAX_TOPIC_CHARS) };
}
