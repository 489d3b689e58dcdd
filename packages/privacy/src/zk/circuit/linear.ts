import { scalars } from '../group/group.ts';

/** A place in a constraint system: an input (a commitment), or one of the three wires of a multiplication. */
export interface Wire {
  readonly kind: 'one' | 'input' | 'left' | 'right' | 'output';
  readonly index: number;
}

/** A linear combination of wires, modulo the group order. */
export class Linear {
  readonly terms: readonly (readonly [Wire, bigint])[];

  constructor(terms: readonly (readonly [Wire, bigint])[]) {
    this.terms = terms;
  }

  static wire(kind: Wire['kind'], index: number): Linear {
    return new Linear([[{ kind, index }, 1n]]);
  }

  static constant(value: bigint): Linear {
    return new Linear([[{ kind: 'one', index: 0 }, scalars.create(value)]]);
  }

  plus(other: Linear | bigint): Linear {
    const { terms } = typeof other === 'bigint' ? Linear.constant(other) : other;
    return new Linear([...this.terms, ...terms]);
  }

  minus(other: Linear | bigint): Linear {
    return this.plus((typeof other === 'bigint' ? Linear.constant(other) : other).times(-1n));
  }

  times(factor: bigint): Linear {
    return new Linear(this.terms.map(([wire, scalar]) => [wire, scalars.mul(scalar, scalars.create(factor))]));
  }
}
