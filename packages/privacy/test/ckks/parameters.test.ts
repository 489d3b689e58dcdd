import { describe, expect, test } from 'vitest';
import type { CkksParameters } from '../../src/index.ts';
import { codeOf } from '../dp/world.ts';
import { numbers, sharedEngine } from './world.ts';

describe('parameters', () => {
  test('below 128 bits of security are refused, at the edge of the table they are not', async () => {
    const engine = await sharedEngine();
    const code = (parameters: CkksParameters) => codeOf(() => engine.openCustom(parameters)[Symbol.dispose]());
    expect(code({ degree: 4096, chain: [54, 55], scaleBits: 40 })).toBeUndefined();
    expect(code({ degree: 4096, chain: [55, 55], scaleBits: 40 })).toBe('PRIVACY_CKKS_INSECURE');
    expect(code({ degree: 8192, chain: [60, 49, 49, 60], scaleBits: 49 })).toBeUndefined();
    expect(code({ degree: 8192, chain: [60, 50, 50, 60], scaleBits: 50 })).toBe('PRIVACY_CKKS_INSECURE');
    expect(code({ degree: 2048, chain: [30, 30], scaleBits: 20 })).toBe('PRIVACY_CKKS_INSECURE');
  });

  test('that cannot work are refused', async () => {
    const engine = await sharedEngine();
    const code = (parameters: CkksParameters) => codeOf(() => engine.openCustom(parameters)[Symbol.dispose]());
    expect(code({ degree: 8000, chain: [60, 60], scaleBits: 40 })).toBe('PRIVACY_CKKS_PARAMETERS');
    expect(code({ degree: 8192, chain: [60, 40, 50], scaleBits: 40 })).toBe('PRIVACY_CKKS_PARAMETERS');
    expect(code({ degree: 8192, chain: [60, 30, 60], scaleBits: 40 })).toBe('PRIVACY_CKKS_PARAMETERS');
    expect(code({ degree: 8192, chain: [60], scaleBits: 40 })).toBe('OPTION_OUT_OF_RANGE');
    expect(code({ degree: 8192, chain: [60, 61], scaleBits: 40 })).toBe('OPTION_OUT_OF_RANGE');
    expect(code({ degree: 8192, chain: [60, 60], scaleBits: 59 })).toBe('OPTION_OUT_OF_RANGE');
    const unknown: string = 'fast';
    expect(codeOf(() => engine.open(unknown as 'sum'))).toBe('PRIVACY_CKKS_PARAMETERS');
    using sums = engine.open('sum');
    using keys = sums.createKeyPair();
    expect(codeOf(() => sums.createEvaluationKeys(keys.secretKey, { relinearise: true }))).toBe(
      'PRIVACY_CKKS_PARAMETERS',
    );
    const keysFor = (rotations: number[]) => codeOf(() => sums.createEvaluationKeys(keys.secretKey, { rotations }));
    expect(keysFor([0])).toBe('OPTION_OUT_OF_RANGE');
    expect(keysFor([sums.slots])).toBe('OPTION_OUT_OF_RANGE');
    expect(keysFor(Array.from({ length: 40 }, (_, i) => i + 1))).toBe('OPTION_OUT_OF_RANGE');
  });

  test('"sum" takes at most 34 bytes a number on the wire', async () => {
    using ckks = (await sharedEngine()).open('sum');
    using keys = ckks.createKeyPair();
    const wire = ckks.encryptToBytes(keys.publicKey, numbers('x', 100_000), { bound: 1 });
    expect(wire.length / 100_000).toBeLessThanOrEqual(34);
  });
});
