import { type Entropy, seededRandom, toHex } from '@murmuration/core';
import { expect, test } from 'vitest';
import { recoverSecret, type ShamirShare, splitSecret } from '../../src/index.ts';
import { addLanes, invert, multiply, scaleLanes } from '../../src/threshold/gf256.ts';

function seededEntropy(seed: string): Entropy {
  const random = seededRandom(seed);
  return { bytes: (length) => Uint8Array.from({ length }, () => random.uint32() & 255) };
}

/** Powers of the generator 3, an independent way to multiply. */
function logarithms(): { exp: number[]; log: number[] } {
  const exp: number[] = [];
  const log: number[] = [];
  let power = 1;
  for (let i = 0; i < 255; i++) {
    exp[i] = power;
    log[power] = i;
    const doubled = (power << 1) ^ (power & 0x80 ? 0x11b : 0);
    power ^= doubled;
  }
  return { exp, log };
}

test('every product and every inverse of the field is that of the logarithms to base 3', () => {
  const { exp, log } = logarithms();
  expect(new Set(exp).size).toBe(255);
  let wrong = 0;
  for (let a = 0; a < 256; a++) {
    for (let b = 0; b < 256; b++) {
      const wanted = a === 0 || b === 0 ? 0 : exp[((log[a] as number) + (log[b] as number)) % 255];
      if (multiply(a, b) !== wanted) wrong++;
    }
    if (a !== 0 && multiply(a, invert(a)) !== 1) wrong++;
  }
  expect(wrong).toBe(0);
  expect(invert(0)).toBe(0);
  expect(multiply(0x57, 0x83)).toBe(0xc1); // FIPS 197 §4.2
});

test('a product of lanes is the product of their bytes, for every byte and factor', () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  for (let factor = 0; factor < 256; factor++) {
    const lanes = new Int32Array(bytes.slice().buffer);
    scaleLanes(lanes, factor);
    expect([...new Uint8Array(lanes.buffer)]).toEqual([...bytes].map((byte) => multiply(byte, factor)));
  }
  const sum = Int32Array.of(-1, 5);
  addLanes(sum, Int32Array.of(-1, 1));
  expect([...sum]).toEqual([0, 4]);
});

test('for every threshold and size up to 6, every subset of the shares gives the secret exactly where it is large enough', () => {
  const entropy = seededEntropy('subsets');
  for (let holders = 1; holders <= 6; holders++) {
    for (let threshold = 1; threshold <= holders; threshold++) {
      const secret = entropy.bytes(32);
      const shares = splitSecret(secret, threshold, holders, entropy);
      for (let subset = 0; subset < 1 << holders; subset++) {
        const given = sharesOf(shares, (i) => ((subset >> i) & 1) === 1);
        const recovered = recoverSecret(threshold, given);
        if (given.length < threshold) expect(recovered).toMatchObject({ ok: false, reason: 'too-few-shares' });
        else expect(recovered.ok && toHex(recovered.value)).toBe(toHex(secret));
      }
    }
  }
});

test('order does not matter and 134 of 200 shares give the secret', () => {
  const entropy = seededEntropy('large');
  const secret = entropy.bytes(32);
  const shares = sharesOf(splitSecret(secret, 134, 200, entropy), () => true);
  const recovered = recoverSecret(134, [...shares].reverse());
  expect(recovered.ok && toHex(recovered.value)).toBe(toHex(secret));
});

test('one share less than the threshold fits every secret: all values of a byte are reached equally often', () => {
  // threshold 2, one byte looked at: over all 256 coefficients share 1 takes each value once, whatever the secret is
  for (const first of [0, 0x5a]) {
    const seen = new Set<number>();
    for (let coefficient = 0; coefficient < 256; coefficient++) {
      const secret = new Uint8Array(32).fill(first);
      const entropy: Entropy = { bytes: (length) => new Uint8Array(length).fill(coefficient) };
      seen.add((splitSecret(secret, 2, 3, entropy)[0] as Uint8Array)[0] as number);
    }
    expect(seen.size).toBe(256);
  }
});

test('a wrong share gives another secret; malformed and repeated ones are returned reasons', () => {
  const entropy = seededEntropy('wrong');
  const secret = entropy.bytes(32);
  const [first, second] = sharesOf(splitSecret(secret, 2, 3, entropy), () => true) as [ShamirShare, ShamirShare];
  const flipped = { holder: 2, bytes: second.bytes.map((byte, i) => (i === 0 ? byte ^ 1 : byte)) };
  const recovered = recoverSecret(2, [first, flipped]);
  expect(recovered.ok && toHex(recovered.value)).not.toBe(toHex(secret));
  expect(recoverSecret(2, [first, first])).toMatchObject({ ok: false, reason: 'repeated-holder' });
  for (const holder of [0, 256, 1.5, Number.NaN]) {
    expect(recoverSecret(2, [first, { ...second, holder }])).toMatchObject({ ok: false, reason: 'malformed-share' });
  }
  const short = { holder: 2, bytes: second.bytes.subarray(1) };
  expect(recoverSecret(2, [first, short])).toMatchObject({ ok: false, reason: 'malformed-share' });
});

test('parameters that no secret can have are the caller’s fault', () => {
  const entropy = seededEntropy('bad');
  const outOfRange = expect.objectContaining({ code: 'OPTION_OUT_OF_RANGE' });
  expect(() => splitSecret(new Uint8Array(32), 4, 3, entropy)).toThrow(outOfRange);
  expect(() => splitSecret(new Uint8Array(32), 1, 256, entropy)).toThrow(outOfRange);
  expect(() => splitSecret(new Uint8Array(31), 1, 2, entropy)).toThrow(
    expect.objectContaining({ code: 'CRYPTO_WRONG_LENGTH' }),
  );
});

function sharesOf(shares: readonly Uint8Array[], keep: (i: number) => boolean): ShamirShare[] {
  return shares.map((bytes, i) => ({ holder: i + 1, bytes })).filter((_, i) => keep(i));
}
