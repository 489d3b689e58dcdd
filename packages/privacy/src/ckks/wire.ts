import {
  accept,
  bytes,
  decodeCanonical,
  encode,
  finite,
  fromHex,
  integer,
  oneOf,
  type Result,
  refuse,
  struct,
  toHex,
} from '@murmuration/core';
import type { Ciphertext } from 'node-seal';
import { ciphertextBytes, isPlainCiphertext, seededCiphertextBytes } from './blob.ts';
import type { CkksCore } from './core.ts';
import {
  chunkCount,
  type EncryptOptions,
  encryptChunks,
  freshHead,
  MAX_VECTOR_LENGTH,
  type Numbers,
} from './encrypt.ts';
import { frame, type Saved, unframe } from './frame.ts';
import { CkksPublicKey, type CkksSecretKey } from './keys.ts';
import { native, nativeRefusal } from './native.ts';
import type { Level } from './parameters.ts';
import { deviationOf, errorBound, type Precision } from './precision.ts';
import { EncryptedVector, freeChunks, makeChunks, type VectorHead } from './vector.ts';

const HEAD_BYTES = 256;

/** What the parameters are, in a word that the bytes carry: those of another chain are refused by it. */
function suiteOf({ parameters: { degree, chain, scaleBits } }: CkksCore): string {
  return `ckks-${degree}-${chain.join('.')}-${scaleBits}`;
}

function headSchema(core: CkksCore) {
  return struct({
    suite: oneOf(suiteOf(core)),
    level: integer(0, core.top),
    length: integer(1, MAX_VECTOR_LENGTH),
    keyId: bytes(32),
    magnitude: finite,
    deviation: finite,
  });
}

export function vectorBytes(vector: EncryptedVector<Level>, precision: Precision = vector.precision): Uint8Array {
  const { core, level, chunks, length, keyId } = vector;
  const head = headBytes(core, level, { length, keyId, precision });
  const none = core.seal.ComprModeType.none;
  const lengths = chunks.map(() => ciphertextBytes(core.parameters.degree, level + 1));
  const save = (i: number): Saved => (chunks[i] as Ciphertext).saveToArray(none);
  return native(core.seal, 'save a vector', () => frame(head, lengths, save));
}

/** Encrypts into the bytes themselves: one ciphertext at a time lies in memory beside them. */
export function encryptedBytes(
  core: CkksCore,
  key: CkksPublicKey | CkksSecretKey,
  values: Numbers,
  options: EncryptOptions,
): Uint8Array {
  const head = headBytes(core, core.top, freshHead(core, key, values, options));
  const bytesOf = key instanceof CkksPublicKey ? ciphertextBytes : seededCiphertextBytes;
  const length = bytesOf(core.parameters.degree, core.top + 1);
  const lengths = new Array<number>(chunkCount(core, values.length)).fill(length);
  return encryptChunks(core, key, values, (chunk) => frame(head, lengths, chunk));
}

function headBytes(core: CkksCore, level: number, { length, keyId, precision }: VectorHead): Uint8Array {
  const { magnitude, deviation } = precision;
  const id = fromHex(keyId) as Uint8Array;
  return encode(headSchema(core), { suite: suiteOf(core), level, length, keyId: id, magnitude, deviation });
}

/** What the reader agreed on with the sender: nothing else is accepted. */
export interface VectorExpectation<L extends Level> {
  readonly keyId: string;
  readonly length: number;
  readonly level: L;
  /** The largest bound that the sender may state. */
  readonly maxMagnitude: number;
  /** The largest error that the sender may state. @default that of a fresh encryption of such numbers, under either key */
  readonly maxError?: number;
}

export type VectorRefusal =
  | 'too-large'
  | 'malformed'
  | 'wrong-level'
  | 'wrong-length'
  | 'wrong-key'
  | 'wrong-precision'
  | 'not-a-ciphertext'
  | 'wrong-scale';

/**
 * Reads what a peer sent. Nothing is loaded before every size is the right one. CKKS bytes carry no proof of what is
 * in them: whoever needs to know the sender checks a signature over the bytes.
 */
