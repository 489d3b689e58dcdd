import {
  bytes,
  concatBytes,
  type DeviceId,
  decodeCanonical,
  deviceIdFromDigest,
  type Entropy,
  encode,
  MurmurError,
  oneOf,
  struct,
  utf8,
} from '@murmuration/core';
import {
  constantTimeEqual,
  type HybridPublicKey,
  type HybridSecretKey,
  hybridKeyPair,
  sha3_256,
  wipe,
} from '@murmuration/crypto';

/** The key that names a device for life. It signs certificates and nothing else. */
export interface RootKey {
  readonly device: DeviceId;
  readonly publicKey: HybridPublicKey;
  /** Never logged, never sent; wiped by its owner. */
  readonly secretKey: HybridSecretKey;
}

const SEED_BYTES = 32;
const CHECKSUM_BYTES = 8;
const CHECKSUM_DOMAIN = utf8('murmur/identity/root-key-file/1');

const rootKeyFile = struct({
  format: oneOf('murmur-root-key/1'),
  ed25519: bytes(SEED_BYTES),
  mlDsa65: bytes(SEED_BYTES),
  checksum: bytes(CHECKSUM_BYTES),
});

/** Draws two independent seeds of 32 bytes. */
export function createRootKey(entropy: Entropy): RootKey {
  return rootKeyFromSeeds({ ed25519: entropy.bytes(SEED_BYTES), mlDsa65: entropy.bytes(SEED_BYTES) });
}

/** @returns SHA3-256 of the Ed25519 and then the ML-DSA-65 public key, as a multihash */
export function deviceIdOf(root: HybridPublicKey): DeviceId {
  return deviceIdFromDigest(sha3_256(root.ed25519, root.mlDsa65));
}

/** @returns what the key file holds: secret, with a checksum that tells damage from another key */
export function rootKeyToBytes(root: RootKey): Uint8Array {
  const { ed25519, mlDsa65 } = root.secretKey;
  return encode(rootKeyFile, { format: 'murmur-root-key/1', ed25519, mlDsa65, checksum: checksumOf(root.secretKey) });
}

/** @throws IDENTITY_ROOT_KEY_DAMAGED, which never names the bytes */
export function rootKeyFromBytes(file: Uint8Array): RootKey {
  const read = decodeCanonical(rootKeyFile, file);
  if (!read.ok || !constantTimeEqual(checksumOf(read.value), read.value.checksum)) {
    throw new MurmurError({
      code: 'IDENTITY_ROOT_KEY_DAMAGED',
      message: `the root key file (${file.length} bytes) does not hold a root key`,
      remedy: 'restore the file from your backup; a new root key would make this a new device',
      facts: { length: file.length, reason: read.ok ? 'wrong-checksum' : read.reason },
    });
  }
  return rootKeyFromSeeds(read.value);
}

/** Overwrites the secret seeds. The key signs nothing valid afterwards. */
export function wipeRootKey(root: RootKey): void {
  wipe(root.secretKey.ed25519, root.secretKey.mlDsa65);
}

function rootKeyFromSeeds(seeds: HybridSecretKey): RootKey {
  const { publicKey, secretKey } = hybridKeyPair(seeds);
  return { device: deviceIdOf(publicKey), publicKey, secretKey };
}

function checksumOf(seeds: HybridSecretKey): Uint8Array {
  const hashed = concatBytes(CHECKSUM_DOMAIN, seeds.ed25519, seeds.mlDsa65);
  try {
    return sha3_256(hashed).slice(0, CHECKSUM_BYTES);
  } finally {
    wipe(hashed);
  }
}
