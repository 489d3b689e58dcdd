import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
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

  test('accumulate takes its sum over', async () => {
    using ckks = (await sharedEngine()).open('sum');
    using keys = ckks.createKeyPair();
    const first = ckks.encrypt(keys.publicKey, numbers('x', 10), { bound: 1 });
    using second = ckks.encrypt(keys.publicKey, numbers('y', 10), { bound: 1 });
    using sum = ckks.accumulate(first, second);
    expect([first.isDisposed, second.isDisposed, sum.isDisposed]).toEqual([true, false, false]);
  });
});
