import { seededRandom } from '@murmuration/core';
import { describe, expect, test } from 'vitest';
import {
  axpy,
  checkFinite,
  checkRows,
  dot,
  firstNonFinite,
  norm,
  scaleInPlace,
  subtract,
  weightedSum,
} from '../../src/index.ts';

function vector(seed: string, length: number): Float32Array {
  const random = seededRandom(seed);
  return Float32Array.from({ length }, () => (random.unit() - 0.5) * 2 ** (random.below(40) - 20));
}

/** The bits of a double. */
function bits(value: number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0).toString(16);
}

describe('dot', () => {
  const a = vector('a', 10_007);
  const b = vector('b', 10_007);

  test('has the same bits on every machine, and another order of additions has others', () => {
    expect(bits(dot(a, b))).toBe('c1e53c2ff0295330');
    let inOrder = 0;
    for (let i = 0; i < a.length; i++) inOrder += (a[i] as number) * (b[i] as number);
    expect(bits(inOrder)).not.toBe(bits(dot(a, b)));
    expect(Math.abs(inOrder / dot(a, b) - 1)).toBeLessThan(1e-9);
  });

  test('is exact on integers, for every length up to a few blocks of four', () => {
    for (let length = 0; length < 19; length++) {
      const ones = Float32Array.from({ length }, (_, i) => i + 1);
      const squares = (length * (length + 1) * (2 * length + 1)) / 6;
      expect(dot(ones, ones)).toBe(squares);
      expect(norm(ones)).toBe(Math.sqrt(squares));
    }
  });

  test('refuses vectors of different lengths', () => {
    expect(() => dot(new Float32Array(3), new Float32Array(4))).toThrow(
      expect.objectContaining({ code: 'KERNEL_SHAPE' }),
    );
  });
});

test('axpy adds in place, scaleInPlace multiplies in place, subtract makes a new vector', () => {
  const sum = Float64Array.of(1, 2, 3);
  axpy(sum, 2, Float32Array.of(10, 20, 30));
  expect([...sum]).toEqual([21, 42, 63]);
  scaleInPlace(sum, 1 / 3);
  expect([...sum]).toEqual([7, 14, 21]);
  const from = Float32Array.of(5, 5);
  expect([...subtract(from, Float32Array.of(2, 7))]).toEqual([3, -2]);
  expect([...from]).toEqual([5, 5]);
});

test('weightedSum adds rows by their weights and skips those without', () => {
  const rows = [Float32Array.of(1, 2), Float32Array.of(10, 20), Float32Array.of(Number.NaN, 0)];
  expect([...weightedSum(rows, [2, 0.5, 0])]).toEqual([7, 14]);
  expect(() => weightedSum(rows, [1])).toThrow(expect.objectContaining({ code: 'KERNEL_SHAPE' }));
});

describe('finiteness', () => {
  test('finds the first NaN or infinity wherever it stands', () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      for (let at = 0; at < 9; at++) {
        const x = new Float32Array(9).fill(3.4e38);
        x[at] = bad;
        expect(firstNonFinite(x)).toBe(at);
        expect(() => checkFinite('x', x)).toThrow(expect.objectContaining({ code: 'KERNEL_NOT_FINITE' }));
      }
    }
  });

  test('large finite numbers pass, though their sum overflows', () => {
    expect(firstNonFinite(new Float64Array(100).fill(Number.MAX_VALUE))).toBe(-1);
  });

  test('rows must exist, have one length and be finite', () => {
    expect(checkRows('rows', [new Float32Array(2), new Float32Array(2)])).toBe(2);
    expect(() => checkRows('rows', [])).toThrow(expect.objectContaining({ code: 'KERNEL_SHAPE' }));
    expect(() => checkRows('rows', [new Float32Array(2), new Float32Array(3)])).toThrow(/row 1/);
    expect(() => checkRows('rows', [Float32Array.of(0, Number.NaN)])).toThrow(/NaN at index 1/);
  });
});
