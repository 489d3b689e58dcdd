import {
  accept,
  boolean,
  bytes,
  decodeCanonical,
  encode,
  equalBytes,
  fromHex,
  integer,
  list,
  oneOf,
  type Result,
  refuse,
  type Schema,
  struct,
  toHex,
} from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import type { ClassHandle, GaloisKeys, RelinKeys, SEALContext } from 'node-seal';
import { ciphertextBytes, isPlainCiphertext, isPlainSecretKey, isPlainSwitchKeys } from './blob.ts';
import type { CkksCore } from './core.ts';
import { frame, type Saved, unframe } from './frame.ts';
import { CkksEvaluationKeys, CkksPublicKey, CkksSecretKey, evaluationBytes, MAX_ROTATIONS } from './keys.ts';
import { native, nativeRefusal } from './native.ts';

export type KeyRefusal = 'too-large' | 'malformed' | 'not-a-key' | 'wrong-key';

export interface EvaluationKeyParts<Bytes = Uint8Array> {
  readonly rotations: readonly number[];
  readonly relin: Bytes | null;
  readonly galois: Bytes | null;
}

const HEAD_BYTES = 1024;

function primesOf({ parameters }: CkksCore): number {
  return parameters.chain.length;
}

function suiteOf(core: CkksCore, kind: string): string {
  return `ckks-${kind}-${core.parameters.degree}-${core.parameters.chain.join('.')}`;
}

/** @returns of a head that names the key's id and the digest of the bytes behind it: damage shows */
function keySchema(core: CkksCore, kind: 'public' | 'secret') {
  return struct({ suite: oneOf(suiteOf(core, kind)), keyId: bytes(32), digest: bytes(32) });
}

/** Of one rotation, or of relinearisation. */
function maxSwitchKeyBytes(core: CkksCore): number {
  const primes = primesOf(core);
  return (primes - 1) * ciphertextBytes(core.parameters.degree, primes) + 8 * core.parameters.degree + HEAD_BYTES;
}

function evaluationSchema(core: CkksCore) {
  const slots = core.slots;
  return struct({
    suite: oneOf(suiteOf(core, 'evaluation')),
    keyId: bytes(32),
    rotations: list(integer(1 - slots, slots - 1), MAX_ROTATIONS),
    relinearise: boolean,
  });
}

export function keyBytes(key: CkksPublicKey | CkksSecretKey): Uint8Array {
  const { core } = key;
  const kind = key instanceof CkksPublicKey ? 'public' : 'secret';
  const saved: Saved = native(core.seal, 'save a key', () => key.handle.saveToArray(core.seal.ComprModeType.none));
  const keyId = fromHex(key.keyId) as Uint8Array;
  const head = encode(keySchema(core, kind), { suite: suiteOf(core, kind), keyId, digest: digestOf(keyId, saved) });
  return frame(head, [saved.length], () => saved);
}

function digestOf(keyId: Uint8Array, saved: Uint8Array): Uint8Array {
  return sha3_256(keyId, saved);
}

/** The parts are given back. */
export function evaluationKeyBytes(core: CkksCore, keyId: string, keys: EvaluationKeyParts<Saved>): Uint8Array {
  const { rotations, relin, galois } = keys;
  const head = { suite: suiteOf(core, 'evaluation'), keyId: fromHex(keyId) as Uint8Array, rotations };
  const parts = [relin, galois].filter((part) => part !== null);
  const lengths = parts.map((part) => part.length);
  const wireHead = encode(evaluationSchema(core), { ...head, relinearise: relin !== null });
  return frame(wireHead, lengths, (i) => parts[i] as Saved);
}

/** @returns the key; its id is the digest of what was read, not what the bytes claim */
export function readPublicKey(core: CkksCore, wire: Uint8Array): Result<CkksPublicKey, KeyRefusal> {
  const { degree } = core.parameters;
  const read = readKey(keySchema(core, 'public'), wire, ciphertextBytes(degree, primesOf(core)), 1);
  if (!read.ok) return read;
  const [saved] = read.value.parts;
  if (saved === undefined || !isPlainCiphertext(saved, degree, primesOf(core))) return refuse('not-a-key');
  const loaded = load(core, new core.seal.PublicKey(), saved);
  if (!loaded.ok) return loaded;
  const key = new CkksPublicKey(core, loaded.value);
  if (key.keyId === toHex(read.value.head.keyId)) return accept(key);
  key[Symbol.dispose]();
  return refuse('wrong-key', 'the key is not the one that the bytes name');
}

