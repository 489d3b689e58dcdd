import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  compareBytes,
  concatBytes,
  equalBytes,
  fromBase32,
  fromHex,
  fromUtf8,
  plainBytes,
  toBase32,
  toHex,
  utf8,
} from '../../src/index.ts';

const bytes = fc.uint8Array({ maxLength: 80 });

describe('base32', () => {
  test('gives the texts of RFC 4648 §10, lower case and unpadded', () => {
    const rows: [string, string][] = [
      ['', ''],
      ['f', 'my'],
      ['fo', 'mzxq'],
      ['foo', 'mzxw6'],
      ['foob', 'mzxw6yq'],
      ['fooba', 'mzxw6ytb'],
      ['foobar', 'mzxw6ytboi'],
    ];
    for (const [plain, encoded] of rows) {
      expect(toBase32(utf8(plain))).toBe(encoded);
      expect(fromUtf8(fromBase32(encoded) as Uint8Array)).toBe(plain);
    }
  });

  test('every byte string has one text, and comes back from it', () => {
    fc.assert(fc.property(bytes, (given) => equalBytes(fromBase32(toBase32(given)) as Uint8Array, given)));
  });

  test('a text is read only where it is the one encoding of its bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'abyz2719=A ÿ😀'), maxLength: 12 }), (text) => {
        const read = fromBase32(text);
        return read === undefined || toBase32(read) === text;
      }),
    );
    for (const text of ['a', 'abc', 'abcdef', 'mz', 'MY', 'my======', 'm1', 'my ', 'mzxr']) {
      expect([text, fromBase32(text)]).toEqual([text, undefined]);
    }
  });
});

describe('hex', () => {
  test('every byte string has one text, and comes back from it', () => {
    fc.assert(fc.property(bytes, (given) => equalBytes(fromHex(toHex(given)) as Uint8Array, given)));
    expect(toHex(Uint8Array.of(0, 9, 10, 255))).toBe('00090aff');
  });

  test('upper case, odd lengths, spaces and prefixes are not read', () => {
    for (const text of ['0', 'abc', 'AB', '0x00', ' 00', '00 ', '0g', '٠٠', '00\n']) {
      expect([text, fromHex(text)]).toEqual([text, undefined]);
    }
  });
});

test('compareBytes orders unsigned bytes, a prefix first, as Buffer.compare does', () => {
  fc.assert(fc.property(bytes, bytes, (a, b) => Math.sign(compareBytes(a, b)) === Math.sign(Buffer.compare(a, b))));
  fc.assert(fc.property(bytes, bytes, (a, b) => equalBytes(a, b) === (Buffer.compare(a, b) === 0)));
});

test('concatBytes keeps every byte in order and shares no memory', () => {
  fc.assert(
    fc.property(fc.array(bytes, { maxLength: 5 }), (parts) => equalBytes(concatBytes(...parts), Buffer.concat(parts))),
  );
  const part = Uint8Array.of(1);
  const whole = concatBytes(part);
  part[0] = 2;
  expect(whole[0]).toBe(1);
});

test('fromUtf8 reads what utf8 wrote and refuses what is not UTF-8', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => fromUtf8(utf8(text)) === text));
  for (const bad of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82]]) {
    expect(fromUtf8(Uint8Array.from(bad))).toBeUndefined();
  }
});

test('plainBytes turns a Buffer into a Uint8Array over the same memory', () => {
  const buffer = Buffer.from([1, 2, 3, 4]).subarray(1, 3);
  const plain = plainBytes(buffer);
  expect(plain.constructor).toBe(Uint8Array);
  expect([...plain]).toEqual([2, 3]);
  buffer[0] = 9;
  expect(plain[0]).toBe(9);
  expect(plainBytes(plain)).toBe(plain);
});
