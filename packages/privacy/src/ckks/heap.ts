import { checkInteger, MurmurError } from '@murmuration/core';

/** WebAssembly of 32 bits ends at 4 GiB; the rest is for what single operations need beside what stays. */
const MAX_HEAP_BYTES = 3 * 2 ** 30;

/**
 * Counts what one instance of SEAL keeps, and refuses before its heap is full: SEAL, when an allocation fails, leaves a
 * pool locked and waits for it for ever at the next use. Its pools give nothing back but keep it for objects of the
 * same size, so each size counts with the most that was ever alive at once.
 */
export class Heap {
  readonly maxBytes: number;
  readonly #sizes = new Map<number, { live: number; most: number }>();
  #bytes = 0;

  /** @throws OPTION_OUT_OF_RANGE */
  constructor(maxBytes: number = MAX_HEAP_BYTES) {
    checkInteger('maxHeapBytes of CKKS', maxBytes, 1, MAX_HEAP_BYTES);
    this.maxBytes = maxBytes;
  }

  /** @throws PRIVACY_CKKS_MEMORY, and then nothing is reserved */
  reserve(bytesEach: number, count: number): void {
    const size = this.#sizes.get(bytesEach) ?? { live: 0, most: 0 };
    const more = Math.max(0, size.live + count - size.most);
    if (this.#bytes + more * bytesEach > this.maxBytes) throw full(more * bytesEach, this.#bytes, this.maxBytes);
    this.#bytes += more * bytesEach;
    this.#sizes.set(bytesEach, { live: size.live + count, most: size.most + more });
  }

  release(bytesEach: number, count: number): void {
    const size = this.#sizes.get(bytesEach);
    if (size !== undefined) size.live -= count;
  }
}

function full(bytes: number, taken: number, maxBytes: number): MurmurError {
  return new MurmurError({
    code: 'PRIVACY_CKKS_MEMORY',
    message: `${bytes} more bytes of native memory were asked for; ${taken} of ${maxBytes} are taken`,
    remedy: 'dispose vectors and keys that are no longer used, or give each instance a worker of its own',
    facts: { bytes, taken, maxBytes },
  });
}
