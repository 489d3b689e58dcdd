import { seededRandom } from '@murmuration/core';
import { describe, expect, test } from 'vitest';
import { addMasks, type Mask } from '../../src/index.ts';
import { addMasksIn } from '../../src/masks/add-masks.ts';
import { PART_WORDS, plainScratch, type Scratch, simdScratch } from '../../src/masks/scratch.ts';

const random = seededRandom('add masks');
const draw = (length: number) => Int32Array.from({ length }, () => random.uint32() | 0);

/** Around the four words of a vector instruction and the parts that are worked on. */
const LENGTHS = [0, 1, 2, 3, 4, 5, 7, 8, 9, 63, 64, 65, PART_WORDS - 1, PART_WORDS, PART_WORDS + 1, 2 * PART_WORDS + 5];
const EDGES = [0, 1, -1, 2 ** 31 - 1, -(2 ** 31), 0x5555_5555];

/** A mask that is there already, given piece by piece. */
function maskOf(words: Int32Array, sign: 1 | -1, pieces: number[] = []): Mask {
  let at = 0;
  const next = (into: Uint8Array) => {
    pieces.push(into.length);
    into.set(new Uint8Array(words.buffer, words.byteOffset + at, into.length));
    at += into.length;
  };
  return { sign, next };
}

/** The definition, word by word. */
function simpleSum(vector: Int32Array, masks: readonly { words: Int32Array; sign: 1 | -1 }[]): number[] {
  return Array.from(vector, (word, i) => masks.reduce((sum, m) => (sum + m.sign * (m.words[i] as number)) | 0, word));
}

function drawMasks(count: number, length: number): { words: Int32Array; sign: 1 | -1 }[] {
  return Array.from({ length: count }, (_, i) => ({ words: draw(length), sign: i % 3 === 1 ? -1 : 1 }));
}

const open = (masks: readonly { words: Int32Array; sign: 1 | -1 }[]) => masks.map((m) => maskOf(m.words, m.sign));

function isWiped({ vector, mask }: Scratch): boolean {
  return vector.every((word) => word === 0) && mask.every((byte) => byte === 0);
}

test('this machine has the SIMD that is tested below', () => {
  expect(simdScratch()?.vector.buffer.byteLength).toBe(2 ** 17);
});

describe.each(Object.entries({ simd: simdScratch, plain: plainScratch }))('%s', (_, create) => {
  const scratch = create() as Scratch;

  test.each(LENGTHS)('%i words with five masks are what the simple loop gives', (length) => {
    const [vector, masks] = [draw(length), drawMasks(5, length)];
    const wanted = simpleSum(vector, masks);
    addMasksIn(scratch, vector, open(masks));
    expect([...vector]).toEqual(wanted);
  });

  test('sums and differences are those of the integers modulo 2^32, at every edge, in every lane', () => {
    const pairs = EDGES.flatMap((a) => EDGES.map((b) => [a, b] as const));
    for (let lane = 0; lane < 4; lane++) {
      const shifted = [...pairs.slice(lane), ...pairs.slice(0, lane)];
      const mask = Int32Array.from(shifted, ([, b]) => b);
      for (const sign of [1, -1] as const) {
        const vector = Int32Array.from(shifted, ([a]) => a);
        addMasksIn(scratch, vector, [maskOf(mask, sign)]);
        const wanted = shifted.map(([a, b]) => Number(BigInt.asIntN(32, BigInt(a) + BigInt(sign) * BigInt(b))));
        expect([...vector]).toEqual(wanted);
      }
    }
  });

  test('a part of a longer buffer, at every alignment, changes alone', () => {
    for (let from = 0; from < 4; from++) {
      const whole = draw(40);
      const before = [...whole];
      const masks = drawMasks(2, 21);
      const wanted = simpleSum(whole.subarray(from, from + 21), masks);
      addMasksIn(scratch, whole.subarray(from, from + 21), open(masks));
      expect([...whole]).toEqual([...before.slice(0, from), ...wanted, ...before.slice(from + 21)]);
    }
  });

  test('no mask changes nothing', () => {
    const vector = draw(9);
    const before = [...vector];
    addMasksIn(scratch, vector, []);
    expect([...vector]).toEqual(before);
  });

  test('each mask is asked for pieces of 64 KiB in turn, the last as long as the vector goes on', () => {
    const pieces: number[] = [];
    const length = 2 * PART_WORDS + 5;
    addMasksIn(scratch, draw(length), [maskOf(draw(length), 1, pieces)]);
    expect(pieces).toEqual([2 ** 16, 2 ** 16, 20]);
  });

  test('while it works, vector and mask lie in its memory; afterwards zeros do, also after an error', () => {
    const fresh = create() as Scratch;
    for (const length of [3, PART_WORDS + 3]) {
      let seen = false;
      const look: Mask = { sign: 1, next: () => (seen ||= !isWiped(fresh)) };
      addMasksIn(fresh, draw(length), [...open(drawMasks(2, length)), look]);
      expect(seen).toBe(true);
      expect(isWiped(fresh)).toBe(true);
      const fail: Mask = {
        sign: 1,
        next: () => {
          throw new RangeError('no more keystream');
        },
      };
      const broken = () => addMasksIn(fresh, draw(length), [...open(drawMasks(2, length)), fail]);
      expect(broken).toThrow('no more keystream');
      expect(isWiped(fresh)).toBe(true);
    }
  });
});

test('a mask whose making adds masks in turn disturbs nothing', () => {
  const [vector, inner] = [draw(100), draw(100)];
  const [outerMasks, innerMasks] = [drawMasks(2, 100), drawMasks(2, 100)];
  const [wanted, wantedInner] = [simpleSum(vector, outerMasks), simpleSum(inner, innerMasks)];
  const [first, second] = open(outerMasks) as [Mask, Mask];
  const nested: Mask = {
    sign: second.sign,
    next: (into) => {
      second.next(into);
      addMasks(inner, open(innerMasks));
    },
  };
  addMasks(vector, [first, nested]);
  expect([...vector]).toEqual(wanted);
  expect([...inner]).toEqual(wantedInner);
});

test('a call after one that failed is right', () => {
  const broken: Mask = {
    sign: 1,
    next: () => {
      throw new RangeError('no more keystream');
    },
  };
  expect(() => addMasks(draw(10), [broken])).toThrow('no more keystream');
  const [vector, masks] = [draw(10), drawMasks(3, 10)];
  const wanted = simpleSum(vector, masks);
  addMasks(vector, open(masks));
  expect([...vector]).toEqual(wanted);
});
