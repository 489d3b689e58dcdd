import { seededRandom } from '@murmuration/core';
import { describe, expect, test } from 'vitest';
import type { GraphBuilder, Value } from '../../src/engine/graph.ts';
import { OPERATORS, type Operator } from '../../src/engine/operators.ts';
import { type GradientCase, gradientError } from './finite-differences.ts';

/** Central differences in float32 with a step of 1/64 are this near. */
const TOLERANCE = 2e-3;

function values(seed: string, shape: readonly number[]) {
  const random = seededRandom(seed);
  const length = shape.reduce((product, size) => product * size, 1);
  return { shape, values: Array.from({ length }, () => 2 * random.unit() - 1) };
}

/** Values away from 0, where the rectifier has a kink. */
function awayFromZero(seed: string, shape: readonly number[]) {
  const input = values(seed, shape);
  return { shape, values: input.values.map((value) => value + Math.sign(value) * 0.1) };
}

const CASES: Readonly<Record<string, GradientCase>> = {
  dense: { inputs: [values('x', [3, 4]), values('w', [4, 5]), values('b', [5])], wanted: [0, 1, 2] },
  relu: { inputs: [awayFromZero('relu', [3, 5])], wanted: [0] },
  softmaxCrossEntropy: {
    inputs: [values('logits', [3, 4]), { shape: [3, 4], values: [1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0] }],
    wanted: [0],
  },
};

/** Mistakes that are easily made, one for each operator. */
const SABOTAGED: Readonly<Record<string, Operator['backward']>> = {
  dense: (graph, inputs, output, upstream, wants) => {
    const right = (OPERATORS.dense as Operator).backward(graph, inputs, output, upstream, wants);
    return [right[0] ?? null, right[1] ?? null, double(graph, right[2] as Value)];
  },
  relu: (_graph, _inputs, _output, upstream) => [upstream],
  softmaxCrossEntropy: (graph, [logits, target]) => {
    const shape = (logits as Value).shape;
    const probabilities = graph.node('Softmax', [logits as Value], shape, { axis: 1 });
    return [graph.node('Sub', [probabilities, target as Value], shape), null];
  },
};

function double(graph: GraphBuilder, value: Value): Value {
  return graph.node('Add', [value, value], value.shape);
}

test('every operator of the table has a case and a sabotaged gradient', () => {
  expect(Object.keys(CASES)).toEqual(Object.keys(OPERATORS));
  expect(Object.keys(SABOTAGED)).toEqual(Object.keys(OPERATORS));
});

describe.each(Object.entries(OPERATORS))('%s', (name, operator) => {
  test('has the gradient that finite differences measure', async () => {
    expect(await gradientError(operator, CASES[name] as GradientCase)).toBeLessThan(TOLERANCE);
  });

  test('with a sabotaged gradient fails the same check', async () => {
    const sabotaged: Operator = { ...operator, backward: SABOTAGED[name] as Operator['backward'] };
    expect(await gradientError(sabotaged, CASES[name] as GradientCase)).toBeGreaterThan(20 * TOLERANCE);
  });
});
