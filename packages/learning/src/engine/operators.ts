import type { GraphBuilder, Value } from './graph.ts';

/**
 * A differentiable operator: how it computes, and how a gradient flows back through it. A new one is an
 * entry in the table below with a case in its finite-difference test, which walks the table.
 */
export interface Operator {
  /** Adds the nodes that compute it. */
  readonly forward: (graph: GraphBuilder, inputs: readonly Value[]) => Value;
  /**
   * Adds the nodes of the vector-Jacobian product.
   * @param upstream ∂loss/∂output
   * @param wants which inputs need a gradient; the others may stay null
   * @returns ∂loss/∂input for each input
   */
  readonly backward: (
    graph: GraphBuilder,
    inputs: readonly Value[],
    output: Value,
    upstream: Value,
    wants: readonly boolean[],
  ) => readonly (Value | null)[];
}

export type OperatorTable = Readonly<Record<string, Operator>>;

/** x [batch, in], w [in, out], b [out] → x·w + b. */
const dense: Operator = {
  forward: (graph, [x, w, b]) => {
    const shape = [(x as Value).shape[0] as number | string, (w as Value).shape[1] as number | string];
    return graph.node('Gemm', [x as Value, w as Value, b as Value], shape);
  },
  backward: (graph, [x, w, b], _output, upstream, wants) => [
    wants[0] ? graph.node('Gemm', [upstream, w as Value], (x as Value).shape, { transB: 1 }) : null,
    wants[1] ? graph.node('Gemm', [x as Value, upstream], (w as Value).shape, { transA: 1 }) : null,
    wants[2] ? graph.node('ReduceSum', [upstream, graph.axes(0)], (b as Value).shape, { keepdims: 0 }) : null,
  ],
};

/** max(x, 0). Its gradient at 0 is 0. */
const relu: Operator = {
  forward: (graph, [x]) => graph.node('Relu', [x as Value], (x as Value).shape),
  backward: (graph, [x], output, upstream) => {
    const positive = graph.node('Sign', [output], (x as Value).shape);
    return [graph.node('Mul', [upstream, positive], (x as Value).shape)];
  },
};

/** Mean over the batch of −Σ target · ln softmax(logits); logits and one-hot targets are [batch, classes]. */
const softmaxCrossEntropy: Operator = {
  forward: (graph, [logits, target]) => {
    const shape = (logits as Value).shape;
    const logSoftmax = graph.node('LogSoftmax', [logits as Value], shape, { axis: 1 });
    const perClass = graph.node('Mul', [logSoftmax, target as Value], shape);
    const perSample = graph.node('ReduceSum', [perClass, graph.axes(1)], [shape[0] as string], { keepdims: 0 });
    const mean = graph.node('ReduceMean', [perSample], [], { keepdims: 0 });
    return graph.node('Neg', [mean], []);
  },
  backward: (graph, [logits, target], _output, upstream) => {
    const shape = (logits as Value).shape;
    const probabilities = graph.node('Softmax', [logits as Value], shape, { axis: 1 });
    const error = graph.node('Sub', [probabilities, target as Value], shape);
    const ones = graph.node('ReduceSum', [target as Value, graph.axes(1)], [shape[0] as string], { keepdims: 0 });
    const batch = graph.node('ReduceSum', [ones, graph.axes(0)], [], { keepdims: 0 });
    const scale = graph.node('Div', [upstream, batch], []);
    return [graph.node('Mul', [error, scale], shape), null];
  },
};

/** The operators a model may be made of. */
export const OPERATORS: OperatorTable = { dense, relu, softmaxCrossEntropy };
