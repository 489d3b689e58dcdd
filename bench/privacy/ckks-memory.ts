import { watchWasmHeap } from '../../packages/privacy/test/ckks/wasm-heap.ts';

/**
 * Encrypts one ciphertext again and again, in a process of its own: how far does it grow? First `warm` rounds, then two
 * windows of `rounds`. Each saves its vector as bytes, gives them back as one does who has sent them, and disposes the
 * vector; with "forget" it does not, and what was forgotten must show. Run: --expose-gc ckks-memory.ts ROUNDS WARM dispose|forget|collect
 */
const [rounds, warm] = process.argv.slice(2).map(Number) as [number, number];
const mode = process.argv[4];
const SAMPLES = 10;

export interface Grown {
  /** Resident memory of the process after the warm rounds, in bytes. */
  readonly before: number;
  /** Highest resident memory seen in each window, less the highest before it. */
  readonly resident: readonly [number, number];
  /** Bytes by which the heap of WebAssembly, which never shrinks, was extended in each window: exact. */
  readonly heap: readonly [number, number];
}

const heapBytes = watchWasmHeap();
const { loadCkks } = await import('@murmuration/privacy');
using ckks = (await loadCkks()).open('sum');
using keys = ckks.createKeyPair();
const values = new Float64Array(ckks.slots).fill(0.25);

function encryptOnce(): void {
  const vector = ckks.encrypt(keys.publicKey, values, { bound: 1 });
  const { buffer } = ckks.toBytes(vector);
  if (mode !== 'collect' && buffer instanceof ArrayBuffer) buffer.transfer(0);
  if (mode !== 'forget') vector[Symbol.dispose]();
}

function residentBytes(): number {
  globalThis.gc?.();
  return process.memoryUsage().rss;
}

function repeat(times: number): number {
  let peak = 0;
  for (let i = 1; i <= times; i++) {
    encryptOnce();
    if (i % Math.ceil(times / SAMPLES) === 0) peak = Math.max(peak, residentBytes());
  }
  return peak;
}

const peaks = [repeat(warm)];
const heaps = [heapBytes()];
const before = residentBytes();
for (let window = 0; window < 2; window++) {
  peaks.push(Math.max(peaks.at(-1) as number, repeat(rounds)));
  heaps.push(heapBytes());
}
const [a, b, c] = peaks as [number, number, number];
const [x, y, z] = heaps as [number, number, number];
console.log(JSON.stringify({ before, resident: [b - a, c - b], heap: [y - x, z - y] } satisfies Grown));
