import { bytes, type Schema } from '@murmuration/core';

const AMOUNT_BYTES = 16;
/** The largest fee. */
export const MAX_FEE = (1n << 128n) - 1n;

const wireSchema = bytes(AMOUNT_BYTES);

/** An amount in the smallest unit, 0 to 2^128 - 1; on the wire 16 bytes, big-endian. */
export const amount: Schema<bigint> = {
  toWire: (value) => {
    const wire = new Uint8Array(AMOUNT_BYTES);
    const view = new DataView(wire.buffer);
    view.setBigUint64(0, value >> 64n);
    view.setBigUint64(8, BigInt.asUintN(64, value));
    return wire;
  },
  fromWire: (wire, path) => {
    const read = wireSchema.fromWire(wire, path);
    const view = new DataView(read.buffer, read.byteOffset);
    return (view.getBigUint64(0) << 64n) | view.getBigUint64(8);
  },
};
