import { checkInteger } from '@murmuration/core';
import { scalars } from '../group/group.ts';
import type { CircuitBuilder } from './builder.ts';
import { Linear } from './linear.ts';

/** A new wire that is 0 or 1. @param hint its value, for who proves */
export function bit(builder: CircuitBuilder, hint: () => bigint): Linear {
  const [value, complement, product] = builder.product(() => [hint(), 1n - hint()]);
  builder.mustEqual(value.plus(complement), 1n);
  builder.mustBeZero(product);
  return value;
}

/** Sums of so many bits stay below the group order; one more, and every number has bits. */
const MAX_FIT = 252;

/**
 * x is from 0 to 2^bits - 1; one multiplication a bit.
 * @param bits 0 to 252
 * @returns the bits, lowest first
 * @throws OPTION_OUT_OF_RANGE
 */
export function mustFit(builder: CircuitBuilder, x: Linear, bits: number): readonly Linear[] {
  checkInteger('bits that a number must fit into', bits, 0, MAX_FIT);
  const digits = Array.from({ length: bits }, (_, i) => bit(builder, () => (builder.valueOf(x) >> BigInt(i)) & 1n));
  const sum = digits.reduce((total, digit, i) => total.plus(digit.times(1n << BigInt(i))), Linear.constant(0n));
  builder.mustEqual(sum, x);
  return digits;
}

/** x ≠ 0, by its inverse: one multiplication. */
export function mustNotBeZero(builder: CircuitBuilder, x: Linear): void {
  const [left, , output] = builder.product(() => {
    const value = builder.valueOf(x);
    return [value, scalars.pow(value, scalars.ORDER - 2n)];
  });
  builder.mustEqual(left, x);
  builder.mustEqual(output, 1n);
}

/** x is one of the values: Π (x - value) = 0. */
export function mustBeOneOf(builder: CircuitBuilder, x: Linear, values: readonly bigint[]): void {
  const factors = values.map((value) => x.minus(value));
  builder.mustBeZero(factors.reduce((product, factor) => builder.multiply(product, factor), Linear.constant(1n)));
}

/** `chosen` where the chooser is 1, `other` where it is 0. @param chooser a bit: the caller has made it one */
export function choose(builder: CircuitBuilder, chooser: Linear, chosen: Linear, other: Linear): Linear {
  return builder.multiply(chooser, chosen.minus(other)).plus(other);
}
