import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  boolean,
  bytes,
  bytesUpTo,
  decode,
  decodeCanonical,
  deviceId,
  deviceIdFromDigest,
  encode,
  finite,
  integer,
  list,
  oneOf,
  optional,
  type Schema,
  struct,
  text,
  uint,
  union,
} from '../../src/index.ts';

const proposal = struct({ view: uint, digest: bytes(4) });
const everything = struct({
  count: uint,
  signed: integer(-1000, 1000),
  ratio: finite,
  flag: boolean,
  name: text(40),
  digest: bytes(4),
  payload: bytesUpTo(300),
  device: deviceId,
  word: oneOf('replica', 'member'),
  maybe: optional(uint),
  items: list(list(uint, 4), 5),
  message: union({ 1: ['proposal', proposal], 7: ['vote', struct({ yes: boolean })] }),
});

const arbitrary = fc.record({
  count: fc.maxSafeNat(),
  signed: fc.integer({ min: -1000, max: 1000 }),
  // -0 is written as 0, so that one number has one encoding.
  ratio: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
  flag: fc.boolean(),
  name: fc.string({ unit: 'binary', maxLength: 20 }),
  digest: fc.uint8Array({ minLength: 4, maxLength: 4 }),
  payload: fc.uint8Array({ maxLength: 300 }),
  device: fc.uint8Array({ minLength: 32, maxLength: 32 }).map(deviceIdFromDigest),
  word: fc.constantFrom('replica' as const, 'member' as const),
  maybe: fc.option(fc.maxSafeNat()),
  items: fc.array(fc.array(fc.maxSafeNat(), { maxLength: 4 }), { maxLength: 5 }),
  message: fc.oneof(
    fc.record({
      kind: fc.constant('proposal' as const),
      view: fc.nat(),
      digest: fc.uint8Array({ minLength: 4, maxLength: 4 }),
    }),
    fc.record({ kind: fc.constant('vote' as const), yes: fc.boolean() }),
  ),
});

test('every value comes back from its encoding, which is canonical', () => {
  fc.assert(
    fc.property(arbitrary, (value) => {
      const wire = encode(everything, value);
      expect(decodeCanonical(everything, wire)).toEqual({ ok: true, value });
    }),
    { numRuns: 400 },
  );
});

test('an encoding is an array in the order of the fields, without their names', () => {
  const wire = encode(proposal, { view: 3, digest: Uint8Array.of(1, 2, 3, 4) });
  expect([...wire]).toEqual([0x92, 3, 0xc4, 4, 1, 2, 3, 4]);
  const tagged = encode(union({ 7: ['vote', struct({ yes: boolean })] }), {
    kind: 'vote',
    yes: true,
  });
  expect([...tagged]).toEqual([0x92, 7, 0x91, 0xc3]);
});

test('every truncation and every extension of an encoding is refused', () => {
  fc.assert(
    fc.property(arbitrary, fc.nat(), (value, cut) => {
      const wire = encode(everything, value);
      expect(decode(everything, wire.subarray(0, cut % wire.length)).ok).toBe(false);
      expect(decode(everything, Uint8Array.from([...wire, cut & 0xff])).ok).toBe(false);
    }),
    { numRuns: 200 },
  );
});

test('what was read is a copy: it does not follow the frame that it came in', () => {
  const wire = encode(proposal, { view: 3, digest: Uint8Array.of(1, 2, 3, 4) });
  const frame = Buffer.from([0, 0, ...wire, 0]);
  const read = decode(proposal, frame.subarray(2, 2 + wire.length));
  if (!read.ok) throw new Error(read.reason);
  frame.fill(0xff);
  expect([...read.value.digest]).toEqual([1, 2, 3, 4]);
  expect(read.value.digest.constructor).toBe(Uint8Array);
  expect(read.value.digest.buffer.byteLength).toBe(4);
});

test('two encodings in a row do not share memory', () => {
  const first = encode(uint, 1);
  encode(uint, 2);
  expect([...first]).toEqual([1]);
  expect(first.buffer.byteLength).toBe(1);
});

test.each<[string, Schema<unknown>, unknown, string]>([
  ['a fraction for an integer', uint, 0.5, '$: not an integer in [0, 9007199254740991]'],
  ['a negative for a uint', uint, -1, '$: not an integer in [0, 9007199254740991]'],
  ['an integer above 2^53', uint, 2 ** 53, '$: not an integer in [0, 9007199254740991]'],
  ['text for a number', finite, '1', '$: not a finite number'],
  ['NaN', finite, Number.NaN, '$: not a finite number'],
  ['infinity', finite, Number.POSITIVE_INFINITY, '$: not a finite number'],
  ['1 for true', boolean, 1, '$: not true or false'],
  ['long text', text(2), 'abc', '$: not text of at most 2 characters'],
  ['short bytes', bytes(4), new Uint8Array(3), '$: not 4 bytes'],
  ['long bytes', bytesUpTo(4), new Uint8Array(5), '$: not at most 4 bytes'],
  ['text for bytes', bytes(4), 'abcd', '$: not 4 bytes'],
  ['a device id in upper case', deviceId, 'BCYQ', '$: not a device id'],
  ['another word', oneOf('a', 'b'), 'c', '$: not one of a, b'],
  ['undefined for null', optional(uint), undefined, ''],
  ['a long list', list(uint, 1), [1, 2], '$: not a list of at most 1'],
  ['a wrong item', list(uint, 3), [1, 'x'], '$[1]: not an integer in [0, 9007199254740991]'],
  ['a missing field', proposal, [1], '$: not an array of 2'],
  ['a field too many', proposal, [1, new Uint8Array(4), 1], '$: not an array of 2'],
  ['a wrong field', proposal, [1, null], '$.digest: not 4 bytes'],
  ['an unknown kind', union({ 1: ['a', proposal] }), [2, []], '$: not a known kind'],
  ['text for a kind', union({ 1: ['a', proposal] }), ['1', []], '$: not a known kind'],
  [
    'a wrong variant',
    union({ 1: ['a', proposal] }),
    [1, [-1, null]],
    '$.a.view: not an integer in [0, 9007199254740991]',
  ],
])('a wrong shape names its field: %s', (_, schema, wire, detail) => {
  const raw: Schema<unknown> = { toWire: (value) => value, fromWire: (value) => value };
  const refused = decode(schema, encode(raw, wire));
  if (detail === '') expect(refused.ok).toBe(false);
  else expect(refused).toEqual({ ok: false, reason: 'wrong-shape', detail });
});
