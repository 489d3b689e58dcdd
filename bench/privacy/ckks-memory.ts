import { loadCkks } from '@murmuration/privacy';

/** Encrypts one ciphertext again and again, in a process of its own: how far does it grow? */
const [rounds = 2000, warm = 400] = process.argv.slice(2).map(Number);

function residentBytes(): number {
  globalThis.gc?.();
  return process.memoryUsage().rss;
}

using ckks = (await loadCkks()).open('sum');
using keys = ckks.createKeyPair();
const values = new Float64Array(ckks.slots).fill(0.25);

function encryptOnce(): void {
  using vector = ckks.encrypt(keys.publicKey, values, { bound: 1 });
  ckks.toBytes(vector);
}

for (let i = 0; i < warm; i++) encryptOnce();
const before = residentBytes();
let peak = before;
for (let i = 1; i <= rounds; i++) {
  encryptOnce();
  if (i % 200 === 0) peak = Math.max(peak, residentBytes());
}
console.log(JSON.stringify({ before, grown: residentBytes() - before, peakGrown: peak - before }));
