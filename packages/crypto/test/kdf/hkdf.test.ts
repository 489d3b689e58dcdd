import { toHex, utf8 } from '@murmuration/core';
import { expect, test } from 'vitest';
import { hkdfSha256 } from '../../src/index.ts';

const secret = new Uint8Array(32).fill(7);
const none = new Uint8Array(0);

test('outputs for two purposes or salts differ, and a longer output begins with the shorter one', () => {
  const derive = (info: string, length = 32, salt = none) => toHex(hkdfSha256(secret, salt, utf8(info), length));
  expect(derive('masks')).not.toBe(derive('keys'));
  expect(derive('masks', 32, Uint8Array.of(1))).not.toBe(derive('masks'));
  expect(derive('masks', 8160).startsWith(derive('masks', 33))).toBe(true);
});

test('a length outside 1 to 8160 bytes is refused: RFC 5869 §2.3', () => {
  for (const length of [0, -1, 1.5, 8161, Number.NaN]) {
    expect(() => hkdfSha256(secret, none, none, length)).toThrow(
      expect.objectContaining({ code: 'OPTION_OUT_OF_RANGE' }),
    );
  }
});
