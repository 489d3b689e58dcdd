import { describe, expect, test } from 'vitest';
import { ranges } from '../../../src/zk/bulletproofs/range.ts';
import { type Circuit, CircuitBuilder } from '../../../src/zk/circuit/builder.ts';
import { circuitClause } from '../../../src/zk/circuit/clause.ts';
import { bit, choose, mustBeOneOf, mustFit, mustNotBeZero } from '../../../src/zk/circuit/gadgets.ts';
import { Linear } from '../../../src/zk/circuit/linear.ts';
import { scalars } from '../../../src/zk/group/group.ts';
import { commit, openingOf } from '../../../src/zk/group/pedersen.ts';
import { linearRelation } from '../../../src/zk/sigma/linear-relation.ts';
import { proofOf, seededEntropy, termsOf, verdict } from '../world.ts';

const entropy = seededEntropy('lying hints');
const zero = Linear.constant(0n);
type Hint = readonly [bigint, bigint];

/** The circuit of a prover that hints these wires, in order, in place of the gadgets' own: its shape is the same. */
function lying(circuit: Circuit, lies: readonly Hint[]): Circuit {
  return (builder, inputs) => {
    const honest = builder.product.bind(builder);
    let next = 0;
    builder.product = (hint) => {
      const lie = lies[next++];
      return honest(lie === undefined ? hint : () => lie);
    };
    circuit(builder, inputs);
  };
}

/** What becomes of a proof whose prover lies, before a verifier that builds the circuit itself. */
function attempt(circuit: Circuit, values: readonly bigint[], lies: readonly Hint[] = []): string {
  const openings = values.map((value) => openingOf(value, entropy));
  const inputs = openings.map((opening) => termsOf(commit(opening)));
  const proof = proofOf(circuitClause('c', lying(circuit, lies), inputs, openings));
  return verdict(proof, circuitClause('c', circuit, inputs));
}

const isBit: Circuit = (builder, [x = zero]) =>
  builder.mustEqual(
    bit(builder, () => builder.valueOf(x)),
    x,
  );
const fits: Circuit = (builder, [x = zero]) => void mustFit(builder, x, 2);
const isNotZero: Circuit = (builder, [x = zero]) => mustNotBeZero(builder, x);
const isThreeOrFive: Circuit = (builder, [x = zero]) => mustBeOneOf(builder, x, [3n, 5n]);
const chosen: Circuit = (builder, [x = zero, y = zero, z = zero]) => {
  const chooser = bit(builder, () => 1n);
  builder.mustEqual(choose(builder, chooser, x, y), z);
};
const half = scalars.inv(2n);
const neg = (value: bigint) => scalars.neg(value);

