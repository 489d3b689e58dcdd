import { ctr } from '@noble/ciphers/aes.js';
import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { argon2id } from '@noble/hashes/argon2.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { sha3_256 } from '@noble/hashes/sha3.js';
import { ml_dsa65 } from '@noble/post-quantum/ml-dsa.js';
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';
import type { Platform } from './platform.ts';
import { bls } from './web-bls.ts';

const { Point } = ed25519;

/**
 * noble's own `verify` is cofactored and would accept signatures that OpenSSL refuses. This is OpenSSL's
 * equation, so that a browser never vouches for what a replica refuses. Public data only: not constant time.
 */
function ed25519Verify(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
  try {
    const nonceBytes = signature.subarray(0, 32);
    const s = littleEndian(signature.subarray(32));
    if (s >= Point.Fn.ORDER) return false;
    const k =
      littleEndian(sha512.create().update(nonceBytes).update(publicKey).update(message).digest()) % Point.Fn.ORDER;
    const negated = Point.fromBytes(publicKey).negate();
    const expected = Point.BASE.multiplyUnsafe(s).add(negated.multiplyUnsafe(k)).toBytes();
    return constantTimeEqual(expected, nonceBytes);
  } catch {
    return false; // the peer's key is not a point
  }
}

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] as number);
  return value;
}

function mlDsa65Verify(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
  try {
    return ml_dsa65.verify(signature, message, publicKey);
  } catch {
    return false; // the peer's key is not a key
  }
}

function x25519Shared(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined {
  try {
    return x25519.getSharedSecret(secretKey, publicKey);
  } catch {
    return undefined; // the peer's point is of small order
  }
}

function digest(hash: typeof sha256 | typeof sha3_256, parts: readonly Uint8Array[]): Uint8Array {
  const state = hash.create();
  for (const part of parts) state.update(part);
  return state.digest();
}

function constantTimeEqual(a: Uint8Array, b: Uint8Array): boolean {
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number);
  return difference === 0;
}

export const platform: Platform = {
  ...bls,
  sha256: (parts) => digest(sha256, parts),
  sha3_256: (parts) => digest(sha3_256, parts),
  hkdfSha256: (secret, salt, info, length) => hkdf(sha256, secret, salt, info, length),
  argon2id: ({ passphrase, salt, memoryKiB, passes, lanes, length, secret, associated }) =>
    argon2id(passphrase, salt, {
      ...{ t: passes, m: memoryKiB, p: lanes, dkLen: length },
      ...(secret === undefined ? {} : { key: secret }),
      ...(associated === undefined ? {} : { personalization: associated }),
    }),
  ed25519PublicKey: (seed) => ed25519.getPublicKey(seed),
  ed25519Signer: (seed) => {
    const own = Uint8Array.from(seed);
    return (message) => ed25519.sign(message, own);
  },
  ed25519Verify,
  mlDsa65PublicKey: (seed) => ml_dsa65.keygen(seed).publicKey,
  mlDsa65Verify,
  x25519PublicKey: (secretKey) => x25519.getPublicKey(secretKey),
  x25519Shared,
  x25519Agreement: (secretKey) => {
    const own = Uint8Array.from(secretKey);
    return (publicKey) => x25519Shared(own, publicKey);
  },
  mlKem768PublicKey: (seed) => ml_kem768.keygen(seed).publicKey,
  mlKem768Encapsulate: (publicKey) => {
    try {
      const { cipherText, sharedSecret } = ml_kem768.encapsulate(publicKey);
      return { ciphertext: cipherText, shared: sharedSecret };
    } catch {
      return undefined; // the peer's key is not reduced modulo q
    }
  },
  mlKem768Decapsulate: (seed, ciphertext) => {
    const { secretKey } = ml_kem768.keygen(seed);
    try {
      return ml_kem768.decapsulate(ciphertext, secretKey);
    } finally {
      secretKey.fill(0);
    }
  },
  mlKem768Decapsulator: (seed) => {
    const { secretKey } = ml_kem768.keygen(seed);
    return (ciphertext) => ml_kem768.decapsulate(ciphertext, secretKey);
  },
  aes256CtrStream: (key, counter) => {
    const next = counter.slice();
    return (length) => {
      const stream = ctr(key, next).encrypt(new Uint8Array(length));
      countUp(next, Math.ceil(length / next.length));
      return stream;
    };
  },
  chaCha20Poly1305Seal: (key, nonce, plaintext, associated) =>
    chacha20poly1305(key, nonce, associated).encrypt(plaintext),
  chaCha20Poly1305Open: (key, nonce, sealed, associated) => {
    try {
      return chacha20poly1305(key, nonce, associated).decrypt(sealed);
    } catch {
      return undefined; // the tag is wrong
    }
  },
  constantTimeEqual,
};

/** Adds `blocks` to a big-endian counter, in place. */
function countUp(counter: Uint8Array, blocks: number): void {
  let carry = blocks;
  for (let i = counter.length - 1; i >= 0 && carry > 0; i--) {
    carry += counter[i] as number;
    counter[i] = carry % 256;
    carry = Math.floor(carry / 256);
  }
}
