import { describe, expect, test } from 'vitest';
import { checkDataset, classCounts, drawDigit, generateDigits } from '../../src/index.ts';

describe('digits', () => {
  test('are the same bytes for a seed on every machine', () => {
    const { manifest } = generateDigits({ train: 300, test: 50, seed: 1 });
    expect(manifest.digest).toBe('fc1cf6c7aa32ed1905259e2155dd4f46bfc3402c881b2eaa8e256cb2f4d219c0');
    expect(generateDigits({ train: 300, test: 50, seed: 2 }).manifest.digest).not.toBe(manifest.digest);
  });

  test('image i does not depend on how many are drawn, and test images are never training images', () => {
    const { train, test: held } = generateDigits({ train: 20, test: 10, seed: 3 });
    checkDataset(train);
    if (train.features.kind !== 'bytes' || held.features.kind !== 'bytes') throw new Error('not bytes');
    expect(train.features.values.subarray(7 * 784, 8 * 784)).toEqual(drawDigit(3, 7).pixels);
    expect(held.features.values.subarray(0, 784)).toEqual(drawDigit(3, 20).pixels);
    expect(held.labels[0]).toBe(drawDigit(3, 20).label);
  });

  test('all ten occur about as often, and each image has ink and paper', () => {
    const { train } = generateDigits({ train: 1000, test: 1, seed: 4 });
    for (const count of classCounts(train)) expect(count).toBeGreaterThan(60);
    for (let i = 0; i < 50; i++) {
      const { pixels } = drawDigit(5, i);
      const ink = pixels.filter((value) => value > 128).length;
      expect(ink).toBeGreaterThan(15);
      expect(ink).toBeLessThan(450);
    }
  });

  test('refuses sizes out of range', () => {
    const code = expect.objectContaining({ code: 'OPTION_OUT_OF_RANGE' });
    expect(() => generateDigits({ train: 0, test: 1, seed: 1 })).toThrow(code);
    expect(() => generateDigits({ train: 1, test: 1e9, seed: 1 })).toThrow(code);
  });
});
