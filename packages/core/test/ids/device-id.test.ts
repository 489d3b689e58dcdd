import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deviceIdFromDigest, parseDeviceId, shortDeviceId, toBase32 } from '../../src/index.ts';

const digest = fc.uint8Array({ minLength: 32, maxLength: 32 });

test('an id is multibase base32 of the SHA3-256 multihash, 56 characters', () => {
  const id = deviceIdFromDigest(new Uint8Array(32));
  expect(id).toBe(`b${toBase32(Uint8Array.from([0x16, 0x20, ...new Uint8Array(32)]))}`);
  expect(id).toHaveLength(56);
});

test('every digest gives an id that parses to itself, two digests two ids', () => {
  fc.assert(fc.property(digest, (bytes) => parseDeviceId(deviceIdFromDigest(bytes)) === deviceIdFromDigest(bytes)));
  fc.assert(
    fc.property(
      digest,
      digest,
      (a, b) => Buffer.compare(a, b) === 0 || deviceIdFromDigest(a) !== deviceIdFromDigest(b),
    ),
  );
});

test('what is not the canonical text of an id is no id', () => {
  const id: string = deviceIdFromDigest(new Uint8Array(32).fill(200));
  const sha256 = `b${toBase32(Uint8Array.from([0x12, 0x20, ...new Uint8Array(32)]))}`;
  const short = `b${toBase32(Uint8Array.from([0x16, 0x1f, ...new Uint8Array(31)]))}`;
  for (const wrong of [
    id.toUpperCase(),
    id.slice(1),
    `z${id.slice(1)}`,
    `${id} `,
    id.slice(0, -1),
    `${id}a`,
    sha256,
    short,
  ]) {
    expect([wrong, parseDeviceId(wrong)]).toEqual([wrong, undefined]);
  }
  for (const wrong of ['', 'b', undefined, null, 7, {}, [id]]) expect(parseDeviceId(wrong)).toBeUndefined();
});

test('a digest of another length is the caller’s fault', () => {
  for (const length of [0, 31, 33, 64]) {
    expect(() => deviceIdFromDigest(new Uint8Array(length))).toThrow(expect.objectContaining({ code: 'ID_INVALID' }));
  }
});

test('the short form skips what every id shares', () => {
  const [a, b] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)].map(deviceIdFromDigest).map(shortDeviceId);
  expect(a).toHaveLength(8);
  expect(a).not.toBe(b);
});
