import { seededRandom } from '@murmuration/core';
import { norm, subtract } from '@murmuration/kernels';
import { describe, expect, test } from 'vitest';
import { decodeUpdate, encodeUpdate, updateBytes, updateHash } from '../../src/index.ts';

function update(seed: string, length: number, scale = 0.01): Float32Array {
  const random = seededRandom(seed);
  return Float32Array.from({ length }, () => {
    let sum = -6;
    for (let i = 0; i < 12; i++) sum += random.unit();
    return sum * scale;
  });
}

function decoded(bytes: Uint8Array, length: number): Float32Array {
  const read = decodeUpdate(bytes, length);
  if (!read.ok) throw new Error(read.reason);
  return read.value;
}

describe('encoded update', () => {
  test('is a quarter of float32 and within 1 % of it, for any length and magnitude', () => {
    for (const [length, scale] of [
      [1, 1],
      [255, 1e-6],
      [256, 1],
      [257, 1e6],
      [5000, 1e-20],
      [132_724, 0.01],
    ] as const) {
      const delta = update(`${length}`, length, scale);
      const bytes = encodeUpdate(delta);
      expect(bytes.length).toBe(updateBytes(length));
      expect(norm(subtract(decoded(bytes, length), delta))).toBeLessThanOrEqual(0.01 * norm(delta));
    }
    expect(updateBytes(132_724) / (4 * 132_724)).toBeLessThan(0.27);
  });

  test('decoding and encoding again gives the same weights: replicas that relay see what was sent', () => {
    const delta = decoded(encodeUpdate(update('twice', 1000)), 1000);
    const again = decoded(encodeUpdate(delta), 1000);
    for (const [i, value] of again.entries()) expect(Math.abs(value - (delta[i] as number))).toBeLessThan(1e-7);
  });

  test('zeros stay zeros, in blocks of their own and among others', () => {
    const delta = update('zeros', 600);
    delta.fill(0, 256, 512);
    expect(
      decoded(encodeUpdate(delta), 600)
        .subarray(256, 512)
        .every((value) => value === 0),
    ).toBe(true);
    expect(decoded(encodeUpdate(new Float32Array(3)), 3)).toEqual(new Float32Array(3));
  });

  test('a wrong length is refused, for every length but the right one', () => {
    const bytes = encodeUpdate(update('length', 300));
    for (let length = 0; length < 400; length++) {
      if (length !== 300) expect(decodeUpdate(bytes, length)).toMatchObject({ ok: false, reason: 'wrong-length' });
    }
    for (let cut = 0; cut < bytes.length; cut++) {
      expect(decodeUpdate(bytes.subarray(0, cut), 300)).toMatchObject({ ok: false, reason: 'wrong-length' });
    }
  });

  test('NaN and infinities never come out, whatever went in', () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const delta = update('nan', 300);
      delta[270] = bad;
      expect(decodeUpdate(encodeUpdate(delta), 300)).toMatchObject({ ok: false, reason: 'not-finite' });
    }
    const random = seededRandom('fuzz');
    let accepted = 0;
    for (let i = 0; i < 2000; i++) {
      const bytes = Uint8Array.from({ length: updateBytes(5) }, () => random.uint32());
      const read = decodeUpdate(bytes, 5);
      if (!read.ok) continue;
      accepted++;
      expect(read.value.every(Number.isFinite)).toBe(true);
    }
    expect(accepted).toBeGreaterThan(100);
  });

  test('what no encoder writes is refused: a negative scale, −128, levels without a scale', () => {
    const write = (scale: number, level: number) => {
      const bytes = new Uint8Array(5);
      const view = new DataView(bytes.buffer);
      view.setFloat32(0, scale, true);
      view.setInt8(4, level);
      return decodeUpdate(bytes, 1);
    };
    expect(write(0.5, 127)).toEqual({ ok: true, value: Float32Array.of(63.5) });
    for (const [scale, level] of [
      [-1, 1],
      [-0, 0],
      [1, -128],
      [0, 1],
    ] as const) {
      expect(write(scale, level)).toMatchObject({ ok: false, reason: 'not-canonical' });
    }
  });

  test('its hash is SHA3-256 of the bytes', () => {
    const bytes = encodeUpdate(update('hash', 10));
    expect(updateHash(bytes)).toHaveLength(32);
    expect(updateHash(bytes)).not.toEqual(updateHash(bytes.with(0, (bytes[0] as number) ^ 1)));
  });
});
