import { encodeHeader, FRAGMENT_BYTES, frameBytes, type Header, writeFrame } from './frame.ts';
import type { Wire } from './wire.ts';

/** One write to the wire at most. Just under 64 KiB, so that yamux and TLS add no second packet of their own. */
export const BATCH_BYTES = 64_000;

/** A message as the outbox takes it: the header of each of its frames, and the bytes to cut up. */
export interface Outgoing {
  /** Messages of one lane leave in order; lanes take turns. */
  readonly lane: string;
  header(more: boolean): Header;
  readonly payload: Uint8Array;
}

/**
 * The sending side of a channel: bounded, batched, fair. All that one tick sends leaves in writes of up to 64 KB,
 * and a large message gives way to other lanes after every 32 KiB of its own.
 */
export interface Outbox {
  /** @returns false where the queue is full; nothing was taken */
  push(message: Outgoing): boolean;
  /** The wire can take more. */
  drained(): void;
  /** Calls `then` once everything pushed so far has been written. */
  whenEmpty(then: () => void): void;
  /** Forgets what is queued; `whenEmpty` callbacks are dropped. */
  clear(): void;
  readonly queuedBytes: number;
}

interface Queued {
  readonly message: Outgoing;
  readonly cost: number;
  sent: number;
}

/** What an entry of the queue costs besides its payload. */
const ENTRY_BYTES = 128;
/** Header bytes of recent single-frame messages, by lane. */
const MAX_CACHED_HEADERS = 64;

export function createOutbox(wire: Wire, maxQueueBytes: number): Outbox {
  return new FairOutbox(wire, maxQueueBytes);
}

class FairOutbox implements Outbox {
  queuedBytes = 0;
  private readonly wire: Wire;
  private readonly maxQueueBytes: number;
  /** In the order of their turns. */
  private readonly lanes = new Map<string, Queued[]>();
  private readonly headers = new Map<string, Uint8Array>();
  private emptied: (() => void)[] = [];
  private scheduled = false;
  private blocked = false;

  constructor(wire: Wire, maxQueueBytes: number) {
    this.wire = wire;
    this.maxQueueBytes = maxQueueBytes;
  }

  push(message: Outgoing): boolean {
    const cost = message.payload.length + ENTRY_BYTES;
    if (this.queuedBytes + cost > this.maxQueueBytes) return false;
    this.queuedBytes += cost;
    const entry: Queued = { message, cost, sent: 0 };
    const lane = this.lanes.get(message.lane);
    if (lane === undefined) this.lanes.set(message.lane, [entry]);
    else lane.push(entry);
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
      let next = 0;
      while (next < lane.length && turn < FRAGMENT_BYTES) {
        const entry = lane[next] as Queued;
        const frame = this.nextFrame(entry);
        const bytes = frameBytes(frame.header.length, frame.payload.length);
        if (size > 0 && size + bytes > BATCH_BYTES) {
          this.endTurn(name, lane, next, turn > 0);
          return join(frames, size);
        }
        frames.push(frame);
        size += bytes;
        turn += bytes;
        entry.sent += frame.payload.length;
        if (entry.sent === entry.message.payload.length) {
          this.queuedBytes -= entry.cost;
          next += 1;
        }
      }
      this.endTurn(name, lane, next, true);
    }
    return join(frames, size);
  }

  private nextFrame({ message, sent }: Queued): { header: Uint8Array; payload: Uint8Array } {
    const end = Math.min(sent + FRAGMENT_BYTES, message.payload.length);
    const more = end < message.payload.length;
    const header = more || sent > 0 ? encodeHeader(message.header(more)) : this.singleFrameHeader(message);
    return { header, payload: message.payload.subarray(sent, end) };
  }

  private singleFrameHeader(message: Outgoing): Uint8Array {
    const header = message.header(false);
    if (header.kind !== 'message') return encodeHeader(header);
    const cached = this.headers.get(header.topic);
    if (cached !== undefined) return cached;
    const encoded = encodeHeader(header);
    if (this.headers.size < MAX_CACHED_HEADERS) this.headers.set(header.topic, encoded);
    return encoded;
  }

  /** Drops what a lane has sent, and moves it behind the others where it used its turn. */
  private endTurn(name: string, lane: Queued[], done: number, used: boolean): void {
    lane.splice(0, done);
    if (lane.length > 0 && !used) return;
    this.lanes.delete(name);
    if (lane.length > 0) this.lanes.set(name, lane);
  }
}

function join(frames: readonly { header: Uint8Array; payload: Uint8Array }[], size: number): Uint8Array {
  const batch = new Uint8Array(size);
  let at = 0;
  for (const { header, payload } of frames) at = writeFrame(batch, at, header, payload);
  return batch;
}
