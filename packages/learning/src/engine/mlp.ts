import { GraphBuilder, type Value } from './graph.ts';
import { type OnnxGraph, writeOnnxModel } from './onnx.ts';
import { OPERATORS } from './operators.ts';

/** A multi-layer perceptron with one hidden layer of rectified linear units. */
export interface MlpSpec {
  /** Features of a sample. */
  readonly inputs: number;
  readonly hidden: number;
  readonly classes: number;
}

/** A tensor of the model and where it lies in the flat vector of all weights. */
export interface ParameterSlot {
  readonly name: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly length: number;
}

/** The weights in the order in which a flat vector holds them: matrices row-major, [in, out]. */
export function parameterSlots({ inputs, hidden, classes }: MlpSpec): readonly ParameterSlot[] {
  const shapes: readonly (readonly [string, readonly number[]])[] = [
    ['w1', [inputs, hidden]],
    ['b1', [hidden]],
    ['w2', [hidden, classes]],
    ['b2', [classes]],
  ];
  let offset = 0;
  return shapes.map(([name, shape]) => {
    const length = shape.reduce((product, size) => product * size, 1);
    const slot = { name, shape, offset, length };
    offset += length;
    return slot;
  });
}

/** @returns d, the length of the flat vector of weights */
export function parameterCount(spec: MlpSpec): number {
  return parameterSlots(spec).reduce((sum, slot) => sum + slot.length, 0);
}

/**
 * One training step as one graph: forward, loss, backward, SGD with momentum (v ← μ·v + g, w ← w − η·v).
 * Inputs x, y (one-hot), rate, momentum, each weight and its velocity; outputs loss, each weight and
 * velocity with the suffix `_next`.
 */
export function trainingGraph(spec: MlpSpec): OnnxGraph {
  const graph = new GraphBuilder(OPERATORS);
  const rate = graph.input('rate', []);
  const momentum = graph.input('momentum', []);
  const { logits, parameters } = forward(graph, spec);
  const target = graph.input('y', ['batch', spec.classes]);
  const loss = graph.apply('softmaxCrossEntropy', logits, target);
  const gradients = graph.gradients(loss, parameters);
  const outputs = parameters.flatMap((weight, i) => {
    const { name, shape } = weight;
    const velocity = graph.input(`${name}_velocity`, shape);
    const kept = graph.node('Mul', [velocity, momentum], shape);
    const next = graph.node('Add', [kept, gradients[i] as Value], shape, {}, `${name}_velocity_next`);
    const step = graph.node('Mul', [next, rate], shape);
    return [graph.node('Sub', [weight, step], shape, {}, `${name}_next`), next];
  });
  return graph.finish([loss, ...outputs]);
}

/** @returns the bytes of `trainingGraph` as an ONNX model, for any runtime that reads ONNX */
export function trainingModel(spec: MlpSpec): Uint8Array {
  return writeOnnxModel(trainingGraph(spec));
}

/** Inputs x and the weights; output logits [batch, classes]. */
export function inferenceGraph(spec: MlpSpec): OnnxGraph {
  const graph = new GraphBuilder(OPERATORS);
  return graph.finish([forward(graph, spec).logits]);
}

function forward(graph: GraphBuilder, spec: MlpSpec): { logits: Value; parameters: readonly Value[] } {
  const x = graph.input('x', ['batch', spec.inputs]);
  const parameters = parameterSlots(spec).map(({ name, shape }) => graph.input(name, shape));
  const [w1, b1, w2, b2] = parameters as [Value, Value, Value, Value];
  const hidden = graph.apply('relu', graph.apply('dense', x, w1, b1));
  return { logits: graph.apply('dense', hidden, w2, b2), parameters };
}
