import { concatBytes, utf8 } from '@murmuration/core';

/**
 * As much of the protocol buffers wire format as an ONNX model needs: varints, and fields that carry a
 * length. https://protobuf.dev/programming-guides/encoding
 */
const VARINT = 0;
const LENGTH_DELIMITED = 2;

export type Field = Uint8Array;

/** A number ≥ 0 and below 2^53. */
export function varintField(number: number, value: number): Field {
  return concatBytes(varint(number * 8 + VARINT), varint(value));
}

export function bytesField(number: number, bytes: Uint8Array): Field {
  return concatBytes(varint(number * 8 + LENGTH_DELIMITED), varint(bytes.length), bytes);
}

export function textField(number: number, text: string): Field {
  return bytesField(number, utf8(text));
}

/** A message inside a message. */
export function messageField(number: number, fields: readonly Field[]): Field {
  return bytesField(number, message(fields));
}

export function message(fields: readonly Field[]): Uint8Array {
  return concatBytes(...fields);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}
