import { accept, checkInteger, concatBytes, type Result, refuse, utf8 } from '@murmuration/core';
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';
import { platform } from '#platform';
import { sha3_256 } from '../hash/hash.ts';
import { hkdfSha256 } from '../kdf/hkdf.ts';
import { checkBytes } from '../secrets/check-bytes.ts';
import { wipe } from '../secrets/secrets.ts';

/** Names the construction; part of what the secret is derived from. */
export const KEM_SUITE = 'x25519+ml-kem-768/1';
export const KEM_PUBLIC_KEY_BYTES = 32 + 1184;
export const KEM_SECRET_KEY_BYTES = 32 + 64;
export const KEM_CIPHERTEXT_BYTES = 32 + 1088;
export const KEM_SHARED_BYTES = 32;

const X25519_BYTES = 32;
const COINS_BYTES = 32;
const MAX_CONTEXT_BYTES = 2 ** 16;

export interface KemKeyPair {
  /** X25519 ‖ ML-KEM-768, 1216 bytes. */
  readonly publicKey: Uint8Array;
  /** X25519 scalar ‖ ML-KEM seed (d ‖ z), 96 bytes. Never logged; wiped by its owner. */
  readonly secretKey: Uint8Array;
}

/** Fresh bytes from `Entropy` for one encapsulation. */
export interface KemCoins {
  /** 32 bytes: the ephemeral X25519 key. */
  readonly x25519: Uint8Array;
  /**
   * 32 bytes: m of FIPS 203. Given, the result replays and costs 0.6 ms (noble); left out, the platform draws its
   * own, which node:crypto does in 0.03 ms.
   */
  readonly mlKem768?: Uint8Array;
}

export interface Encapsulated {
  /** For the holder of the key, 1120 bytes: ephemeral X25519 key ‖ ML-KEM-768 ciphertext. */
  readonly ciphertext: Uint8Array;
  /** 32 bytes. */
  readonly shared: Uint8Array;
}

export type EncapsulateRefusal = 'malformed-key' | 'small-order-point';
export type DecapsulateRefusal = 'malformed-ciphertext' | 'small-order-point';

/** @param seed 96 bytes from `Entropy`; copied. @throws CRYPTO_WRONG_LENGTH */
export function kemKeyPair(seed: Uint8Array): KemKeyPair {
  checkBytes('a key encapsulation seed', seed, KEM_SECRET_KEY_BYTES);
  const [scalar, mlSeed] = split(seed, X25519_BYTES);
  return {
    publicKey: concatBytes(platform.x25519PublicKey(scalar), platform.mlKem768PublicKey(mlSeed)),
    secretKey: Uint8Array.from(seed),
  };
}

/**
 * Makes a secret that only the holder of `publicKey` can know, as long as either X25519 or ML-KEM-768 stands. It says
 * nothing about who made it: authenticate the ciphertext (sign it, or use the secret in a signed exchange).
 *
 * @param context what the secret is for and between whom, at most 64 KiB; both sides give the same
 * @throws CRYPTO_WRONG_LENGTH for the coins, OPTION_OUT_OF_RANGE for the context
 * @see FIPS 203; RFC 7748; draft-ietf-tls-ecdhe-mlkem for the pair of primitives
 */
export function kemEncapsulate(
  publicKey: Uint8Array,
  context: Uint8Array,
  coins: KemCoins,
): Result<Encapsulated, EncapsulateRefusal> {
  checkBytes('an ephemeral X25519 key', coins.x25519, X25519_BYTES);
  if (publicKey.length !== KEM_PUBLIC_KEY_BYTES) return refuse('malformed-key', `${publicKey.length} bytes`);
  const [x25519Key, mlKemKey] = split(publicKey, X25519_BYTES);
  const quantum = encapsulateMlKem(mlKemKey, coins.mlKem768);
  if (quantum === undefined) return refuse('malformed-key', 'its ML-KEM-768 half is not reduced');
  const classical = platform.x25519Shared(coins.x25519, x25519Key);
  if (classical === undefined) return refuse('small-order-point');
  const ciphertext = concatBytes(platform.x25519PublicKey(coins.x25519), quantum.ciphertext);
  return accept({ ciphertext, shared: derive(quantum.shared, classical, publicKey, ciphertext, context) });
}

/**
 * The secret of a ciphertext. One that was damaged, or was made for another key or context, gives a secret that nobody
 * shares: what is sealed with it does not open.
 * @throws CRYPTO_WRONG_LENGTH for the own key pair, OPTION_OUT_OF_RANGE for the context
 */
export function kemDecapsulate(
  keys: KemKeyPair,
  ciphertext: Uint8Array,
  context: Uint8Array,
): Result<Uint8Array, DecapsulateRefusal> {
  checkBytes('a key encapsulation secret', keys.secretKey, KEM_SECRET_KEY_BYTES);
  checkBytes('a key encapsulation public key', keys.publicKey, KEM_PUBLIC_KEY_BYTES);
  if (ciphertext.length !== KEM_CIPHERTEXT_BYTES) return refuse('malformed-ciphertext', `${ciphertext.length} bytes`);
  const [scalar, mlSeed] = split(keys.secretKey, X25519_BYTES);
  const [ephemeral, mlCiphertext] = split(ciphertext, X25519_BYTES);
  const classical = platform.x25519Shared(scalar, ephemeral);
  if (classical === undefined) return refuse('small-order-point');
  const quantum = platform.mlKem768Decapsulate(mlSeed, mlCiphertext);
  return accept(derive(quantum, classical, keys.publicKey, ciphertext, context));
}

function encapsulateMlKem(publicKey: Uint8Array, coins: Uint8Array | undefined) {
  if (coins === undefined) return platform.mlKem768Encapsulate(publicKey);
  checkBytes('ML-KEM-768 coins', coins, COINS_BYTES);
  try {
    const { cipherText, sharedSecret } = ml_kem768.encapsulate(publicKey, coins);
    return { ciphertext: cipherText, shared: sharedSecret };
  } catch {
    return undefined; // the peer's key is not reduced modulo q
  }
}

/**
 * HKDF over both secrets. Everything public (suite, both keys, both ciphertexts, context) is bound by its hash, so
 * that the secret of a session fits no other, whatever one of the schemes allows.
 */
function derive(
  quantum: Uint8Array,
  classical: Uint8Array,
  publicKey: Uint8Array,
  ciphertext: Uint8Array,
  context: Uint8Array,
): Uint8Array {
  checkInteger('length of a key encapsulation context', context.length, 0, MAX_CONTEXT_BYTES);
  const suite = utf8(KEM_SUITE);
  // Suite, key and ciphertext have fixed lengths and the context comes last: no two transcripts share their bytes.
  const transcript = sha3_256(suite, publicKey, ciphertext, context);
  const secret = concatBytes(quantum, classical);
  const shared = hkdfSha256(secret, suite, transcript, KEM_SHARED_BYTES);
  wipe(secret, quantum, classical);
  return shared;
}

function split(bytes: Uint8Array, at: number): [Uint8Array, Uint8Array] {
  return [bytes.subarray(0, at), bytes.subarray(at)];
}
