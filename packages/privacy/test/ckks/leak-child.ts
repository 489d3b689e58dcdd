import { loadCkks } from '../../src/index.ts';

/** Encrypts again and again, and prints by how many bytes the process grew in each third of it, at least. Run: leak-child.ts ROUNDS dispose|leak */
const [rounds, mode] = [Number(process.argv[2]), process.argv[3]];
const WINDOWS = 3;
/** Until the engine has compiled what is hot: that takes memory too, once. */
const WARM_ROUNDS = 100;

const ckks = (await loadCkks()).open('sum');
const keys = ckks.createKeyPair();
const values = new Float64Array(ckks.slots).fill(0.5);

function round(index: number): void {
  const vector = ckks.encrypt(keys.publicKey, values, { bound: 1 });
  const sum = ckks.add(vector, vector);
  if (index % 4 === 0) ckks.encryptToBytes(keys.secretKey, values, { bound: 1 });
  if (mode === 'leak') return;
  sum[Symbol.dispose]();
  vector[Symbol.dispose]();
}

/** Run with --expose-gc: what JavaScript has dropped is not what WebAssembly keeps. */
function residentBytes(): number {
  globalThis.gc?.();
  return process.memoryUsage().rss;
}

for (let i = 0; i < WARM_ROUNDS; i++) round(i);
// A leak grows in each window; what the engine compiles late, on a loaded machine, does not.
const grown: number[] = [];
for (let window = 0; window < WINDOWS; window++) {
  const before = residentBytes();
  for (let i = 0; i < rounds / WINDOWS; i++) round(i);
  grown.push(residentBytes() - before);
}
console.log(JSON.stringify({ grown: Math.min(...grown) }));
