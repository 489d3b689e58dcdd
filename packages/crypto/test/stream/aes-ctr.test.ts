import { seededRandom, toHex } from '@murmuration/core';
import { describe, expect, test } from 'vitest';
import { aesCtrKeystream, aesCtrStream } from '../../src/index.ts';
import { platform as node } from '../../src/platform/node.ts';
import { platform as web } from '../../src/platform/web.ts';
import { hex, vectors } from '../vectors.ts';

describe.each(Object.entries({ node, web }))('%s platform', (_, platform) => {
  test('the keystream turns plaintext into ciphertext: NIST SP 800-38A F.5.5', () => {
    const rows = vectors<Record<'key' | 'counter' | 'plaintext' | 'ciphertext', string>>(
      'nist-sp800-38a/ctr-aes256.json',
    );
    for (const { key, counter, plaintext, ciphertext } of rows) {
      const given = hex(plaintext);
      const stream = platform.aes256CtrStream(hex(key), hex(counter))(given.length);
      expect(toHex(given.map((byte, i) => byte ^ (stream[i] as number)))).toBe(ciphertext);
    }
  });

  test('a stream read in parts is the stream read whole, also where the counter carries', () => {
    const key = new Uint8Array(32).fill(7);
    const before = new Uint8Array(16).fill(0xff);
    const whole = platform.aes256CtrStream(key, before)(80);
    expect(platform.aes256CtrStream(key, new Uint8Array(16))(64)).toEqual(whole.slice(16));
    const next = platform.aes256CtrStream(key, before);
    expect([...next(16), ...next(48), ...next(16)]).toEqual([...whole]);
  });
});

test('both platforms give one stream for every length and key', () => {
  const random = seededRandom('aes-ctr');
  for (const length of [0, 1, 15, 16, 17, 4096, 2 ** 17 + 5]) {
    const key = Uint8Array.from({ length: 32 }, () => random.uint32() & 255);
    const counter = Uint8Array.from({ length: 16 }, () => random.uint32() & 255);
    const stream = aesCtrKeystream(key, counter, length);
    expect(stream.length).toBe(length);
    expect(stream.buffer.byteLength).toBe(length);
    expect(toHex(web.aes256CtrStream(key, counter)(length))).toBe(toHex(stream));
  }
});

test('a key or counter of a wrong length is the caller’s fault', () => {
  const wrong = expect.objectContaining({ code: 'CRYPTO_WRONG_LENGTH' });
  expect(() => aesCtrKeystream(new Uint8Array(16), new Uint8Array(16), 16)).toThrow(wrong);
  expect(() => aesCtrKeystream(new Uint8Array(32), new Uint8Array(12), 16)).toThrow(wrong);
});

test('a stream goes on only where it stopped between blocks', () => {
  const next = aesCtrStream(new Uint8Array(32), new Uint8Array(16));
  next(32);
  next(5);
  expect(() => next(16)).toThrow(expect.objectContaining({ code: 'OPTION_OUT_OF_RANGE' }));
});
