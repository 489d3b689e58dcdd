import {
  argon2Sync,
  createCipheriv,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  decapsulate,
  diffieHellman,
  hash as digestOf,
  encapsulate,
  hkdfSync,
  type KeyObject,
  sign,
  timingSafeEqual,
  verify,
} from 'node:crypto';
import { lruCache } from './lru-cache.ts';
import { bls } from './node-bls.ts';
import type { Platform } from './platform.ts';

/** Imported public keys kept: an Ed25519 import costs 3 µs beside a verification of 110 µs, ML-DSA's 13 beside 154. */
const MAX_CACHED_KEYS = 256;
const TAG_BYTES = 16;
/** What a keystream encrypts, up to the length that one call usually asks for. Never written to. */
const ZEROS = new Uint8Array(2 ** 17);

type Algorithm = 'ed25519' | 'ml-dsa-65' | 'x25519' | 'ml-kem-768';

/** Only public keys are remembered: a secret stays no longer than its caller keeps it. */
const publicKeys = lruCache<KeyObject>(MAX_CACHED_KEYS);

/** @throws by node:crypto, where the bytes are not a key */
function importPublic(algorithm: Algorithm, raw: Uint8Array): KeyObject {
  const name = algorithm + Buffer.from(raw.buffer, raw.byteOffset, raw.length).toString('latin1');
  return publicKeys(name, () =>
    createPublicKey({ key: Buffer.from(raw), format: 'raw-public', asymmetricKeyType: algorithm }),
  );
}

function importPrivate(algorithm: Algorithm, seed: Uint8Array): KeyObject {
  const format = algorithm.startsWith('ml-') ? 'raw-seed' : 'raw-private';
  return createPrivateKey({ key: Buffer.from(seed), format, asymmetricKeyType: algorithm });
}

function publicKeyOf(algorithm: Algorithm, seed: Uint8Array): Uint8Array {
  return plain(createPublicKey(importPrivate(algorithm, seed)).export({ format: 'raw-public' }));
}

function verifies(algorithm: Algorithm, message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
  try {
    return verify(null, message, importPublic(algorithm, publicKey), signature);
  } catch {
    return false; // the peer's key is not a key
  }
}

/** Keys of one agreement are used once: not worth a place in the cache. */
function importOnce(algorithm: Algorithm, raw: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.from(raw), format: 'raw-public', asymmetricKeyType: algorithm });
}

/** One shot where there is one part: a third cheaper for the short messages of a protocol. */
function digest(algorithm: string, parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return plain(digestOf(algorithm, only, 'buffer'));
  const hash = createHash(algorithm);
  for (const part of parts) hash.update(part);
  return plain(hash.digest());
}

/** Out of Node's shared buffer pool, so that wiping or transferring one result touches no other. */
function plain(buffer: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer);
}

export const platform: Platform = {
  ...bls,
  sha256: (parts) => digest('sha256', parts),
  sha3_256: (parts) => digest('sha3-256', parts),
  hkdfSha256: (secret, salt, info, length) => new Uint8Array(hkdfSync('sha256', secret, salt, info, length)),
  argon2id: ({ passphrase, salt, memoryKiB, passes, lanes, length, secret, associated }) =>
    plain(
      argon2Sync('argon2id', {
        message: passphrase,
        nonce: salt,
        memory: memoryKiB,
        passes,
        parallelism: lanes,
        tagLength: length,
        ...(secret === undefined ? {} : { secret }),
        ...(associated === undefined ? {} : { associatedData: associated }),
      }),
    ),
  ed25519PublicKey: (seed) => publicKeyOf('ed25519', seed),
  ed25519Signer: (seed) => {
    const key = importPrivate('ed25519', seed);
    return (message) => plain(sign(null, message, key));
  },
  ed25519Verify: (message, signature, publicKey) => verifies('ed25519', message, signature, publicKey),
  mlDsa65PublicKey: (seed) => publicKeyOf('ml-dsa-65', seed),
  mlDsa65Verify: (message, signature, publicKey) => verifies('ml-dsa-65', message, signature, publicKey),
  x25519PublicKey: (secretKey) => publicKeyOf('x25519', secretKey),
  x25519Shared: (secretKey, publicKey) => {
    const privateKey = importPrivate('x25519', secretKey);
    try {
      return plain(diffieHellman({ privateKey, publicKey: importOnce('x25519', publicKey) }));
    } catch {
      return undefined; // the peer's point is of small order
    }
  },
  mlKem768PublicKey: (seed) => publicKeyOf('ml-kem-768', seed),
  mlKem768Encapsulate: (publicKey) => {
    try {
      const { ciphertext, sharedKey } = encapsulate(importOnce('ml-kem-768', publicKey));
      return { ciphertext: plain(ciphertext), shared: plain(sharedKey) };
    } catch {
      return undefined; // the peer's key is not reduced modulo q
    }
  },
  mlKem768Decapsulate: (seed, ciphertext) => plain(decapsulate(importPrivate('ml-kem-768', seed), ciphertext)),
  x25519Agreement: (secretKey) => {
    const privateKey = importPrivate('x25519', secretKey);
    return (publicKey) => {
      try {
        return plain(diffieHellman({ privateKey, publicKey: importOnce('x25519', publicKey) }));
      } catch {
        return undefined; // the peer's point is of small order
      }
    };
  },
  mlKem768Decapsulator: (seed) => {
    const key = importPrivate('ml-kem-768', seed);
    return (ciphertext) => plain(decapsulate(key, ciphertext));
  },
  aes256CtrStream: (key, counter) => {
    const cipher = createCipheriv('aes-256-ctr', key, counter);
    return (length) => {
      const stream = cipher.update(length <= ZEROS.length ? ZEROS.subarray(0, length) : new Uint8Array(length));
      // A view where the memory is its own: a copy would cost a third of the encryption.
      return stream.buffer.byteLength === length ? new Uint8Array(stream.buffer) : plain(stream);
    };
  },
  chaCha20Poly1305Seal: (key, nonce, plaintext, associated) => {
    const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(associated, { plaintextLength: plaintext.length });
    const body = cipher.update(plaintext);
    cipher.final();
    return plain(Buffer.concat([body, cipher.getAuthTag()]));
  },
  chaCha20Poly1305Open: (key, nonce, sealed, associated) => {
    const bodyBytes = sealed.length - TAG_BYTES;
    const decipher = createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(associated, { plaintextLength: bodyBytes });
    decipher.setAuthTag(sealed.subarray(bodyBytes));
    const body = decipher.update(sealed.subarray(0, bodyBytes));
    try {
      decipher.final();
    } catch {
      body.fill(0);
      return undefined;
    }
    return plain(body);
  },
  constantTimeEqual: (a, b) => timingSafeEqual(a, b),
};
