import { equalBytes, toHex } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { BATCH_OVERHEAD_BYTES, REQUEST_OVERHEAD_BYTES } from '../quorum/batch.ts';

/** Committed requests remembered, so that a late copy is not ordered again. The ledger is idempotent beyond it. */
const MAX_REMEMBERED = 32_768;

/** The options that bound a pool, as each protocol has them. */
export interface PoolLimits {
  readonly maxRequestBytes: number;
  readonly maxPoolRequests: number;
  readonly maxPoolBytes: number;
  readonly maxBatchRequests: number;
  readonly maxBatchBytes: number;
}

export interface PooledRequest {
  readonly key: string;
  readonly bytes: Uint8Array;
  /** The replica that brought it. */
  readonly origin: number;
  /** Tick at which it came. */
  readonly tick: number;
  /** Tick at which it is brought up again. */
  due: number;
}

/** A request that waits is brought up again at this age in ticks, then at ages 3, 5, 9, 17 and so on. */
export const FIRST_REMINDER_TICKS = 2;

export type PoolRefusal = 'request-too-large' | 'already-pending' | 'already-committed' | 'pool-full' | 'not-admitted';

/**
 * Requests that wait to be committed, oldest first. Every replica that brings requests has its own share, so a
 * flood of one cannot keep out those of others.
 */
export class RequestPool {
  private readonly options: PoolLimits;
  private readonly admit: (request: Uint8Array) => boolean;
  private readonly entries = new Map<string, PooledRequest>();
  /** Those that are in no live proposal of the current view. */
  private readonly queue = new Map<string, PooledRequest>();
  /** One waiting request of each print: most of what comes is a copy of one, and is told without a hash. */
  private readonly prints = new Map<number, PooledRequest>();
  private readonly remembered = new Set<string>();
  private readonly shares = new Map<number, { requests: number; bytes: number }>();

  constructor(options: PoolLimits, admit: (request: Uint8Array) => boolean) {
    this.options = options;
    this.admit = admit;
  }

  get size(): number {
    return this.entries.size;
  }

  /** Requests that a primary could propose now. */
  get waiting(): number {
    return this.queue.size;
  }

  oldest(): PooledRequest | undefined {
    return this.entries.values().next().value;
  }

  /** @returns the oldest of those due to be brought up again, at most `maxRequests` and `maxBytes`; each is due later */
  remind(tick: number, maxRequests: number, maxBytes: number): PooledRequest[] {
    const due: PooledRequest[] = [];
    let room = maxBytes;
    for (const entry of this.entries.values()) {
      if (entry.due > tick) continue;
      room -= entry.bytes.length;
      if (room < 0 || due.length >= maxRequests) break;
      entry.due = entry.tick + 2 * (tick - entry.tick) - 1;
      due.push(entry);
    }
    return due;
  }

  /** @param again also where it is remembered as committed */
  add(bytes: Uint8Array, origin: number, tick: number, again = false): PoolRefusal | undefined {
    if (bytes.length > this.options.maxRequestBytes) return 'request-too-large';
    const print = printOf(bytes);
    const alike = this.prints.get(print);
    if (alike !== undefined && equalBytes(alike.bytes, bytes)) return 'already-pending';
    const key = keyOfRequest(bytes);
    if (this.entries.has(key)) return 'already-pending';
    if (!again && this.remembered.has(key)) return 'already-committed';
    const share = this.shares.get(origin) ?? { requests: 0, bytes: 0 };
    if (share.requests >= this.options.maxPoolRequests) return 'pool-full';
    if (share.bytes + bytes.length > this.options.maxPoolBytes) return 'pool-full';
    if (!this.admit(bytes)) return 'not-admitted';
    const entry = { key, bytes, origin, tick, due: tick + FIRST_REMINDER_TICKS };
    share.requests += 1;
    share.bytes += bytes.length;
    this.shares.set(origin, share);
    this.entries.set(key, entry);
    this.queue.set(key, entry);
    this.prints.set(print, entry);
    return undefined;
  }

  /** @returns the oldest waiting requests that fit one batch; they leave the queue */
  take(): Uint8Array[] {
    const taken: Uint8Array[] = [];
    let room = this.options.maxBatchBytes - BATCH_OVERHEAD_BYTES;
    for (const { key, bytes } of this.queue.values()) {
      room -= bytes.length + REQUEST_OVERHEAD_BYTES;
      if (room < 0 || taken.length >= this.options.maxBatchRequests) break;
      taken.push(bytes);
      this.queue.delete(key);
    }
    return taken;
  }

  /** Whether the waiting requests fill a batch. */
  get full(): boolean {
    return this.queue.size >= this.options.maxBatchRequests;
  }

  committed(requests: readonly Uint8Array[]): void {
    for (const bytes of requests) {
      const key = keyOfRequest(bytes);
      this.remember(key);
      this.queue.delete(key);
      const entry = this.entries.get(key);
      if (entry === undefined) continue;
      this.entries.delete(key);
      const print = printOf(entry.bytes);
      if (this.prints.get(print) === entry) this.prints.delete(print);
      const share = this.shares.get(entry.origin) as { requests: number; bytes: number };
      share.requests -= 1;
      share.bytes -= entry.bytes.length;
    }
  }

  /** A new view: everything waits again, but what its proposals carry. */
  requeue(proposed: Iterable<readonly Uint8Array[]>): void {
    this.queue.clear();
    for (const [key, entry] of this.entries) this.queue.set(key, entry);
    for (const requests of proposed) for (const bytes of requests) this.queue.delete(keyOfRequest(bytes));
  }

  private remember(key: string): void {
    this.remembered.add(key);
    if (this.remembered.size <= MAX_REMEMBERED) return;
    for (const oldest of this.remembered) {
      this.remembered.delete(oldest);
      return;
    }
  }
}

const PRINTED_BYTES = 64;

/**
 * FNV-1a of the length and both ends. Whoever makes two requests of one print gains nothing: the bytes are compared,
 * and the other one is told by its hash.
 */
function printOf(bytes: Uint8Array): number {
  let print = 0x811c9dc5 ^ bytes.length;
  const tail = Math.max(PRINTED_BYTES, bytes.length - PRINTED_BYTES);
  for (let i = 0; i < bytes.length; i++) {
    if (i === PRINTED_BYTES) i = tail;
    if (i < bytes.length) print = Math.imul(print ^ (bytes[i] as number), 0x01000193);
  }
  return print;
}

/** 128 bits of the SHA3-256: two requests with one key are out of reach. */
function keyOfRequest(bytes: Uint8Array): string {
  return toHex(sha3_256(bytes).subarray(0, 16));
}
