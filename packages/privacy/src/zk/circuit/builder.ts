import { assert } from '@murmuration/core';
import { scalars } from '../group/group.ts';
import { Linear, type Wire } from './linear.ts';

/**
 * A statement over committed inputs, written once and run by both sides: the prover's run also computes values. Check
 * before how many inputs there are: what a default says in place of a missing one holds of the default alone.
 */
export type Circuit = (builder: CircuitBuilder, inputs: readonly Linear[]) => void;

/**
 * Collects a rank-1 constraint system: multiplications left × right = output, and linear sums that must be zero.
 *
 * @example x³ + x + 5 = y for committed x and y:
 *   (builder, [x, y]) => {
 *     const cube = builder.multiply(builder.multiply(x, x), x);
 *     builder.mustBeZero(cube.plus(x).plus(5n).minus(y));
 *   }
 */
export class CircuitBuilder {
  readonly constraints: Linear[] = [];
  readonly values: { readonly left: bigint[]; readonly right: bigint[]; readonly output: bigint[] } = {
    left: [],
    right: [],
    output: [],
  };
  readonly #inputs: readonly bigint[] | undefined;
  #size = 0;

  /** @param inputs the values of the commitments, for who proves */
  constructor(inputs?: readonly bigint[]) {
    this.#inputs = inputs;
  }

  /** Number of multiplications. */
  get size(): number {
    return this.#size;
  }

  /** @returns a × b */
  multiply(a: Linear, b: Linear): Linear {
    const [left, right, output] = this.product(() => [this.valueOf(a), this.valueOf(b)]);
    this.mustBeZero(a.minus(left));
    this.mustBeZero(b.minus(right));
    return output;
  }

  /**
   * Three new wires of which only left × right = output is known. The prover's `hint` gives left and right; tie them
   * to the rest by constraints, for a liar hints what it likes.
   */
  product(hint: () => readonly [bigint, bigint]): readonly [Linear, Linear, Linear] {
    const index = this.#size++;
    if (this.#inputs !== undefined) {
      const [left, right] = hint().map((value) => scalars.create(value)) as [bigint, bigint];
      this.values.left.push(left);
      this.values.right.push(right);
      this.values.output.push(scalars.mul(left, right));
    }
    return [Linear.wire('left', index), Linear.wire('right', index), Linear.wire('output', index)];
  }

  /** @param sum of inputs and of wires that this builder gave out */
  mustBeZero(sum: Linear): void {
    const isOurs = ({ kind, index }: Wire) => kind === 'one' || kind === 'input' || index < this.#size;
    assert(
      sum.terms.every(([wire]) => isOurs(wire)),
      'a constraint is over wires of this circuit: one that no multiplication has is anything that a prover likes',
    );
    this.constraints.push(sum);
  }

  mustEqual(a: Linear, b: Linear | bigint): void {
    this.mustBeZero(a.minus(b));
  }

  /** For hints: what a sum is. Only who proves may ask. */
  valueOf(sum: Linear): bigint {
    return sum.terms.reduce((total, [wire, factor]) => scalars.add(total, scalars.mul(factor, this.#read(wire))), 0n);
  }

  /** Whether the values satisfy every constraint: what a prover asks before it proves. */
  isSatisfied(): boolean {
    return this.constraints.every((sum) => this.valueOf(sum) === 0n);
  }

  #read({ kind, index }: Wire): bigint {
    if (kind === 'one') return 1n;
    const values = kind === 'input' ? this.#inputs : this.values[kind];
    const value = values?.[index];
    assert(value !== undefined, `wire ${kind} ${index} has a value: only a prover reads values, inside hints`);
    return value;
  }
}

/** Whether these inputs satisfy the circuit: what a predicate's `falseClause` asks, so that nothing false is proven. */
export function satisfies(circuit: Circuit, values: readonly bigint[]): boolean {
  const builder = new CircuitBuilder(values.map((value) => scalars.create(value)));
  circuit(
    builder,
    values.map((_, i) => Linear.wire('input', i)),
  );
  return builder.isSatisfied();
}
