import { seededRandom } from '@murmuration/core';
import { Tensor } from 'onnxruntime-node';
import { GraphBuilder, type Value } from '../../src/engine/graph.ts';
import type { Operator } from '../../src/engine/operators.ts';
import { openSession } from '../../src/engine/session.ts';

/** One operator, fed with chosen inputs. */
export interface GradientCase {
  readonly inputs: readonly { readonly shape: readonly number[]; readonly values: readonly number[] }[];
  /** Inputs whose gradient is compared; others (labels) have none. */
  readonly wanted: readonly number[];
}

const STEP = 1 / 64;

/**
 * Compares the operator's own gradient of Σ r · output, r random, with central differences of its forward
 * pass alone, at every element of every wanted input.
 * @returns the largest difference, relative to the largest gradient
 */
export async function gradientError(operator: Operator, given: GradientCase): Promise<number> {
  const builder = new GraphBuilder({ operator });
  const values = given.inputs.map(({ shape }, i) => builder.input(`x${i}`, shape));
  const output = operator.forward(builder, values);
  const upstream = builder.input('upstream', output.shape);
  const wants = given.inputs.map((_, i) => given.wanted.includes(i));
  const gradients = operator.backward(builder, values, output, upstream, wants);
  const wanted = given.wanted.map((i) => gradients[i] as Value);
  const session = await openSession(builder.finish([output, ...wanted]));
  const size = output.shape.reduce((product: number, length) => product * Number(length), 1);
  const random = seededRandom('upstream');
  const r = Float32Array.from({ length: size }, () => random.unit() - 0.3);
  const run = async (inputs: readonly (readonly number[])[]) => {
    const feeds: Record<string, Tensor> = { upstream: new Tensor('float32', r, output.shape.map(Number)) };
    for (const [i, { shape }] of given.inputs.entries()) {
      feeds[`x${i}`] = new Tensor('float32', Float32Array.from(inputs[i] as readonly number[]), shape);
    }
    return session.run(feeds);
  };
  const values0 = given.inputs.map((input) => input.values);
  const at = await run(values0);
  const objective = async (inputs: readonly (readonly number[])[]) => {
    const data = (await run(inputs))[output.name]?.data as Float32Array;
    return data.reduce((sum, value, i) => sum + value * (r[i] as number), 0);
  };
  let largest = 0;
  let scale = 0;
  for (const [k, i] of given.wanted.entries()) {
    const claimed = at[(wanted[k] as Value).name]?.data as Float32Array;
    for (let j = 0; j < claimed.length; j++) {
      const shifted = (by: number) =>
        values0.map((input, n) => (n === i ? input.map((value, m) => (m === j ? value + by : value)) : input));
      const measured = ((await objective(shifted(STEP))) - (await objective(shifted(-STEP)))) / (2 * STEP);
      largest = Math.max(largest, Math.abs(measured - (claimed[j] as number)));
      scale = Math.max(scale, Math.abs(measured), Math.abs(claimed[j] as number));
    }
  }
  await session.release();
  return largest / scale;
}
