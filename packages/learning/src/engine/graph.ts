import { MurmurError } from '@murmuration/core';
import type { Constant, OnnxGraph, OnnxNode, Shape } from './onnx.ts';
import type { Operator, OperatorTable } from './operators.ts';

/** A tensor in a graph under construction: a name, and the shape it will have. */
export interface Value {
  readonly name: string;
  readonly shape: Shape;
}

/** What an operator was applied to: enough to differentiate it later. */
interface Application {
  readonly operator: Operator;
  readonly inputs: readonly Value[];
  readonly output: Value;
}

/**
 * Builds one ONNX graph and differentiates it in reverse: each application of an operator of the table is
 * remembered, and `gradients` walks them backwards, adding the operators' own gradients as ordinary nodes.
 */
export class GraphBuilder {
  private readonly table: OperatorTable;
  private readonly nodes: OnnxNode[] = [];
  private readonly inputs: Value[] = [];
  private readonly constants: Constant[] = [];
  private readonly applications: Application[] = [];
  private names = 0;

  constructor(table: OperatorTable) {
    this.table = table;
  }

  input(name: string, shape: Shape): Value {
    const value = { name, shape };
    this.inputs.push(value);
    return value;
  }

  /** An integer list that operators such as ReduceSum take as an input. */
  axes(...values: readonly number[]): Value {
    const name = this.fresh('axes');
    this.constants.push({ name, type: 'int64', shape: [values.length], values });
    return { name, shape: [values.length] };
  }

  scalar(value: number): Value {
    const name = this.fresh('constant');
    this.constants.push({ name, type: 'float32', shape: [], values: [value] });
    return { name, shape: [] };
  }

  /** Adds a raw ONNX node, which is not differentiated. @param name of its output, fresh where left out */
  node(
    operator: string,
    inputs: readonly Value[],
    shape: Shape,
    attributes: Readonly<Record<string, number | readonly number[]>> = {},
    name: string = this.fresh(operator),
  ): Value {
    this.nodes.push({ operator, inputs: inputs.map((input) => input.name), outputs: [name], attributes });
    return { name, shape };
  }

  /** Applies an operator of the table and remembers it. @throws ENGINE_OPERATOR */
  apply(kind: string, ...inputs: readonly Value[]): Value {
    const operator = this.table[kind];
    if (operator === undefined) {
      throw new MurmurError({
        code: 'ENGINE_OPERATOR',
        message: `there is no differentiable operator "${kind}"`,
        remedy: `known are ${Object.keys(this.table).join(', ')}`,
        facts: { kind },
      });
    }
    const output = operator.forward(this, inputs);
    this.applications.push({ operator, inputs, output });
    return output;
  }

  /**
   * @param loss a scalar that `apply` produced
   * @returns ∂loss/∂value for each wanted value, in their order and shape. @throws ENGINE_OPERATOR
   */
  gradients(loss: Value, wanted: readonly Value[]): readonly Value[] {
    const gradientOf = new Map<string, Value>([[loss.name, this.scalar(1)]]);
    const needed = this.dependents(wanted);
    for (const { operator, inputs, output } of [...this.applications].reverse()) {
      const upstream = gradientOf.get(output.name);
      if (upstream === undefined) continue;
      const wants = inputs.map((input) => needed.has(input.name));
      const downstream = operator.backward(this, inputs, output, upstream, wants);
      for (const [i, input] of inputs.entries()) {
        const gradient = downstream[i];
        if (!wants[i] || gradient == null) continue;
        const earlier = gradientOf.get(input.name);
        gradientOf.set(input.name, earlier ? this.node('Add', [earlier, gradient], input.shape) : gradient);
      }
    }
    return wanted.map((value) => gradientOf.get(value.name) ?? unreached(value));
  }

  finish(outputs: readonly Value[]): OnnxGraph {
    return { nodes: this.nodes, inputs: this.inputs, constants: this.constants, outputs };
  }

  /** Values that depend on one of `wanted`, themselves included: nothing else needs a gradient. */
  private dependents(wanted: readonly Value[]): ReadonlySet<string> {
    const names = new Set(wanted.map((value) => value.name));
    for (const { inputs, output } of this.applications) {
      if (inputs.some((input) => names.has(input.name))) names.add(output.name);
    }
    return names;
  }

  private fresh(prefix: string): string {
    return `${prefix}_${this.names++}`;
  }
}

function unreached(value: Value): never {
  throw new MurmurError({
    code: 'ENGINE_OPERATOR',
    message: `the loss does not depend on "${value.name}"`,
    remedy: 'ask for gradients of values that the loss was computed from',
    facts: { value: value.name },
  });
}
