import { Packr } from 'msgpackr';
import { describe, expect, test } from 'vitest';
import { isPlainMessagePack, MAX_DEPTH } from '../../src/encoding/well-formed.ts';
import {
  bytesUpTo,
  decode,
  decodeCanonical,
  encode,
  finite,
  list,
  type Schema,
  struct,
  text,
  uint,
} from '../../src/index.ts';

/** Takes whatever the decoder gives: only the codec stands in the way. */
const anything: Schema<unknown> = { toWire: (value) => value, fromWire: (value) => value };
const numbers = list(uint, 10);

function repeated(pattern: readonly number[], length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => pattern[i % pattern.length] as number);
}

function textOf(word: string): number[] {
  return [0xa0 | word.length, ...Buffer.from(word)];
}

describe('nested headers', () => {
  test.each<[string, number[]]>([
    ['fixarray', [0x91]],
    ['fixarray of 15', [0x9f]],
    ['array16', [0xdc, 0xff, 0xff]],
    ['array32 of 30 million', [0xdd, 0x01, 0xc9, 0xc3, 0x80]],
    ['array32 of 2^32 - 1', [0xdd, 0xff, 0xff, 0xff, 0xff]],
    ['fixmap', [0x81]],
    ['map32', [0xdf, 0xff, 0xff, 0xff, 0xff]],
    ['bin32', [0xc6, 0xff, 0xff, 0xff, 0xff]],
    ['str32', [0xdb, 0xff, 0xff, 0xff, 0xff]],
    ['ext32', [0xc9, 0xff, 0xff, 0xff, 0xff, 0x01]],
  ])('300 bytes and 63 KB of %s are refused at once, in little memory', (_, pattern) => {
    for (const length of [300, 63 * 1024]) {
      const before = process.memoryUsage();
      expect(decode(anything, repeated(pattern, length))).toMatchObject({ ok: false, reason: 'malformed' });
      const after = process.memoryUsage();
      expect(after.heapTotal + after.external - before.heapTotal - before.external).toBeLessThan(32 * 1024 * 1024);
    }
  });

  test('63 KB of arrays within arrays, well formed to the last byte, are refused without recursion', () => {
    const wire = new Uint8Array(63 * 1024).fill(0x91);
    wire[wire.length - 1] = 0x01;
    expect(decode(anything, wire)).toMatchObject({ ok: false, reason: 'malformed' });
  });

  test('arrays nest to the limit and no further', () => {
    const nested = (depth: number) => Uint8Array.from([...new Array<number>(depth).fill(0x91), 0x01]);
    expect(decode(anything, nested(MAX_DEPTH)).ok).toBe(true);
    expect(decode(anything, nested(MAX_DEPTH + 1)).ok).toBe(false);
  });

  test('an array that claims more items than bytes follow is refused', () => {
    expect(decode(numbers, Uint8Array.of(0x93, 1, 2)).ok).toBe(false);
    expect(decode(numbers, Uint8Array.of(0xdc, 0, 2, 1)).ok).toBe(false);
    expect(decode(numbers, Uint8Array.of(0xdd, 0, 0)).ok).toBe(false);
  });

  test('a wide array of empty arrays is read in one pass', () => {
    const wire = new Uint8Array(60_003).fill(0x90);
    wire.set([0xdc, 60_000 >> 8, 60_000 & 255]);
    expect(decode(list(list(uint, 0), 60_000), wire).ok).toBe(true);
    expect(decode(numbers, wire)).toMatchObject({ reason: 'wrong-shape' });
  });
});

