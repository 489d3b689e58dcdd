import { describe, expect, test } from 'vitest';
import { type Circuit, satisfies } from '../../../src/zk/circuit/builder.ts';
import { circuitClause } from '../../../src/zk/circuit/clause.ts';
import { bit, choose, mustBeOneOf, mustFit, mustNotBeZero } from '../../../src/zk/circuit/gadgets.ts';
import { Linear } from '../../../src/zk/circuit/linear.ts';
import { commit, openingOf } from '../../../src/zk/group/pedersen.ts';
import { flipBit, proofOf, seededEntropy, termsOf, verdict } from '../world.ts';

const entropy = seededEntropy('circuit');
const zero = Linear.constant(0n);

/** Proves the circuit for these inputs, true or not, and verifies. */
function attempt(circuit: Circuit, values: readonly bigint[]): string {
  const openings = values.map((value) => openingOf(value, entropy));
  const commitments = openings.map((opening) => termsOf(commit(opening)));
  return verdict(proofOf(circuitClause('c', circuit, commitments, openings)), circuitClause('c', circuit, commitments));
}

/** x³ + x + 5 = y. */
const cubic: Circuit = (builder, [x = zero, y = zero]) => {
  const cube = builder.multiply(builder.multiply(x, x), x);
  builder.mustBeZero(cube.plus(x).plus(5n).minus(y));
};

test('a satisfied circuit holds, another input is refused', () => {
  expect(attempt(cubic, [3n, 35n])).toBe('holds');
  expect(attempt(cubic, [3n, 36n])).toBe('false-proof');
  expect(attempt(cubic, [4n, 35n])).toBe('false-proof');
});

test('circuits without a multiplication, and with a number that is no power of two, hold', () => {
  const linear: Circuit = (builder, [x = zero, y = zero]) => builder.mustEqual(x.times(2n).plus(1n), y);
  expect(attempt(linear, [4n, 9n])).toBe('holds');
  expect(attempt(linear, [4n, 8n])).toBe('false-proof');
  const seven: Circuit = (builder, [x = zero, y = zero]) => {
    let power = x;
    for (let i = 0; i < 7; i++) power = builder.multiply(power, x);
    builder.mustEqual(power, y);
  };
  expect(attempt(seven, [2n, 256n])).toBe('holds');
  expect(attempt(seven, [2n, 255n])).toBe('false-proof');
});

test('a proof does not hold for another circuit of the same size', () => {
  const openings = [3n, 35n].map((value) => openingOf(value, entropy));
  const commitments = openings.map((opening) => termsOf(commit(opening)));
  const proof = proofOf(circuitClause('c', cubic, commitments, openings));
  const other: Circuit = (builder, [x = zero, y = zero]) => {
    const cube = builder.multiply(builder.multiply(x, x), x);
    builder.mustBeZero(cube.plus(x).plus(6n).minus(y));
  };
  expect(verdict(proof, circuitClause('c', cubic, commitments))).toBe('holds');
  expect(verdict(proof, circuitClause('c', other, commitments))).toBe('false-proof');
  for (let at = 0; at < 8 * proof.length; at += 211) {
    expect(verdict(flipBit(proof, at), circuitClause('c', cubic, commitments)), `bit ${at}`).not.toBe('holds');
  }
});

test('a hint that breaks its own product cannot pass: output is left × right', () => {
  const cheat: Circuit = (builder, [x = zero]) => {
    const [left, right, output] = builder.product(() => [2n, 3n]);
    builder.mustEqual(left, 2n);
    builder.mustEqual(right, 3n);
    builder.mustEqual(output, x);
  };
  expect(attempt(cheat, [6n])).toBe('holds');
  expect(attempt(cheat, [7n])).toBe('false-proof');
});

describe('gadgets', () => {
  const cases: readonly [string, Circuit, readonly bigint[], readonly bigint[]][] = [
    ['mustFit', (builder, [x = zero]) => void mustFit(builder, x, 4), [15n], [16n]],
    ['mustNotBeZero', (builder, [x = zero]) => mustNotBeZero(builder, x), [9n], [0n]],
    ['mustBeOneOf', (builder, [x = zero]) => mustBeOneOf(builder, x, [3n, 5n, 8n]), [5n], [6n]],
    [
      'choose',
      (builder, [x = zero, y = zero]) => {
        const chooser = bit(builder, () => 1n);
        builder.mustEqual(chooser, 1n);
        builder.mustEqual(choose(builder, chooser, x, zero), y);
      },
      [7n, 7n],
      [7n, 0n],
    ],
    [
      'bit',
      (builder, [x = zero]) =>
        builder.mustEqual(
          bit(builder, () => builder.valueOf(x)),
          x,
        ),
      [1n],
      [2n],
    ],
  ];

  test.each(cases)('%s: what it allows holds, what it forbids is refused', (_, circuit, good, bad) => {
    expect(attempt(circuit, good)).toBe('holds');
    expect(attempt(circuit, bad)).toBe('false-proof');
  });

  test.each(cases)('%s: the builder says beforehand whether the values satisfy it', (_, circuit, good, bad) => {
    expect([satisfies(circuit, good), satisfies(circuit, bad)]).toEqual([true, false]);
  });
});
