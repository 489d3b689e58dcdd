import {
  accept,
  bytes,
  bytesUpTo,
  checkInteger,
  concatBytes,
  decodeCanonical,
  type Entropy,
  encode,
  type Result,
  refuse,
  struct,
  utf8,
} from '@murmuration/core';
import { AEAD_KEY_BYTES, AEAD_TAG_BYTES, aeadOpen, aeadSeal } from '../aead/chacha20-poly1305.ts';
import { KEM_CIPHERTEXT_BYTES, type KemKeyPair, kemDecapsulate, kemEncapsulate } from '../hybrid/kem.ts';
import { hkdfSha256 } from '../kdf/hkdf.ts';
import { checkBytes } from '../secrets/check-bytes.ts';
import { wipe } from '../secrets/secrets.ts';

/** A wrapped key is a key, not a file. */
export const MAX_WRAPPED_BYTES = 4096;

const SALT_BYTES = 32;
/** For keys that seal one message. */
const ONLY_NONCE = new Uint8Array(12);
const WRAP = utf8('murmur/keys/wrap/1');
const WRAP_FOR = utf8('murmur/keys/wrap-for/1');

const wrappedSchema = struct({ salt: bytes(SALT_BYTES), sealed: bytesUpTo(MAX_WRAPPED_BYTES + AEAD_TAG_BYTES) });
const wrappedForSchema = struct({
  ciphertext: bytes(KEM_CIPHERTEXT_BYTES),
  sealed: bytesUpTo(MAX_WRAPPED_BYTES + AEAD_TAG_BYTES),
});

export type UnwrapRefusal = 'malformed-wrap' | 'does-not-open';

/**
 * Seals a key under another. Each wrap has a subkey of its own, from a fresh salt: no nonce can repeat.
 *
 * @param wrappingKey 32 bytes
 * @param key 1 to 4096 bytes
 * @param context what the key is for, and whose: a wrap opens under the same context only
 * @throws CRYPTO_WRONG_LENGTH, OPTION_OUT_OF_RANGE
 */
export function wrapKey(wrappingKey: Uint8Array, key: Uint8Array, context: Uint8Array, entropy: Entropy): Uint8Array {
  checkBytes('a wrapping key', wrappingKey, AEAD_KEY_BYTES);
  checkInteger('length of a key to wrap', key.length, 1, MAX_WRAPPED_BYTES);
  const salt = entropy.bytes(SALT_BYTES);
  const subkey = hkdfSha256(wrappingKey, salt, WRAP, AEAD_KEY_BYTES);
  const sealed = aeadSeal(subkey, ONLY_NONCE, key, context);
  wipe(subkey);
  return encode(wrappedSchema, { salt, sealed });
}

/** @throws CRYPTO_WRONG_LENGTH for the caller's wrapping key; never for `wrapped` */
export function unwrapKey(
  wrappingKey: Uint8Array,
  wrapped: Uint8Array,
  context: Uint8Array,
): Result<Uint8Array, UnwrapRefusal> {
  checkBytes('a wrapping key', wrappingKey, AEAD_KEY_BYTES);
  const decoded = decodeCanonical(wrappedSchema, wrapped, { maxBytes: 2 * MAX_WRAPPED_BYTES });
  if (!decoded.ok) return refuse('malformed-wrap', decoded.detail);
  const subkey = hkdfSha256(wrappingKey, decoded.value.salt, WRAP, AEAD_KEY_BYTES);
  const key = aeadOpen(subkey, ONLY_NONCE, decoded.value.sealed, context);
  wipe(subkey);
  return key === undefined ? refuse('does-not-open') : accept(key);
}

/**
 * Seals a key for the holder of a hybrid key: secret as long as either X25519 or ML-KEM-768 stands. It says nothing
 * about who sealed it.
 * @throws OPTION_OUT_OF_RANGE
 */
export function wrapKeyFor(
  publicKey: Uint8Array,
  key: Uint8Array,
  context: Uint8Array,
  entropy: Entropy,
): Result<Uint8Array, 'malformed-key' | 'small-order-point'> {
  checkInteger('length of a key to wrap', key.length, 1, MAX_WRAPPED_BYTES);
  const bound = concatBytes(WRAP_FOR, context);
  const made = kemEncapsulate(publicKey, bound, { x25519: entropy.bytes(32), mlKem768: entropy.bytes(32) });
  if (!made.ok) return made;
  const { ciphertext, shared } = made.value;
  const sealed = aeadSeal(shared, ONLY_NONCE, key, bound);
  wipe(shared);
  return accept(encode(wrappedForSchema, { ciphertext, sealed }));
}

/** @throws CRYPTO_WRONG_LENGTH for the caller's key pair; never for `wrapped` */
export function unwrapKeyFor(
  keys: KemKeyPair,
  wrapped: Uint8Array,
  context: Uint8Array,
): Result<Uint8Array, UnwrapRefusal> {
  const decoded = decodeCanonical(wrappedForSchema, wrapped, { maxBytes: 2 * MAX_WRAPPED_BYTES });
  if (!decoded.ok) return refuse('malformed-wrap', decoded.detail);
  const bound = concatBytes(WRAP_FOR, context);
  const shared = kemDecapsulate(keys, decoded.value.ciphertext, bound);
  if (!shared.ok) return refuse('does-not-open', shared.reason);
  const key = aeadOpen(shared.value, ONLY_NONCE, decoded.value.sealed, bound);
  wipe(shared.value);
  return key === undefined ? refuse('does-not-open') : accept(key);
}
