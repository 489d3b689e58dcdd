import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { loadCkks } from '../../src/index.ts';
import { codeOf } from '../dp/world.ts';
import { numbers, sharedEngine } from './world.ts';

interface Grown {
  readonly flat: number;
  readonly forgotten: Readonly<Record<string, number>>;
}

/** In a process of its own, whose heap nothing else uses. */
async function grownBytes(rounds: number): Promise<Grown> {
  const child = fileURLToPath(new URL('./leak-child.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--conditions=murmuration-src',
    child,
    String(rounds),
  ]);
  return JSON.parse(stdout) as Grown;
}

describe('memory of the WebAssembly heap', () => {
  test('nothing that makes, reads or refuses anything grows it by one byte; each forgotten result does', async () => {
    const { flat, forgotten } = await grownBytes(40);
    expect(flat).toBe(0);
    expect(Object.keys(forgotten)).toHaveLength(12);
    for (const [name, grown] of Object.entries(forgotten)) expect([name, grown > 0]).toEqual([name, true]);
  }, 120_000);

  test('a native object used after its disposal is an error; disposing twice is none', async () => {
    using ckks = (await sharedEngine()).open('statistics');
    using keys = ckks.createKeyPair();
    const x = numbers('x', 10);
    const a = ckks.encrypt(keys.publicKey, x, { bound: 1 });
    using b = ckks.encrypt(keys.publicKey, x, { bound: 1 });
    a[Symbol.dispose]();
    a[Symbol.dispose]();
    expect(a.isDisposed).toBe(true);
    const uses = [
      () => ckks.add(a, b),
      () => ckks.add(b, a),
      () => ckks.multiplyPlain(a, x),
      () => ckks.toBytes(a),
      () => ckks.decrypt(a, keys.secretKey),
    ];
    for (const use of uses) expect(codeOf(use)).toBe('PRIVACY_CKKS_DISPOSED');
    const gone = ckks.createKeyPair();
    gone[Symbol.dispose]();
    expect(codeOf(() => ckks.encrypt(gone.publicKey, x, { bound: 1 }))).toBe('PRIVACY_CKKS_DISPOSED');
    expect(codeOf(() => ckks.encrypt(gone.secretKey, x, { bound: 1 }))).toBe('PRIVACY_CKKS_DISPOSED');
    const closed = (await sharedEngine()).open('sum');
    closed[Symbol.dispose]();
    expect(codeOf(() => closed.createKeyPair())).toBe('PRIVACY_CKKS_DISPOSED');
  });

  test('what would take more memory than the instance may is refused before SEAL, which would never answer again, is asked', async () => {
    const engine = await loadCkks({ maxHeapBytes: 4 * 2 ** 20 });
    using ckks = engine.open('sum');
    using keys = ckks.createKeyPair();
    const x = numbers('x', 10 * ckks.slots);
    const encrypt = () => ckks.encrypt(keys.publicKey, x, { bound: 1 });
    const wire = ckks.encryptToBytes(keys.publicKey, x, { bound: 1 });
    const expected = { keyId: keys.publicKey.keyId, length: x.length, level: 0, maxMagnitude: 1 } as const;
    for (let turn = 0; turn < 3; turn++) {
      using stack = new DisposableStack();
      const held = [encrypt(), encrypt(), encrypt()].map((vector) => stack.use(vector));
      expect(codeOf(encrypt)).toBe('PRIVACY_CKKS_MEMORY');
      expect(codeOf(() => ckks.add(...(held.slice(1) as [(typeof held)[0], (typeof held)[0]])))).toBe(
        'PRIVACY_CKKS_MEMORY',
      );
      expect(codeOf(() => ckks.read(wire, expected))).toBe('PRIVACY_CKKS_MEMORY');
      const rotations = Array.from({ length: 12 }, (_, i) => 2 ** i);
      expect(codeOf(() => ckks.createEvaluationKeys(keys.secretKey, { rotations }))).toBe('PRIVACY_CKKS_MEMORY');
    }
    using again = encrypt();
    expect(again.length).toBe(x.length);
    await expect(loadCkks({ maxHeapBytes: 4 * 2 ** 30 })).rejects.toMatchObject({ code: 'OPTION_OUT_OF_RANGE' });
  });

  test('accumulate takes its sum over', async () => {
    using ckks = (await sharedEngine()).open('sum');
    using keys = ckks.createKeyPair();
    const first = ckks.encrypt(keys.publicKey, numbers('x', 10), { bound: 1 });
    using second = ckks.encrypt(keys.publicKey, numbers('y', 10), { bound: 1 });
    using sum = ckks.accumulate(first, second);
    expect([first.isDisposed, second.isDisposed, sum.isDisposed]).toEqual([true, false, false]);
  });
});
