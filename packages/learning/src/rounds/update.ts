import { accept, type Result, refuse } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';

/** Weights that share one scale. */
const BLOCK = 256;
const LEVELS = 127;
const SCALE_BYTES = 4;

/** @returns bytes of an encoded update of `length` weights */
export function updateBytes(length: number): number {
  return length + SCALE_BYTES * Math.ceil(length / BLOCK);
}

/**
 * An update as 8-bit integers: for each block of 256 weights one scale (float32, little endian, all scales
 * first), then one signed byte a weight, round(w / scale) in [−127, 127]. Relative error about 0.7 %.
 * @param delta finite; a value beyond float32 or NaN makes bytes that `decodeUpdate` refuses
 */
export function encodeUpdate(delta: Float32Array): Uint8Array {
  const blocks = Math.ceil(delta.length / BLOCK);
  const bytes = new Uint8Array(updateBytes(delta.length));
  const view = new DataView(bytes.buffer);
  for (let block = 0; block < blocks; block++) {
    const weights = delta.subarray(block * BLOCK, (block + 1) * BLOCK);
    const scale = Math.fround(largestMagnitude(weights) / LEVELS);
    view.setFloat32(SCALE_BYTES * block, scale, true);
    const from = SCALE_BYTES * blocks + block * BLOCK;
    for (let i = 0; i < weights.length; i++) {
      const level = scale === 0 ? 0 : Math.round((weights[i] as number) / scale);
      view.setInt8(from + i, Math.max(-LEVELS, Math.min(LEVELS, level)));
    }
  }
  return bytes;
}

export type UpdateReason = 'wrong-length' | 'not-finite' | 'not-canonical';

/**
 * Reads an update that a peer chose. @param length weights of the model
 * @returns the weights, or `wrong-length`, `not-finite` (a scale is NaN or infinite), `not-canonical` (a
 *   negative scale, the byte −128, or levels without a scale: nothing an encoder writes)
 */
export function decodeUpdate(bytes: Uint8Array, length: number): Result<Float32Array, UpdateReason> {
  if (bytes.length !== updateBytes(length)) {
    return refuse('wrong-length', `${bytes.length} bytes, ${updateBytes(length)} for ${length} weights`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const blocks = Math.ceil(length / BLOCK);
  const delta = new Float32Array(length);
  for (let block = 0; block < blocks; block++) {
    const scale = view.getFloat32(SCALE_BYTES * block, true);
    if (!Number.isFinite(Math.fround(scale * LEVELS)))
      return refuse('not-finite', `the scale of block ${block} is ${scale}`);
    if (scale < 0 || Object.is(scale, -0)) return refuse('not-canonical', `the scale of block ${block} is negative`);
    const end = Math.min(length, (block + 1) * BLOCK);
    for (let i = block * BLOCK; i < end; i++) {
      const level = view.getInt8(SCALE_BYTES * blocks + i);
      if (level < -LEVELS || (scale === 0 && level !== 0))
        return refuse('not-canonical', `weight ${i} is off the grid`);
      delta[i] = level * scale;
    }
  }
  return accept(delta);
}

/** SHA3-256 of the encoded update, 32 bytes: what a device commits to on the ledger. */
export function updateHash(bytes: Uint8Array): Uint8Array {
  return sha3_256(bytes);
}

/** NaN where one of the weights is. */
function largestMagnitude(weights: Float32Array): number {
  let largest = 0;
  for (const weight of weights) largest = Math.max(largest, Math.abs(weight));
  return largest;
}
