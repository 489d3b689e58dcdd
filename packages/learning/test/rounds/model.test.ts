import { toHex } from '@murmuration/core';
import { describe, expect, test } from 'vitest';
import { applyAggregate, defaultPlan, initialModel, modelBytes, modelFromBytes, modelHash } from '../../src/index.ts';

const PLAN = { ...defaultPlan('digits'), model: { hidden: 3, features: 784 }, seed: 1 };

describe('model', () => {
  test('the first model of a plan has the same hash on every machine, and another for another seed', () => {
    expect(toHex(modelHash(initialModel(PLAN)))).toBe(
      'b04bb071f372571f6c38b43d84bca3571329794557a88849956166c84a380e8c',
    );
    expect(modelHash(initialModel({ ...PLAN, seed: 2 }))).not.toEqual(modelHash(initialModel(PLAN)));
  });

  test('the hash covers every bit: one flipped sign of a zero changes it', () => {
    expect(toHex(modelHash(Float32Array.of(0, 1)))).not.toBe(toHex(modelHash(Float32Array.of(-0, 1))));
    expect(toHex(modelBytes(Float32Array.of(1, -2)))).toBe('0000803f000000c0');
  });

  test('comes back from its bytes; other bytes are refused', () => {
    const model = initialModel(PLAN);
    expect(modelFromBytes(PLAN, modelBytes(model))).toEqual(model);
    const code = expect.objectContaining({ code: 'MODEL_BYTES' });
    expect(() => modelFromBytes(PLAN, modelBytes(model).subarray(4))).toThrow(code);
    expect(() => modelFromBytes(PLAN, modelBytes(model.with(7, Number.NaN)))).toThrow(code);
    expect(() => modelFromBytes(PLAN, new Uint8Array(0))).toThrow(code);
  });

  test('matrices start within Glorot’s bounds, biases at zero', () => {
    const model = initialModel(PLAN);
    const limit = Math.sqrt(6 / (784 + 3));
    const first = model.subarray(0, 784 * 3);
    expect(Math.max(...first.map(Math.abs))).toBeLessThanOrEqual(limit);
    expect(Math.max(...first.map(Math.abs))).toBeGreaterThan(0.98 * limit);
    expect([...model.subarray(784 * 3, 784 * 3 + 3)]).toEqual([0, 0, 0]);
  });

  test('an aggregate moves it by the server’s learning rate, rounded once', () => {
    const plan = { ...PLAN, serverLearningRate: 0.1 };
    const model = Float32Array.of(1, 2, 3);
    const moved = applyAggregate(model, Float32Array.of(1, -1, 0), plan);
    expect([...moved]).toEqual([Math.fround(1.1), Math.fround(1.9), 3]);
    expect([...model]).toEqual([1, 2, 3]);
    expect(() => applyAggregate(model, new Float32Array(2), plan)).toThrow(
      expect.objectContaining({ code: 'KERNEL_SHAPE' }),
    );
  });
});