describe('types that no wire object has never reach the decoder', () => {
  const proto = [0x81, ...textOf('__proto__'), 0x81, ...textOf('polluted'), 0xc3];

  test.each<[string, number[]]>([
    ['a map', [0x81, ...textOf('a'), 1]],
    ['a __proto__ map', proto],
    ['a map within an array', [0x91, ...proto]],
    ['a constructor.prototype map', [0x81, ...textOf('constructor'), 0x81, ...textOf('prototype'), ...proto]],
    ['0xc1', [0xc1]],
    ['0xc1 within an array', [0x92, 1, 0xc1]],
    ['a record definition', [0xd4, 0x72, 0x40, 0x92, ...textOf('a'), ...textOf('b'), 1, 2]],
    ['a record definition with two id bytes', [0xd5, 0x72, 0x40, 0x41, 0x92, ...textOf('a'), ...textOf('b'), 1, 2]],
    ['a record within an array', [0x92, 0xd4, 0x72, 0x40, 0x91, ...textOf('a'), 1, 0x40]],
    ['undefined', [0xd4, 0x00, 0x00]],
    ['a timestamp', [0xd6, 0xff, 0, 0, 0, 1]],
    ['a regular expression', [0xd4, 0x78, 0x00, 0x92, ...textOf('(a+)+$'), ...textOf('g')]],
    ['an error', [0xd4, 0x65, 0x00, 0x92, ...textOf('Error'), ...textOf('x')]],
    ['a typed array', [0xc7, 3, 0x74, 0x00, 1, 2]],
    ['a big integer', [0xc7, 3, 0x42, 0x01, 1, 2]],
    ['a pointer', [0xd6, 0x70, 0, 0, 0, 1]],
    ['a bundle of strings', [0xd6, 0x62, 0, 0, 0, 1, 1]],
    ['fixext 16', [0xd8, 0x01, ...new Array<number>(16).fill(0)]],
    ['ext 8, 16 and 32', [0x93, 0xc7, 0, 1, 0xc8, 0, 0, 1, 0xc9, 0, 0, 0, 0, 1]],
    ['nothing', []],
    ['two values', [1, 2]],
  ])('%s', (_, wire) => {
    expect(decode(anything, Uint8Array.from(wire))).toMatchObject({ ok: false, reason: 'malformed' });
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  test('the decoder itself would read most of them: the guard is what refuses', () => {
    const packr = new Packr({ useRecords: false });
    expect(packr.unpack(Uint8Array.of(0xd6, 0x62, 0, 0, 0, 1, 1))).toBe(1);
    expect(packr.unpack(Uint8Array.of(0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61, 5))).toEqual({ a: 5 });
  });
});

test('every header byte alone and with bytes after it is either read or refused, never thrown', () => {
  for (let first = 0; first < 256; first++) {
    for (const rest of [[], [0], [0xff, 0xff, 0xff, 0xff], new Array<number>(20).fill(0)]) {
      const wire = Uint8Array.from([first, ...rest]);
      const read = decode(anything, wire);
      expect(read.ok).toBe(isPlainMessagePack(wire));
    }
  }
});

test('the guard agrees with an encoder of plain values, at every length of header', () => {
  const packr = new Packr({ useRecords: false });
  const values = [null, true, false, 0, 127, 128, 255, 256, 65535, 65536, 2 ** 32, 2 ** 40, -1, -32, -33, -128, -129]
    .concat([-32768, -32769, -(2 ** 31), -(2 ** 31) - 1, 1.5, -1e300, Number.MAX_SAFE_INTEGER])
    .flatMap((value): unknown[] => [value, [value, [value]]]);
  for (const length of [0, 31, 32, 255, 256, 65535, 65536]) {
    values.push('x'.repeat(length), new Uint8Array(length), new Array(length).fill(1));
  }
  for (const value of values) {
    const wire = new Uint8Array(packr.pack(value));
    expect(isPlainMessagePack(wire)).toBe(true);
    expect(isPlainMessagePack(wire.subarray(0, -1))).toBe(false);
    expect(isPlainMessagePack(Uint8Array.from([...wire, 0]))).toBe(false);
  }
});

describe('one value, other bytes', () => {
  test.each<[string, Schema<unknown>, number[]]>([
    ['5 as uint8', uint, [0xcc, 5]],
    ['5 as uint16', uint, [0xcd, 0, 5]],
    ['5 as uint32', uint, [0xce, 0, 0, 0, 5]],
    ['5 as uint64', uint, [0xcf, 0, 0, 0, 0, 0, 0, 0, 5]],
    ['5 as int8', uint, [0xd0, 5]],
    ['5 as int64', uint, [0xd3, 0, 0, 0, 0, 0, 0, 0, 5]],
    ['5 as float32', uint, [0xca, 0x40, 0xa0, 0, 0]],
    ['5 as float64', uint, [0xcb, 0x40, 0x14, 0, 0, 0, 0, 0, 0]],
    ['2^40 as uint64', uint, [0xcf, 0, 0, 1, 0, 0, 0, 0, 0]],
    ['-0', finite, [0xcb, 0x80, 0, 0, 0, 0, 0, 0, 0]],
    ['1.5 as float32', finite, [0xca, 0x3f, 0xc0, 0, 0]],
    ['[] as array16', numbers, [0xdc, 0, 0]],
    ['[] as array32', numbers, [0xdd, 0, 0, 0, 0]],
    ['bytes as bin16', bytesUpTo(3), [0xc5, 0, 1, 9]],
    ['text as str8', text(3), [0xd9, 1, 0x61]],
    ['text that is not UTF-8', text(3), [0xa1, 0xff]],
    ['text with an overlong letter', text(3), [0xa2, 0xc1, 0xa1]],
  ])('decodeCanonical refuses %s', (_, schema, wire) => {
    expect(decodeCanonical(schema, Uint8Array.from(wire))).toMatchObject({ ok: false });
    const plain = decode(schema, Uint8Array.from(wire));
    if (plain.ok) expect(decodeCanonical(schema, encode(schema, plain.value)).ok).toBe(true);
  });
});

test('integers beyond 2^53 are refused, not rounded', () => {
  for (const wire of [
    [0xcf, 0, 0x20, 0, 0, 0, 0, 0, 0],
    [0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    [0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0],
    [0xcb, 0x43, 0x40, 0, 0, 0, 0, 0, 0],
  ]) {
    expect(decode(uint, Uint8Array.from(wire))).toMatchObject({ ok: false, reason: 'wrong-shape' });
  }
});

test('an object above its limit is refused before it is read', () => {
  const wire = encode(bytesUpTo(1000), new Uint8Array(1000));
  expect(decode(bytesUpTo(1000), wire, { maxBytes: wire.length }).ok).toBe(true);
  expect(decode(bytesUpTo(1000), wire, { maxBytes: wire.length - 1 })).toMatchObject({ reason: 'too-large' });
  expect(decode(bytesUpTo(2 ** 32), new Uint8Array(4 * 1024 * 1024 + 1))).toMatchObject({ reason: 'too-large' });
});

test('good bytes are read as before after any number of bad ones', () => {
  const schema = struct({ a: uint, b: text(10) });
  const good = encode(schema, { a: 64, b: 'yes' });
  for (let first = 0; first < 256; first++) {
    decode(anything, Uint8Array.from([first, 0x72, 0x40, 0x92, 0xa1, 0x61, 0xa1, 0x62, 1, 2]));
    expect(decodeCanonical(schema, good)).toEqual({ ok: true, value: { a: 64, b: 'yes' } });
  }
});

test('a fault of a schema is thrown, not blamed on the peer', () => {
  const broken: Schema<never> = {
    toWire: (value) => value,
    fromWire: () => {
      throw new TypeError('ours');
    },
  };
  expect(() => decode(broken, Uint8Array.of(1))).toThrow('ours');
});
