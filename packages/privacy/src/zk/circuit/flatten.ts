import { scalars } from '../group/group.ts';
import type { Linear, Wire } from './linear.ts';

/** All constraints, weighed by powers of z, as one: Σ left·aL + right·aR + output·aO + input·v + one = 0. */
export type Flat = Readonly<Record<Wire['kind'], readonly bigint[]>>;

export function flatten(constraints: readonly Linear[], size: number, inputs: number, z: bigint): Flat {
  const zeros = (length: number) => new Array<bigint>(length).fill(0n);
  const flat = { one: zeros(1), input: zeros(inputs), left: zeros(size), right: zeros(size), output: zeros(size) };
  let weight = 1n;
  for (const { terms } of constraints) {
    weight = scalars.mul(weight, z);
    for (const [{ kind, index }, factor] of terms) {
      flat[kind][index] = scalars.add(flat[kind][index] as bigint, scalars.mul(weight, factor));
    }
  }
  return flat;
}
