import { toHex } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { decodeBatch } from '../quorum/batch.ts';

/** Requests of the own host that are kept for the next epoch: those above are the host's to submit again. */
const MAX_REQUESTS = 2048;
const MAX_BYTES = 1024 * 1024;
/** A request that two epochs did not order is not brought up again: a jump may have passed over its commit. */
const MAX_EPOCHS = 2;

/** What the own host proposed and no block has ordered yet: an engine's pool ends with its epoch. */
export class OwnRequests {
  private readonly waiting = new Map<string, { readonly request: Uint8Array; epochs: number }>();
  private bytes = 0;

  add(request: Uint8Array): void {
    const key = keyOf(request);
    if (this.waiting.has(key)) return;
    if (this.waiting.size >= MAX_REQUESTS || this.bytes + request.length > MAX_BYTES) return;
    this.waiting.set(key, { request, epochs: 0 });
    this.bytes += request.length;
  }

  remove(request: Uint8Array): void {
    const key = keyOf(request);
    if (this.waiting.delete(key)) this.bytes -= request.length;
  }

  committed(payload: Uint8Array): void {
    if (this.waiting.size === 0) return;
    const batch = decodeBatch(payload);
    if (batch.ok) for (const request of batch.value.requests) this.remove(request);
  }

  /** @returns what the engine of a new epoch is to order */
  forNextEpoch(): readonly Uint8Array[] {
    const requests: Uint8Array[] = [];
    for (const one of this.waiting.values()) {
      one.epochs += 1;
      if (one.epochs > MAX_EPOCHS) this.remove(one.request);
      else requests.push(one.request);
    }
    return requests;
  }
}

function keyOf(request: Uint8Array): string {
  return toHex(sha3_256(request).subarray(0, 16));
}
