import { expect, test } from 'vitest';
import { constantTimeEqual, wipe } from '../../src/index.ts';
import { platform as web } from '../../src/platform/web.ts';

test('constantTimeEqual is equality, of whole arrays, on both platforms', () => {
  const tag = Uint8Array.from({ length: 16 }, (_, i) => i);
  expect(constantTimeEqual(tag, tag.slice())).toBe(true);
  expect(constantTimeEqual(tag, tag.subarray(0, 15))).toBe(false);
  expect(constantTimeEqual(new Uint8Array(0), new Uint8Array(0))).toBe(true);
  for (let bit = 0; bit < 128; bit++) {
    const other = tag.slice();
    other[bit >> 3] = (other[bit >> 3] as number) ^ (1 << (bit & 7));
    expect(constantTimeEqual(tag, other)).toBe(false);
    expect(web.constantTimeEqual(tag, other)).toBe(false);
  }
  expect(web.constantTimeEqual(tag, tag.slice())).toBe(true);
});

test('wipe overwrites every secret given, within its own view only', () => {
  const memory = new Uint8Array(8).fill(9);
  const seed = new Uint8Array(4).fill(5);
  wipe(memory.subarray(2, 5), seed);
  expect([...memory]).toEqual([9, 9, 0, 0, 0, 9, 9, 9]);
  expect([...seed]).toEqual([0, 0, 0, 0]);
});
