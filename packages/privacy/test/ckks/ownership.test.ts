import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { codeOf } from '../dp/world.ts';
import { numbers, sharedEngine } from './world.ts';

const MIB = 2 ** 20;

/** In a process of its own: nothing else grows there. */
async function grownBytes(rounds: number, mode: 'dispose' | 'leak'): Promise<number> {
  const child = fileURLToPath(new URL('./leak-child.ts', import.meta.url));
  const args = ['--conditions=murmuration-src', '--expose-gc', child, String(rounds), mode];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return (JSON.parse(stdout) as { grown: number }).grown;
}

describe('memory of the WebAssembly heap', () => {
  test('600 encryptions and sums leave the process as large as it was; the same check sees a forgotten disposal', async () => {
    const [flat, leaking] = await Promise.all([grownBytes(600, 'dispose'), grownBytes(180, 'leak')]);
    expect(flat).toBeLessThan(5 * MIB);
    expect(leaking).toBeGreaterThan(10 * MIB);
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
