import { bytesField, type Field, message, messageField, textField, varintField } from './protobuf.ts';

/** A dimension is a number, or a name where it is known only at run time (`batch`). */
export type Shape = readonly (number | string)[];

/** One operator of the ONNX standard. */
export interface OnnxNode {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Integers and lists of them: all that the operators used here take. */
  readonly attributes?: Readonly<Record<string, number | readonly number[]>>;
}

export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  /** float32 tensors fed on each run. */
  readonly inputs: readonly { readonly name: string; readonly shape: Shape }[];
  readonly outputs: readonly { readonly name: string; readonly shape: Shape }[];
  readonly constants: readonly Constant[];
}

export type Constant =
  | {
      readonly name: string;
      readonly type: 'float32';
      readonly shape: readonly number[];
      readonly values: readonly number[];
    }
  | {
      readonly name: string;
      readonly type: 'int64';
      readonly shape: readonly number[];
      readonly values: readonly number[];
    };

/** Written by hand against onnx.proto3 of ONNX 1.17: IR version 8, operator set 17. */
const IR_VERSION = 8;
const OPERATOR_SET = 17;
const FLOAT32 = 1;
const INT64 = 7;
const ATTRIBUTE_INT = 2;
const ATTRIBUTE_INTS = 7;

/** @returns the bytes of an ONNX `ModelProto` */
export function writeOnnxModel(graph: OnnxGraph): Uint8Array {
  return message([
    varintField(1, IR_VERSION),
    textField(2, 'murmuration'),
    messageField(7, graphFields(graph)),
    messageField(8, [textField(1, ''), varintField(2, OPERATOR_SET)]),
  ]);
}

function graphFields(graph: OnnxGraph): Field[] {
  return [
    ...graph.nodes.map((node) => messageField(1, nodeFields(node))),
    textField(2, 'graph'),
    ...graph.constants.map((constant) => messageField(5, constantFields(constant))),
    ...graph.inputs.map(({ name, shape }) => messageField(11, valueInfoFields(name, shape))),
    ...graph.outputs.map(({ name, shape }) => messageField(12, valueInfoFields(name, shape))),
  ];
}

function nodeFields(node: OnnxNode): Field[] {
  return [
    ...node.inputs.map((name) => textField(1, name)),
    ...node.outputs.map((name) => textField(2, name)),
    textField(4, node.operator),
    ...Object.entries(node.attributes ?? {}).map(([name, value]) => messageField(5, attributeFields(name, value))),
  ];
}

function attributeFields(name: string, value: number | readonly number[]): Field[] {
  return typeof value === 'number'
    ? [textField(1, name), varintField(3, value), varintField(20, ATTRIBUTE_INT)]
    : [textField(1, name), ...value.map((item) => varintField(8, item)), varintField(20, ATTRIBUTE_INTS)];
}

function constantFields({ name, type, shape, values }: Constant): Field[] {
  const raw = type === 'float32' ? Float32Array.from(values) : BigInt64Array.from(values, BigInt);
  return [
    ...shape.map((size) => varintField(1, size)),
    varintField(2, type === 'float32' ? FLOAT32 : INT64),
    textField(8, name),
    bytesField(9, new Uint8Array(raw.buffer)),
  ];
}

function valueInfoFields(name: string, shape: Shape): Field[] {
  const dimensions = shape.map((size) =>
    messageField(1, [typeof size === 'number' ? varintField(1, size) : textField(2, size)]),
  );
  const tensorType = [varintField(1, FLOAT32), messageField(2, dimensions)];
  return [textField(1, name), messageField(2, [messageField(1, tensorType)])];
}
