import { type Result, seededRandom } from '@murmuration/core';
import type { EncryptedVector } from '../../src/index.ts';
import { watchWasmHeap } from './wasm-heap.ts';
import { numbers } from './world.ts';

/**
 * Does everything that makes a native object again and again, and prints by how many bytes the heap of WebAssembly was
 * extended: with all of it disposed, and with the result of one operation forgotten. Run: leak-child.ts ROUNDS
 */
const rounds = Number(process.argv[2]);
const WARM_ROUNDS = 20;
/** Of an operation whose result is forgotten: more than what the heap has free for it. */
const FORGET_ROUNDS = 400;

const heapBytes = watchWasmHeap();
const { encryptedTotal, loadCkks, revealToKeyHolder } = await import('../../src/index.ts');
// Small, so that the test is quick: what is kept or forgotten is the same.
const ckks = (await loadCkks()).openCustom({ degree: 4096, chain: [42, 25, 42], scaleBits: 25 });
const keys = ckks.createKeyPair();
const rotations = Array.from({ length: 11 }, (_, i) => 2 ** i);
const evaluation = ckks.createEvaluationKeys(keys.secretKey, { relinearise: true, rotations });
const x = numbers('x', ckks.slots);
const a = ckks.encrypt(keys.publicKey, x, { bound: 1 }) as EncryptedVector<1>;
const expected = { keyId: keys.publicKey.keyId, length: x.length, level: 1, maxMagnitude: 1 } as const;
const wire = ckks.toBytes(a);
const evaluationWire = ckks.evaluationKeyBytes(keys.secretKey, { relinearise: true });
const secretWire = ckks.keyBytes(keys.secretKey);
const publicWire = ckks.keyBytes(keys.publicKey);
/** Its last coefficient is larger than the prime: only SEAL sees that. */
const hostile = wire.slice();
hostile.fill(0xff, -8);

const read = (bytes: Uint8Array) => {
  const result = ckks.read(bytes, expected);
  return result.ok ? result.value : undefined;
};
const operations: Readonly<Record<string, () => Disposable | undefined>> = {
  'encrypt under the public key': () => ckks.encrypt(keys.publicKey, x, { bound: 1 }),
  'encrypt under the secret key': () => ckks.encrypt(keys.secretKey, x, { bound: 1 }),
  add: () => ckks.add(a, a),
  'add plain numbers': () => ckks.addPlain(a, x),
  'multiply by plain numbers': () => ckks.multiplyPlain(a, x),
  multiply: () => ckks.multiply(a, a, evaluation),
  rotate: () => ckks.rotate(a, 4, evaluation),
  'sum over all slots': () => encryptedTotal(a, evaluation),
  read: () => read(wire),
  'make keys': () => ckks.createKeyPair(),
  'read a public key': () => {
    const result = ckks.readPublicKey(publicWire);
    return result.ok ? result.value : undefined;
  },
  'read keys to compute with': () => {
    const result = ckks.readEvaluationKeys(evaluationWire, keys.publicKey.keyId);
    return result.ok ? result.value : undefined;
  },
};
const random = seededRandom('flips');
const flipped = (bytes: Uint8Array) => {
  // Near a header half of the time: most of the rest is refused by its coefficients, or is another message.
  const at = random.below(random.below(2) === 0 ? 600 : bytes.length);
  return bytes.with(at, random.below(256));
};
const others: readonly (() => unknown)[] = [
  () => read(flipped(wire))?.[Symbol.dispose](),
  () => dropped(ckks.readPublicKey(flipped(publicWire))),
  () => dropped(ckks.readSecretKey(flipped(secretWire))),
  () => dropped(ckks.readEvaluationKeys(flipped(evaluationWire), keys.publicKey.keyId)),
  () => read(hostile),
  () => ckks.readPublicKey(publicWire.with(-1, 0xff)),
  () => ckks.readEvaluationKeys(evaluationWire.with(-100, 0xff), keys.publicKey.keyId),
  () => ckks.encryptToBytes(keys.secretKey, x, { bound: 1 }),
  () => ckks.toBytes(a),
  () => revealToKeyHolder(a, keys.secretKey),
];

function dropped(result: Result<Disposable, string>): void {
  if (result.ok) result.value[Symbol.dispose]();
}

function grownBy(times: number, run: () => void): number {
  const before = heapBytes();
  for (let i = 0; i < times; i++) run();
  return heapBytes() - before;
}

function everything(): void {
  for (const make of Object.values(operations)) make()?.[Symbol.dispose]();
  for (const run of others) run();
}

if (read(hostile) !== undefined) throw new Error('bytes that SEAL should refuse were accepted');
grownBy(WARM_ROUNDS, everything);
const flat = grownBy(rounds, everything);
const forgotten: Record<string, number> = {};
for (const [name, make] of Object.entries(operations)) {
  let grown = 0;
  for (let i = 0; i < FORGET_ROUNDS && grown === 0; i++) grown = grownBy(1, make);
  forgotten[name] = grown;
}
console.log(JSON.stringify({ flat, forgotten }));
