import { toHex } from '@murmuration/core';
import { expect, test } from 'vitest';
import { messageField, textField, varintField } from '../../src/engine/protobuf.ts';

// protobuf.dev/programming-guides/encoding: messages Test1, Test2 and Test3.
test('writes the published examples of the encoding guide', () => {
  expect(toHex(varintField(1, 150))).toBe('089601');
  expect(toHex(textField(2, 'testing'))).toBe('120774657374696e67');
  expect(toHex(messageField(3, [varintField(1, 150)]))).toBe('1a03089601');
});

test('varints hold numbers beyond 32 bits', () => {
  expect(toHex(varintField(1, 0))).toBe('0800');
  expect(toHex(varintField(1, 2 ** 53 - 1))).toBe('08ffffffffffffff0f');
});
