import { seededRandom, shuffle, utf8 } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { expect, test } from 'vitest';
import { createMaskGraph, drawGroups } from '../../src/secure-aggregation/index.ts';
import { devices } from './world.ts';

const seed = (text: string) => sha3_256(utf8(text));

test('groups hold every device once, none is smaller than asked and sizes differ by one at most', () => {
  for (const [count, size] of [
    [5, 5],
    [9, 5],
    [23, 5],
    [100, 5],
    [100, 8],
    [101, 10],
    [7, 3],
  ] as const) {
    const given = devices(count);
    const groups = drawGroups(seed('beacon'), given, size);
    expect(groups.length).toBe(Math.floor(count / size));
    expect(new Set(groups.flat())).toEqual(new Set(given));
    expect(groups.flat().length).toBe(count);
    const sizes = groups.map((group) => group.length);
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(size);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
  }
  expect(drawGroups(seed('beacon'), devices(4), 5)).toEqual([]);
});

test('the draw depends on the set of devices and the beacon alone', () => {
  const random = seededRandom('order');
  const given = devices(30);
  const groups = drawGroups(seed('a'), given, 5);
  expect(drawGroups(seed('a'), shuffle(random, [...given, ...given]), 5)).toEqual(groups);
  expect(drawGroups(seed('b'), given, 5)).not.toEqual(groups);
});

test('nobody is drawn into one group with another more often than chance has it', () => {
  const given = devices(20);
  const draws = 600;
  let together = 0;
  for (let i = 0; i < draws; i++) {
    const groups = drawGroups(seed(`draw ${i}`), given, 5);
    if (groups.some((group) => group.includes(given[3] as never) && group.includes(given[11] as never))) together++;
  }
  // 4/19 of the draws, within four standard deviations
  const expected = (draws * 4) / 19;
  expect(Math.abs(together - expected)).toBeLessThan(4 * Math.sqrt(expected * (15 / 19)));
});

test('every pair of neighbours agrees that it is one, each member has as many as asked, and initiates half', () => {
  for (const [size, degree] of [
    [3, 2],
    [6, 5],
    [64, 63],
    [65, 64],
    [100, 12],
    [300, 64],
  ] as const) {
    const graph = createMaskGraph(seed('ring'), size, degree);
    for (let member = 0; member < size; member++) {
      const near = graph.neighbours(member);
      expect([near.length, [...near].sort((a, b) => a - b)]).toEqual([degree, near]);
      const agreed = near.filter(
        (other) =>
          graph.areNeighbours(member, other) &&
          graph.areNeighbours(other, member) &&
          graph.initiates(member, other) !== graph.initiates(other, member),
      );
      expect(agreed.length).toBe(degree);
      const initiated = near.filter((other) => graph.initiates(member, other)).length;
      expect(Math.abs(initiated - degree / 2)).toBeLessThanOrEqual(0.5);
    }
  }
});
