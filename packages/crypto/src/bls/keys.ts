import { concatBytes, MurmurError, utf8 } from '@murmuration/core';
import { platform } from '#platform';
import { checkBytes } from '../secrets/check-bytes.ts';
import { wipe } from '../secrets/secrets.ts';

export const BLS_PUBLIC_KEY_BYTES = 48;
export const BLS_SECRET_KEY_BYTES = 32;
export const BLS_SIGNATURE_BYTES = 96;

/** r: how many points the groups have. */
const ORDER = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n;
const MIN_SEED_BYTES = 32;
/** ceil(3 ceil(log2 r) / 16): so many bytes modulo r are as good as uniform. */
const OKM_BYTES = 48;

export interface BlsKeyPair {
  /** A point of G1, compressed, 48 bytes. */
  readonly publicKey: Uint8Array;
  /** A scalar in [1, r), big-endian, 32 bytes. Never logged; wiped by its owner. */
  readonly secretKey: Uint8Array;
}

/**
 * The key that KeyGen of draft-irtf-cfrg-bls-signature-05 §2.3 makes of a seed (as EIP-2333's hkdf_mod_r).
 * @param seed 32 bytes or more from `Entropy`; may be wiped after
 * @throws CRYPTO_WRONG_LENGTH
 */
export function blsKeyPair(seed: Uint8Array): BlsKeyPair {
  if (seed.length < MIN_SEED_BYTES) checkBytes('a BLS seed', seed, MIN_SEED_BYTES);
  const secretKey = secretKeyOf(seed);
  return { publicKey: platform.blsPublicKey(secretKey), secretKey };
}

function secretKeyOf(seed: Uint8Array): Uint8Array {
  const ikm = concatBytes(seed, Uint8Array.of(0));
  let salt: Uint8Array = utf8('BLS-SIG-KEYGEN-SALT-');
  for (;;) {
    salt = platform.sha256([salt]);
    const okm = platform.hkdfSha256(ikm, salt, Uint8Array.of(0, OKM_BYTES), OKM_BYTES);
    const scalar = toNumber(okm) % ORDER;
    wipe(okm);
    if (scalar === 0n) continue; // chance 2^-255
    wipe(ikm);
    return toBytes(scalar);
  }
}

/** Holds a caller to a usable secret key without ever naming its bytes. @throws CRYPTO_WRONG_LENGTH, CRYPTO_BAD_SCALAR */
export function checkSecretKey(secretKey: Uint8Array): void {
  checkBytes('a BLS secret key', secretKey, BLS_SECRET_KEY_BYTES);
  const scalar = toNumber(secretKey);
  if (scalar > 0n && scalar < ORDER) return;
  throw new MurmurError({
    code: 'CRYPTO_BAD_SCALAR',
    message: 'a BLS secret key is zero or not below the order of the group',
    remedy: 'make keys with blsKeyPair, and give its secretKey as it is',
  });
}

/** Whether these are 48 bytes of a key that somebody can hold: a point of the prime-order group, not the identity. */
export function isBlsPublicKey(publicKey: Uint8Array): boolean {
  return publicKey.length === BLS_PUBLIC_KEY_BYTES && platform.blsIsPublicKey(publicKey);
}

function toNumber(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return value;
}

function toBytes(scalar: bigint): Uint8Array {
  const bytes = new Uint8Array(BLS_SECRET_KEY_BYTES);
  for (let i = bytes.length - 1, rest = scalar; i >= 0; i--, rest >>= 8n) bytes[i] = Number(rest & 255n);
  return bytes;
}
