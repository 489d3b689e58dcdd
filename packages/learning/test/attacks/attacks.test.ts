import { seededRandom } from '@murmuration/core';
import { dot, norm } from '@murmuration/kernels';
import { describe, expect, test } from 'vitest';
import { type Attack, type AttackContext, attacks, type Dataset } from '../../src/index.ts';

function context(others: number): AttackContext {
  const random = seededRandom('attack');
  const row = () => Float32Array.from({ length: 200 }, () => random.unit() - 0.4);
  return { own: row(), others: Array.from({ length: others }, row), round: 0, random };
}

function named(name: string): Attack {
  const attack = attacks[name];
  if (attack === undefined) throw new Error(`no attack ${name}`);
  return attack;
}

describe.each(Object.values(attacks))('$name', (attack) => {
  test('makes a finite update of the right length, whether or not it saw others', () => {
    for (const others of [0, 1, 5]) {
      const given = context(others);
      const own = given.own.slice();
      const lie = attack.craft(given);
      expect(lie).toHaveLength(200);
      expect(lie.every(Number.isFinite)).toBe(true);
      expect(given.own).toEqual(own);
    }
  });
});

test('inner-product manipulation is −10 × the mean of what it saw', () => {
  const given = context(4);
  const lie = named('inner-product-manipulation').craft(given);
  for (const [k, value] of lie.entries()) {
    const mean = given.others.reduce((sum, row) => sum + (row[k] as number), 0) / 4;
    expect(value).toBeCloseTo(-10 * mean, 5);
  }
});

test('sign flip turns its own update around; noise is ten times as long', () => {
  const given = context(2);
  const flipped = named('sign-flip').craft(given);
  expect(dot(flipped, given.own)).toBeCloseTo(-dot(given.own, given.own), 6);
  expect(norm(named('gaussian').craft(given))).toBeCloseTo(10 * norm(given.own), 2);
});

test('a little is enough: 1.5 deviations below the mean in each weight', () => {
  const rows = [Float32Array.of(1, 0), Float32Array.of(3, 0)];
  const lie = named('alie').craft({ own: Float32Array.of(9, 9), others: rows, round: 0, random: seededRandom(1) });
  expect([...lie]).toEqual([0.5, 0]);
});

test('label flip learns from labels turned around and sends what it learned', () => {
  const data: Dataset = {
    features: { kind: 'dense', values: new Float32Array(3) },
    labels: Int32Array.of(0, 1, 3),
    classes: ['a', 'b', 'c', 'd'],
    dimension: 1,
    size: 3,
  };
  const attack = named('label-flip');
  expect([...(attack.poison?.(data).labels ?? [])]).toEqual([3, 2, 0]);
  expect([...data.labels]).toEqual([0, 1, 3]);
  expect(attack.craft(context(1))).toEqual(context(1).own);
});
