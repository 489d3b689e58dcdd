import { encodeHeader, FRAGMENT_BYTES, frameBytes, type Header, writeFrame } from './frame.ts';
import type { Wire } from './wire.ts';

/** One write to the wire at most. Just under 64 KiB, so that yamux and TLS add no second packet of their own. */
export const BATCH_BYTES = 64_000;

/** A header as senders give it: the outbox adds `more`, frame by frame. */
export type SendableHeader =
  | { readonly kind: 'hello' }
  | { readonly kind: 'welcome' }
  | { readonly kind: 'goodbye'; readonly reason: string }
  | { readonly kind: 'message'; readonly topic: string }
  | { readonly kind: 'request'; readonly topic: string; readonly id: number }
  | { readonly kind: 'response'; readonly id: number; readonly refusal: string };

/**
 * The sending side of a channel: bounded, batched, fair. All that one tick sends leaves in writes of up to 64 KB,
 * and a large message gives way to other lanes after every 32 KiB of its own.
 */
export interface Outbox {
  /** Each topic's messages leave in order; topics take turns. @returns false where the queue is full; nothing was taken */
  push(header: SendableHeader, payload: Uint8Array): boolean;
  /** The wire can take more. */
  drained(): void;
  /** Calls `then` once everything pushed so far has been written. */
  whenEmpty(then: () => void): void;
  /** Forgets what is queued; `whenEmpty` callbacks are dropped. */
  clear(): void;
  readonly queuedBytes: number;
}

interface Queued {
  readonly header: SendableHeader;
  readonly payload: Uint8Array;
  sent: number;
  next: Queued | undefined;
}

/** A linked queue: taking from its front costs the same however long it is. */
interface Lane {
  first: Queued | undefined;
  last: Queued | undefined;
}

/** What an entry of the queue costs besides its payload. */
const ENTRY_BYTES = 128;
/** Header bytes of single-frame messages, by topic. */
const MAX_CACHED_HEADERS = 64;
const RESPONSE_LANES = 8;

export function createOutbox(wire: Wire, maxQueueBytes: number): Outbox {
  return new FairOutbox(wire, maxQueueBytes);
}

class FairOutbox implements Outbox {
  queuedBytes = 0;
  private readonly wire: Wire;
  private readonly maxQueueBytes: number;
  /** In the order of their turns. */
  private readonly lanes = new Map<string, Lane>();
  private readonly headers = new Map<string, Uint8Array>();
  private emptied: (() => void)[] = [];
  private scheduled = false;
  private blocked = false;

  constructor(wire: Wire, maxQueueBytes: number) {
    this.wire = wire;
    this.maxQueueBytes = maxQueueBytes;
  }

  push(header: SendableHeader, payload: Uint8Array): boolean {
    const cost = payload.length + ENTRY_BYTES;
    if (this.queuedBytes + cost > this.maxQueueBytes) return false;
    this.queuedBytes += cost;
    const entry: Queued = { header, payload, sent: 0, next: undefined };
    const name = laneOf(header);
    const lane = this.lanes.get(name);
    if (lane?.last === undefined) {
      this.lanes.set(name, { first: entry, last: entry });
    } else {
      lane.last.next = entry;
      lane.last = entry;
    }
    this.schedule();
    return true;
  }

  drained(): void {
    this.blocked = false;
    this.flush();
  }

  whenEmpty(then: () => void): void {
    this.emptied.push(then);
    this.schedule();
  }

  clear(): void {
    this.lanes.clear();
    this.queuedBytes = 0;
    this.emptied = [];
    this.blocked = true;
  }

  private schedule(): void {
    if (this.scheduled || this.blocked) return;
    this.scheduled = true;
    queueMicrotask(() => {
      this.scheduled = false;
      this.flush();
    });
  }

  private flush(): void {
    while (!this.blocked && this.lanes.size > 0) {
      if (!this.wire.write(this.nextBatch())) this.blocked = true;
    }
    if (this.lanes.size > 0) return;
    const callbacks = this.emptied;
    this.emptied = [];
    for (const callback of callbacks) callback();
  }

  /** One write's worth of frames, each lane in turn. */
  private nextBatch(): Uint8Array {
    const frames: { header: Uint8Array; payload: Uint8Array }[] = [];
    let size = 0;
    for (const [name, lane] of this.lanes) {
      let turn = 0;
      while (lane.first !== undefined && turn < FRAGMENT_BYTES) {
        const frame = this.nextFrame(lane.first);
        const bytes = frameBytes(frame.header.length, frame.payload.length);
        if (size > 0 && size + bytes > BATCH_BYTES) {
          if (turn > 0) this.endTurn(name, lane);
          return join(frames, size);
        }
        frames.push(frame);
        size += bytes;
        turn += bytes;
        this.advance(lane, lane.first, frame.payload.length);
      }
      this.endTurn(name, lane);
    }
    return join(frames, size);
  }

  private advance(lane: Lane, entry: Queued, bytes: number): void {
    entry.sent += bytes;
    if (entry.sent < entry.payload.length) return;
    this.queuedBytes -= entry.payload.length + ENTRY_BYTES;
    lane.first = entry.next;
  }

  private nextFrame({ header, payload, sent }: Queued): { header: Uint8Array; payload: Uint8Array } {
    const end = Math.min(sent + FRAGMENT_BYTES, payload.length);
    const more = end < payload.length;
    const single = !more && sent === 0;
    return {
      header: single ? this.singleFrameHeader(header) : encodeHeader(withMore(header, more)),
      payload: single ? payload : payload.subarray(sent, end),
    };
  }

  private singleFrameHeader(header: SendableHeader): Uint8Array {
    if (header.kind !== 'message') return encodeHeader(withMore(header, false));
    const cached = this.headers.get(header.topic);
    if (cached !== undefined) return cached;
    const encoded = encodeHeader(withMore(header, false));
    if (this.headers.size < MAX_CACHED_HEADERS) this.headers.set(header.topic, encoded);
    return encoded;
  }

  /** Moves a lane behind the others, or drops it where it is empty. */
  private endTurn(name: string, lane: Lane): void {
    this.lanes.delete(name);
    if (lane.first !== undefined) this.lanes.set(name, lane);
  }
}

/** Kinds without `more` in their format leave it out when they are encoded. */
function withMore(header: SendableHeader, more: boolean): Header {
  return { ...header, more } as Header;
}

/** What takes turns: every topic's messages, its requests, answers in a few groups, and the link's own frames. */
function laneOf(header: SendableHeader): string {
  switch (header.kind) {
    case 'message':
      return header.topic;
    case 'request':
      return `?${header.topic}`;
    case 'response':
      return `!${header.id % RESPONSE_LANES}`;
    default:
      return '';
  }
}

function join(frames: readonly { header: Uint8Array; payload: Uint8Array }[], size: number): Uint8Array {
  const batch = new Uint8Array(size);
  let at = 0;
  for (const { header, payload } of frames) at = writeFrame(batch, at, header, payload);
  return batch;
}
