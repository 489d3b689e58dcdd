import { toHex } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { REQUEST_OVERHEAD_BYTES } from '../quorum/batch.ts';
import type { PoolLimits } from './request-pool.ts';

/** Digests of committed requests remembered, so that one that comes late is not ordered again. */
const MAX_REMEMBERED = 16_384;

/** Requests that wait to be committed, in the order they came. Bounded in number and bytes. */
export class Waiting {
  private readonly options: PoolLimits;
  private readonly requests = new Map<string, Uint8Array>();
  /** In an uncommitted entry of this leader. */
  private readonly ordered = new Set<string>();
  private readonly done = new Set<string>();
  private bytes = 0;

  constructor(options: PoolLimits) {
    this.options = options;
  }

  get size(): number {
    return this.requests.size;
  }

  /** @returns why the request was not taken, if so */
  add(request: Uint8Array): string | undefined {
    if (request.length === 0 || request.length > this.options.maxRequestBytes) return 'request-too-large';
    const key = keyOf(request);
    if (this.done.has(key)) return 'already-committed';
    if (this.requests.has(key)) return 'already-pending';
    if (this.requests.size >= this.options.maxPoolRequests) return 'pool-full';
    if (this.bytes + request.length > this.options.maxPoolBytes) return 'pool-full';
    this.requests.set(key, Uint8Array.from(request));
    this.bytes += request.length;
    return undefined;
  }

  /** Takes the next batch to be ordered; they stay here until they are committed. */
  takeBatch(): Uint8Array[] {
    const batch: Uint8Array[] = [];
    let bytes = 64;
    for (const [key, request] of this.requests) {
      if (this.ordered.has(key)) continue;
      bytes += request.length + REQUEST_OVERHEAD_BYTES;
      if (batch.length === this.options.maxBatchRequests || bytes > this.options.maxBatchBytes) break;
      this.ordered.add(key);
      batch.push(request);
    }
    return batch;
  }

  /** Not in any entry: what a follower passes to the leader. */
  unordered(max: number): Uint8Array[] {
    const waiting: Uint8Array[] = [];
    for (const [key, request] of this.requests) {
      if (waiting.length === max) break;
      if (!this.ordered.has(key)) waiting.push(request);
    }
    return waiting;
  }

  committed(requests: readonly Uint8Array[]): void {
    for (const request of requests) {
      const key = keyOf(request);
      const held = this.requests.get(key);
      if (held !== undefined) this.bytes -= held.length;
      this.requests.delete(key);
      this.ordered.delete(key);
      this.done.add(key);
      if (this.done.size > MAX_REMEMBERED) this.done.delete(this.done.values().next().value as string);
    }
  }

  /** Whether this was committed within memory: a batch may hold it again where two leaders ordered it. */
  isDone(request: Uint8Array): boolean {
    return this.done.has(keyOf(request));
  }

  /** A new leader finds in its log what is ordered already; whoever is no leader orders nothing. */
  reorder(ordered: Iterable<Uint8Array>): void {
    this.ordered.clear();
    for (const request of ordered) this.ordered.add(keyOf(request));
  }
}

function keyOf(request: Uint8Array): string {
  return toHex(sha3_256(request));
}