describe('no gadget believes its hints', () => {
  test('the lying prover proves what is true: positive control', () => {
    expect(
      attempt(
        fits,
        [3n],
        [
          [1n, 0n],
          [1n, 0n],
        ],
      ),
    ).toBe('holds');
    expect(attempt(isBit, [1n], [[1n, 0n]])).toBe('holds');
    expect(attempt(chosen, [7n, 8n, 8n], [[0n, 1n]])).toBe('holds');
  });

  test.each<[string, Circuit, readonly bigint[], readonly Hint[]]>([
    ['bit: 2 and -1, whose sum is 1', isBit, [2n], [[2n, neg(1n)]]],
    ['bit: two halves, whose sum is 1', isBit, [half], [[half, half]]],
    ['bit: 2 and 0, whose product is 0', isBit, [2n], [[2n, 0n]]],
    [
      'mustFit: 4 as a bit of 2 and one of 1',
      fits,
      [4n],
      [
        [2n, neg(1n)],
        [1n, 0n],
      ],
    ],
    [
      'mustFit: -1 as one bit',
      fits,
      [neg(1n)],
      [
        [neg(1n), 2n],
        [0n, 1n],
      ],
    ],
    [
      'mustFit: 4 by bits of another number',
      fits,
      [4n],
      [
        [1n, 0n],
        [1n, 0n],
      ],
    ],
    ['mustNotBeZero: any inverse of zero', isNotZero, [0n], [[0n, 5n]]],
    ['mustNotBeZero: the inverse of another number', isNotZero, [0n], [[5n, scalars.inv(5n)]]],
    ['mustBeOneOf: a factor that is another', isThreeOrFive, [4n], [[1n, 0n]]],
    [
      'mustBeOneOf: a product that is another',
      isThreeOrFive,
      [4n],
      [
        [1n, 1n],
        [0n, neg(1n)],
      ],
    ],
    ['choose: half of each', chosen, [6n, 8n, 7n], [[half, half]]],
    ['choose: three of the one less two of the other', chosen, [6n, 8n, 2n], [[3n, neg(2n)]]],
  ])('%s', (_, circuit, values, lies) => {
    expect(attempt(circuit, values, lies)).toBe('false-proof');
  });

  test('known bad: a gadget that does not tie its wires is believed anything', () => {
    const loose: Circuit = (builder, [x = zero]) => {
      const [value] = builder.product(() => [builder.valueOf(x), 0n]);
      builder.mustEqual(value.times(1n).minus(value), 0n);
    };
    expect(attempt(loose, [4n], [[99n, 98n]])).toBe('holds');
  });
});

describe('what is no statement is refused where it is written', () => {
  const [x] = [Linear.wire('input', 0)];

  test('bits that reach the group order: every number would fit', () => {
    const refused = expect.objectContaining({ code: 'OPTION_OUT_OF_RANGE' });
    for (const bits of [253, 256, -1, 1.5]) {
      expect(() => mustFit(new CircuitBuilder([1n]), x, bits), `${bits}`).toThrow(refused);
    }
    const builder = new CircuitBuilder([scalars.ORDER - 1n]);
    mustFit(builder, x, 252);
    expect(builder.isSatisfied()).toBe(false);
  });

  test('a constraint over a wire that no multiplication has, whose value a prover would choose', () => {
    const dangling: Circuit = (builder, [input = zero]) => builder.mustEqual(Linear.wire('left', 0), input);
    expect(() => attempt(dangling, [7n])).toThrow(/wires of this circuit/);
    expect(() => new CircuitBuilder().mustBeZero(Linear.wire('output', 3))).toThrow(/wires of this circuit/);
  });

  test('a range below zero, or beyond 2^128', () => {
    const commitment = termsOf(commit(openingOf(1n, entropy)));
    for (const max of [-1n, (1n << 128n) + 1n, scalars.ORDER, 1n << 300n]) {
      expect(() => ranges('r', [{ commitment, max }])).toThrow(
        expect.objectContaining({ code: 'PRIVACY_STATEMENT_FALSE' }),
      );
    }
  });

  test('a linear relation without rows, or with a row without bases', () => {
    expect(() => linearRelation('l', [])).toThrow(/has rows/);
    expect(() => linearRelation('l', [{ image: [], bases: [] }])).toThrow(/has rows/);
  });

  test('a prover that leaves the circuit’s shape cannot prove it', () => {
    const openings = [openingOf(2n, entropy)];
    const inputs = openings.map((opening) => termsOf(commit(opening)));
    const proof = proofOf(circuitClause('c', fits, inputs, openings));
    const smaller: Circuit = (builder, [input = zero]) => void mustFit(builder, input, 3);
    expect(verdict(proof, circuitClause('c', smaller, inputs))).toBe('wrong-length');
    const empty: Circuit = () => undefined;
    const nothing = proofOf(circuitClause('c', empty, inputs, openings));
    expect(verdict(nothing, circuitClause('c', empty, inputs))).toBe('holds');
    expect(verdict(nothing, circuitClause('c', isBit, inputs))).toBe('false-proof');
  });
});
