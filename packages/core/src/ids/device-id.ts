import { fromBase32, toBase32 } from '../bytes/base32.ts';
import { MurmurError } from '../errors/murmur-error.ts';
import type { Brand } from './brand.ts';

/**
 * The name of a device for life: multibase base32 (`b…`) of the multihash of its root public keys.
 * 56 characters; it changes only when the root key does.
 */
export type DeviceId = Brand<string, 'DeviceId'>;

/** Multihash prefix: code 0x16 (sha3-256), length 32. */
const MULTIHASH_SHA3_256 = [0x16, 0x20] as const;
const DIGEST_BYTES = 32;
/** Characters of the text form that every id shares: the multibase letter and the multihash prefix. */
const SHARED_PREFIX_CHARS = 4;
const SHORT_CHARS = 8;

/** @param digest SHA3-256 of the root public keys, 32 bytes. @throws ID_INVALID */
export function deviceIdFromDigest(digest: Uint8Array): DeviceId {
  if (digest.length !== DIGEST_BYTES) {
    throw new MurmurError({
      code: 'ID_INVALID',
      message: `a device digest has ${DIGEST_BYTES} bytes, not ${digest.length}`,
      remedy: 'give the SHA3-256 digest of the root public keys',
      facts: { length: digest.length },
    });
  }
  return `b${toBase32(Uint8Array.from([...MULTIHASH_SHA3_256, ...digest]))}` as DeviceId;
}

/** @returns the id, or undefined where `text` is not the canonical text of one */
export function parseDeviceId(text: unknown): DeviceId | undefined {
  if (typeof text !== 'string' || text[0] !== 'b') return undefined;
  const bytes = fromBase32(text.slice(1));
  if (bytes === undefined || bytes.length !== MULTIHASH_SHA3_256.length + DIGEST_BYTES) return undefined;
  if (bytes[0] !== MULTIHASH_SHA3_256[0] || bytes[1] !== MULTIHASH_SHA3_256[1]) return undefined;
  return text as DeviceId;
}

/** Eight characters that tell devices of one swarm apart on a screen; never use them as a key. */
export function shortDeviceId(id: DeviceId): string {
  return id.slice(SHARED_PREFIX_CHARS, SHARED_PREFIX_CHARS + SHORT_CHARS);
}