/** One's own, from one's own store: that it belongs to the id is taken from the bytes. Damage is seen by their digest. */
export function readSecretKey(core: CkksCore, wire: Uint8Array): Result<CkksSecretKey, KeyRefusal> {
  const { degree } = core.parameters;
  const read = readKey(keySchema(core, 'secret'), wire, ciphertextBytes(degree, primesOf(core)), 1);
  if (!read.ok) return read;
  const [saved] = read.value.parts;
  if (saved === undefined || !isPlainSecretKey(saved, degree, primesOf(core))) return refuse('not-a-key');
  const { keyId, digest } = read.value.head;
  if (!equalBytes(digestOf(keyId, saved), digest)) return refuse('not-a-key', 'it is damaged');
  const loaded = load(core, new core.seal.SecretKey(), saved);
  return loaded.ok ? accept(new CkksSecretKey(core, loaded.value, toHex(keyId))) : loaded;
}

/** @param keyId of the public key that vectors are encrypted for */
export function readEvaluationKeys(
  core: CkksCore,
  wire: Uint8Array,
  keyId: string,
): Result<CkksEvaluationKeys, KeyRefusal> {
  const read = readKey(evaluationSchema(core), wire, (MAX_ROTATIONS + 1) * maxSwitchKeyBytes(core), 2);
  if (!read.ok) return read;
  const { head, parts } = read.value;
  const { rotations, relinearise } = head;
  if (toHex(head.keyId) !== keyId) return refuse('wrong-key', `for the key ${toHex(head.keyId).slice(0, 8)}`);
  const distinct = new Set(rotations).size === rotations.length && !rotations.includes(0);
  if (!distinct) return refuse('malformed', 'rotations');
  if (parts.length !== Number(relinearise) + Number(rotations.length > 0)) return refuse('malformed', 'parts');
  const relin = relinearise ? (parts.shift() ?? null) : null;
  const galois = parts.shift() ?? null;
  const { degree } = core.parameters;
  if (relin !== null && !isPlainSwitchKeys(relin, degree, primesOf(core), 1)) return refuse('not-a-key', 'relinearise');
  if (galois !== null && !isPlainSwitchKeys(galois, degree, primesOf(core), rotations.length)) {
    return refuse('not-a-key', 'rotations');
  }
  return loadEvaluationKeys(core, keyId, { rotations, relin, galois });
}

function loadEvaluationKeys(core: CkksCore, keyId: string, { rotations, relin, galois }: EvaluationKeyParts) {
  const bytes = evaluationBytes(core, relin !== null, rotations.length);
  core.heap.reserve(1, bytes);
  const relinKeys = relin === null ? accept(undefined) : load<RelinKeys>(core, new core.seal.RelinKeys(), relin);
  const galoisKeys = galois === null ? accept(undefined) : load<GaloisKeys>(core, new core.seal.GaloisKeys(), galois);
  if (!relinKeys.ok || !galoisKeys.ok) {
    core.heap.release(1, bytes);
    if (relinKeys.ok) relinKeys.value?.delete();
    if (galoisKeys.ok) galoisKeys.value?.delete();
    return refuse<KeyRefusal>('not-a-key', relinKeys.ok ? 'rotations' : 'relinearise');
  }
  const keys = new CkksEvaluationKeys(core, keyId, rotations, relinKeys.value, galoisKeys.value);
  const { degree } = core.parameters;
  const complete =
    (relinKeys.value?.hasKey(2) ?? true) &&
    rotations.every((steps) => galoisKeys.value?.hasKey(galoisElement(steps, degree)) ?? false);
  if (complete) return accept(keys);
  keys[Symbol.dispose]();
  return refuse<KeyRefusal>('not-a-key', 'a rotation that is named is not there');
}

/** A rotation to the left by `steps` is the automorphism x → x^(3^steps) modulo 2N. */
export function galoisElement(steps: number, degree: number): number {
  const slots = degree / 2;
  let element = 1;
  for (let i = 0; i < (steps + slots) % slots; i++) element = (element * 3) % (2 * degree);
  return element;
}

/** @returns what the head says, and the parts behind it as views */
function readKey<T>(
  schema: Schema<T>,
  wire: Uint8Array,
  most: number,
  maxParts: number,
): Result<{ head: T; parts: Uint8Array[] }, KeyRefusal> {
  const maxBytes = most + HEAD_BYTES;
  if (wire.length > maxBytes) return refuse('too-large', `${wire.length} bytes, at most ${maxBytes}`);
  const framed = unframe(wire, maxParts);
  if (framed === undefined) return refuse('malformed', 'lengths that do not add up');
  const [head, ...parts] = framed;
  const decoded = decodeCanonical(schema, head, { maxBytes: HEAD_BYTES });
  return decoded.ok ? accept({ head: decoded.value, parts }) : refuse('malformed', decoded.detail ?? decoded.reason);
}

interface Loadable extends ClassHandle {
  loadFromArray(context: SEALContext, wire: Uint8Array): void;
}

function load<K extends Loadable>(core: CkksCore, key: K, wire: Uint8Array): Result<K, KeyRefusal> {
  const words = nativeRefusal(core.seal, () => key.loadFromArray(core.context.handle, wire));
  if (words === undefined) return accept(key);
  key.delete();
  return refuse('not-a-key', words);
}
