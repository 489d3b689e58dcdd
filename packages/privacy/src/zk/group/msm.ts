import { assert } from '@murmuration/core';
import { mulAddUnsafe } from '@noble/curves/abstract/curve.js';
import { ristretto255 } from '@noble/curves/ed25519.js';
import { IDENTITY, type Point, SCALAR_BYTES, scalars } from './group.ts';

const SCALAR_BITS = 253;
/** Points whose tables are in memory at once: 256 × 16 points. */
const CHUNK = 256;
/** Up to here noble's Straus with wNAF takes fewer additions than buckets. */
const MAX_STRAUS = 32;
const WINDOW_SIZE = 16;
const NIBBLES = 2 * SCALAR_BYTES;

/**
 * Σ scalar × point for secret scalars: Straus with windows of four bits. The sequence of additions and doublings
 * depends on the number of points alone, zeros included, and a table is read whole for each digit. What `BigInt`
 * does inside one field operation, and the final branch of a select, are the runtime's.
 */
export function secretMsm(points: readonly Point[], secrets: readonly bigint[]): Point {
  assert(points.length === secrets.length, 'as many points as scalars');
  let sum = IDENTITY;
  for (let from = 0; from < points.length; from += CHUNK) {
    sum = sum.add(straus(points.slice(from, from + CHUNK), secrets.slice(from, from + CHUNK)));
  }
  return sum;
}

function straus(points: readonly Point[], secrets: readonly bigint[]): Point {
  const tables = points.map(multiples);
  const digits = secrets.map((secret) => scalars.toBytes(secret));
  let sum = IDENTITY;
  for (let nibble = NIBBLES - 1; nibble >= 0; nibble--) {
    for (let i = 0; i < 4; i++) sum = sum.double();
    for (let i = 0; i < tables.length; i++) {
      const byte = (digits[i] as Uint8Array)[nibble >> 1] as number;
      sum = sum.add(select(tables[i] as readonly Point[], (byte >> (4 * (nibble & 1))) & 15));
    }
  }
  for (const bytes of digits) bytes.fill(0);
  return sum;
}

/** 0 to 15 times the point. */
function multiples(point: Point): readonly Point[] {
  const table = [IDENTITY];
  for (let i = 1; i < WINDOW_SIZE; i++) table.push((table[i - 1] as Point).add(point));
  return table;
}

/** Touches every entry, whichever is wanted. */
export function select(table: readonly Point[], index: number): Point {
  let chosen = table[0] as Point;
  for (let i = 1; i < table.length; i++) chosen = i === index ? (table[i] as Point) : chosen;
  return chosen;
}

/**
 * Σ scalar × point for public scalars in [0, order): Straus for a few, else Pippenger's buckets with signed digits. Fast, and its time and
 * memory accesses show the scalars.
 */
export function publicMsm(points: readonly Point[], weights: readonly bigint[]): Point {
  assert(points.length === weights.length, 'as many points as scalars');
  if (points.length <= MAX_STRAUS) return mulAddUnsafe(ristretto255.Point, [...points], [...weights]);
  const width = windowBits(points.length);
  const windows = Math.ceil((SCALAR_BITS + 1) / width);
  const digits = weights.map((weight) => signedDigits(weight, width, windows));
  let sum = IDENTITY;
  for (let window = windows - 1; window >= 0; window--) {
    if (window < windows - 1) for (let i = 0; i < width; i++) sum = sum.double();
    sum = sum.add(sumOfWindow(points, digits, window, 2 ** (width - 1)));
  }
  return sum;
}

/** Cheapest for n points by count of additions: (254 / w) × (n + 2^w). */
function windowBits(n: number): number {
  let best = 2;
  const cost = (width: number) => Math.ceil((SCALAR_BITS + 1) / width) * (n + 2 ** width);
  for (let width = 3; width <= 14; width++) if (cost(width) < cost(best)) best = width;
  return best;
}

/** Σ digit × 2^(width × i), each digit in [-2^(width-1), 2^(width-1)). */
function signedDigits(weight: bigint, width: number, windows: number): Int32Array {
  const digits = new Int32Array(windows);
  const bytes = scalars.toBytes(weight);
  const half = 2 ** (width - 1);
  let carry = 0;
  for (let i = 0; i < windows; i++) {
    const bit = i * width;
    const at = bit >> 3;
    const word = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);
    const digit = ((word >> (bit & 7)) & (2 * half - 1)) + carry;
    carry = digit >= half ? 1 : 0;
    digits[i] = digit - 2 * half * carry;
  }
  return digits;
}

function sumOfWindow(points: readonly Point[], digits: readonly Int32Array[], window: number, buckets: number): Point {
  const bucket: (Point | undefined)[] = new Array(buckets + 1).fill(undefined);
  for (let i = 0; i < points.length; i++) {
    const digit = (digits[i] as Int32Array)[window] as number;
    if (digit === 0) continue;
    const point = digit > 0 ? (points[i] as Point) : (points[i] as Point).negate();
    const held = bucket[Math.abs(digit)];
    bucket[Math.abs(digit)] = held === undefined ? point : held.add(point);
  }
  let running: Point | undefined;
  let total: Point | undefined;
  for (let i = buckets; i > 0; i--) {
    const held = bucket[i];
    if (held !== undefined) running = running === undefined ? held : running.add(held);
    if (running !== undefined) total = total === undefined ? running : total.add(running);
  }
  return total ?? IDENTITY;
}
