import { seededRandom, toHex } from '@murmuration/core';
import { describe, expect, test } from 'vitest';
import { encodeHeader, type Header, MAX_FRAME_BYTES, writeFrame } from '../../src/channel/frame.ts';
import { createFrameReader } from '../../src/channel/frame-reader.ts';

const message = (topic: string, more = false): Header => ({ kind: 'message', topic, more });

function frameOf(header: Header, payload: Uint8Array): Uint8Array {
  const encoded = encodeHeader(header);
  const bytes = new Uint8Array(5 + encoded.length + payload.length);
  writeFrame(bytes, 0, encoded, payload);
  return bytes;
}

describe('frames', () => {
  test('the bytes of a frame are those of the format: length, header length, header, payload', () => {
    expect(toHex(frameOf(message('vote'), Uint8Array.of(0xaa, 0xbb)))).toBe(
      '0000000c099204' + '92a4766f7465c2' + 'aabb',
    );
  });

  test('any way of cutting the stream yields the same frames', () => {
    for (let seed = 0; seed < 50; seed++) {
      const random = seededRandom(seed);
      const sent = Array.from({ length: 20 }, (_, i) => ({
        topic: `topic-${random.below(3)}`,
        payload: new Uint8Array(random.below(3) === 0 ? random.below(20_000) : random.below(40)).fill(i),
      }));
      const stream = Buffer.concat(sent.map(({ topic, payload }) => frameOf(message(topic), payload)));
      const reader = createFrameReader();
      const got: unknown[] = [];
      for (let at = 0; at < stream.length; ) {
        const end = at + 1 + random.below(random.below(2) === 0 ? 7 : 9_000);
        const read = reader.read(stream.subarray(at, end), ({ header, payload }) => {
          got.push({ topic: (header as { topic: string }).topic, payload: payload.slice() });
          return true;
        });
        expect(read.ok, `seed ${seed}`).toBe(true);
        at = end;
      }
      expect(got, `seed ${seed}`).toEqual(sent);
    }
  });

  test.each([
    ['a length above the limit', Uint8Array.of(0xff, 0xff, 0xff, 0xff), 'oversized-frame'],
    ['a length one above the limit', lengthOnly(MAX_FRAME_BYTES + 1), 'oversized-frame'],
    ['an empty frame', lengthOnly(0), 'malformed-frame'],
    ['a header longer than its frame', Uint8Array.of(0, 0, 0, 2, 200, 1), 'malformed-frame'],
    ['a header that is not MessagePack', Uint8Array.of(0, 0, 0, 2, 1, 0xc1), 'malformed-header'],
    ['a header of an unknown kind', Uint8Array.of(0, 0, 0, 4, 3, 0x92, 99, 0x90), 'malformed-header'],
    ['a header of 250 nested arrays', nestedArrays(250), 'malformed-header'],
  ])('%s ends the stream with a reason', (_, bytes, reason) => {
    const reader = createFrameReader();
    expect(reader.read(bytes, () => true)).toMatchObject({ ok: false, reason });
    // The same, byte by byte.
    const slow = createFrameReader();
    const results = [...bytes].map((byte) => slow.read(Uint8Array.of(byte), () => true));
    expect(results.find((result) => !result.ok)).toMatchObject({ ok: false, reason });
  });

  test('random bytes never throw', () => {
    const random = seededRandom('frames');
    for (let round = 0; round < 5_000; round++) {
      const bytes = Uint8Array.from({ length: 1 + random.below(60) }, () => random.below(256));
      if (round % 2 === 0) bytes.set([0, 0, 0, Math.max(0, bytes.length - 4)].slice(0, bytes.length));
      const read = createFrameReader().read(bytes, () => true);
      expect(read.ok || read.reason.length > 0).toBe(true);
    }
  });
});

function lengthOnly(length: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, length);
  return bytes;
}

function nestedArrays(depth: number): Uint8Array {
  return Uint8Array.of(0, 0, 0, depth + 1, depth, ...new Array(depth).fill(0x91));
}
