import { seededRandom } from '@murmuration/core';
import { expect, test } from 'vitest';
import { addWords, subtractWords } from '../../src/index.ts';

const random = seededRandom('words');
const draw = (length: number) => Int32Array.from({ length }, () => random.uint32() | 0);

test('sums and differences are those of the integers modulo 2^32, at every edge', () => {
  const edges = [0, 1, -1, 2 ** 31 - 1, -(2 ** 31), 0x5555_5555];
  for (const a of edges) {
    for (const b of edges) {
      const sum = Int32Array.of(a);
      addWords(sum, Int32Array.of(b));
      expect(sum[0]).toBe(Number(BigInt.asIntN(32, BigInt(a) + BigInt(b))));
      const difference = Int32Array.of(a);
      subtractWords(difference, Int32Array.of(b));
      expect(difference[0]).toBe(Number(BigInt.asIntN(32, BigInt(a) - BigInt(b))));
    }
  }
});

test('what is added is taken away by subtracting, for every length up to 40', () => {
  for (let length = 0; length <= 40; length++) {
    const [values, mask] = [draw(length), draw(length)];
    const masked = values.slice();
    addWords(masked, mask);
    subtractWords(masked, mask);
    expect([...masked]).toEqual([...values]);
  }
});

test('vectors of two lengths are refused', () => {
  const wrong = expect.objectContaining({ code: 'KERNEL_SHAPE' });
  expect(() => addWords(draw(3), draw(4))).toThrow(wrong);
  expect(() => subtractWords(draw(4), draw(3))).toThrow(wrong);
});