export function readVector<L extends Level>(
  core: CkksCore,
  wire: Uint8Array,
  expected: VectorExpectation<L>,
): Result<EncryptedVector<L>, VectorRefusal> {
  const count = chunkCount(core, expected.length);
  const maxBytes = HEAD_BYTES + count * (ciphertextBytes(core.parameters.degree, expected.level + 1) + 4);
  if (wire.length > maxBytes) return refuse('too-large', `${wire.length} bytes, at most ${maxBytes}`);
  const parts = unframe(wire, count);
  if (parts === undefined) return refuse('malformed', 'lengths that do not add up');
  const [head, ...chunks] = parts;
  const decoded = decodeCanonical(headSchema(core), head, { maxBytes: HEAD_BYTES });
  if (!decoded.ok) return refuse('malformed', decoded.detail ?? decoded.reason);
  const { level, length, keyId, magnitude, deviation } = decoded.value;
  if (level !== expected.level) return refuse('wrong-level', `level ${level}, not ${expected.level}`);
  if (length !== expected.length || chunks.length !== count) return refuse('wrong-length', `${length} numbers`);
  if (toHex(keyId) !== expected.keyId) return refuse('wrong-key', `for the key ${toHex(keyId).slice(0, 8)}`);
  const precision = { magnitude, deviation };
  if (!isBelievable(core, precision, expected)) {
    return refuse('wrong-precision', `numbers up to ${magnitude}, error ${errorBound(precision)}`);
  }
  const loaded = loadChunks(core, expected.level, chunks);
  if (!loaded.ok) return loaded;
  const known = { length, keyId: expected.keyId, precision };
  return accept(new EncryptedVector(core, expected.level, known, loaded.value));
}

/** Neither smaller than any ciphertext's, nor larger than agreed. */
function isBelievable(
  core: CkksCore,
  { magnitude, deviation }: Precision,
  expected: VectorExpectation<Level>,
): boolean {
  const { scale, maxMagnitude } = core.level(expected.level);
  const most = Math.min(expected.maxMagnitude, maxMagnitude);
  const encoded = core.model.encoded(expected.maxMagnitude, scale).deviation;
  const fresh = encoded + core.model.encryption('public', scale);
  const maxDeviation = (expected.maxError === undefined ? fresh : deviationOf(expected.maxError)) * (1 + 1e-9);
  return magnitude > 0 && magnitude <= most && deviation > 0 && deviation <= maxDeviation;
}

function loadChunks(core: CkksCore, level: number, wires: readonly Uint8Array[]): Result<Ciphertext[], VectorRefusal> {
  for (const [i, wire] of wires.entries()) {
    if (!isPlainCiphertext(wire, core.parameters.degree, level + 1)) return refuse('not-a-ciphertext', `chunk ${i}`);
  }
  let refused: ReturnType<typeof loadChunk>;
  const loaded = makeChunks(core, wires.length, (i, chunk) => {
    refused ??= loadChunk(core, level, wires[i] as Uint8Array, chunk, i);
  });
  if (refused === undefined) return accept(loaded);
  freeChunks(core, loaded);
  return refused;
}

function loadChunk(core: CkksCore, level: number, wire: Uint8Array, chunk: Ciphertext, i: number) {
  const words = nativeRefusal(core.seal, () => chunk.loadFromArray(core.context.handle, wire));
  if (words !== undefined) return refuse<VectorRefusal>('not-a-ciphertext', `chunk ${i}: ${words}`);
  const shaped = chunk.size() === 2 && chunk.coeffModulusSize() === level + 1 && chunk.isNttForm();
  if (!shaped || chunk.isTransparent()) return refuse<VectorRefusal>('not-a-ciphertext', `chunk ${i}`);
  if (chunk.scale() === core.level(level).scale) return undefined;
  return refuse<VectorRefusal>('wrong-scale', `chunk ${i}: scale ${chunk.scale()}`);
}
