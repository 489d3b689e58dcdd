import { toHex, utf8 } from '@murmuration/core';
import { describe, expect, test } from 'vitest';
import { argon2id, isArgon2Cost } from '../../src/index.ts';
import { platform as node } from '../../src/platform/node.ts';
import { platform as web } from '../../src/platform/web.ts';

const bytes = (length: number, value: number) => new Uint8Array(length).fill(value);

describe.each(Object.entries({ node, web }))('%s platform', (_, platform) => {
  test('Argon2id gives the tag of RFC 9106 §5.3', () => {
    const tag = platform.argon2id({
      passphrase: bytes(32, 1),
      salt: bytes(16, 2),
      secret: bytes(8, 3),
      associated: bytes(12, 4),
      memoryKiB: 32,
      passes: 3,
      lanes: 4,
      length: 32,
    });
    expect(toHex(tag)).toBe('0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659');
  });

  test('both platforms derive one key', () => {
    const input = { passphrase: utf8('words'), salt: bytes(32, 5), memoryKiB: 64, passes: 2, lanes: 1, length: 32 };
    expect(toHex(platform.argon2id(input))).toBe(toHex(node.argon2id(input)));
  });
});

test('parameters that are none are refused, and a stranger may not ask for all memory', () => {
  const refused = expect.objectContaining({ code: 'OPTION_OUT_OF_RANGE' });
  const cost = { memoryKiB: 64, passes: 1, lanes: 1 };
  const derive =
    (changed: object, salt = bytes(16, 1)) =>
    () =>
      argon2id(utf8('w'), salt, { ...cost, ...changed }, 32);
  expect(derive({})).not.toThrow();
  for (const changed of [{ memoryKiB: 7 }, { passes: 0 }, { lanes: 0 }, { lanes: 9 }, { memoryKiB: 2 ** 30 }]) {
    expect(derive(changed)).toThrow(refused);
    expect(isArgon2Cost({ ...cost, ...changed })).toBe(false);
  }
  expect(derive({}, bytes(8, 1))).toThrow(refused);
  expect(isArgon2Cost(cost)).toBe(true);
});
