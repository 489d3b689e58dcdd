const SLAB_BYTES = 65_536;
const MAX_POOLED_BYTES = 4096;
let slab = new Uint8Array(SLAB_BYTES);
let used = 0;

/**
 * The receiver's own bytes. Small copies are cut from one large buffer: a buffer for each of a million messages would
 * cost more than the messages.
 */
export function copyOf(bytes: Uint8Array): Uint8Array {
  const { length } = bytes;
  if (length > MAX_POOLED_BYTES) return bytes.slice();
  if (used + length > SLAB_BYTES) {
    slab = new Uint8Array(SLAB_BYTES);
    used = 0;
  }
  const copy = slab.subarray(used, used + length);
  copy.set(bytes);
  used += length;
  return copy;
}
