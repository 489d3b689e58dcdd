import {
  bytes,
  bytesUpTo,
  type DeviceId,
  deviceId,
  type Infer,
  list,
  oneOf,
  optional,
  struct,
  text,
  uint,
} from '@murmuration/core';
import {
  ED25519_PUBLIC_KEY_BYTES,
  ED25519_SIGNATURE_BYTES,
  HYBRID_SIGNATURE_BYTES,
  ML_DSA_65_PUBLIC_KEY_BYTES,
} from '@murmuration/crypto';

/** A whole certificate: about 5.7 KiB, and this much with every optional part at its limit. */
export const MAX_CERTIFICATE_BYTES = 12 * 1024;
export const MAX_CAPABILITIES = 32;
export const MAX_CAPABILITY_CHARS = 64;
export const MAX_ATTESTATION_BYTES = 1024;
export const DIGEST_BYTES = 32;

/** The root key's two signatures over the body. */
export const CERTIFICATE_DOMAIN = 'murmur/identity/certificate/1';
/** The certified key's signature over the body: nobody certifies a key that another holds. */
export const POSSESSION_DOMAIN = 'murmur/identity/possession/1';
/** The previous operational key's signature over the body: the continuity proof. */
export const CONTINUITY_DOMAIN = 'murmur/identity/continuity/1';

/** What a device's root key says about the key that the device works with now. */
export interface DeviceCertificate {
  readonly device: DeviceId;
  /** 32 bytes. */
  readonly rootEd25519: Uint8Array;
  /** 1952 bytes. */
  readonly rootMlDsa65: Uint8Array;
  /** 0 for the first certificate of a device, one more with each rotation. */
  readonly epoch: number;
  /** The operational public key, 32 bytes. */
  readonly key: Uint8Array;
  /** Valid from here on, in milliseconds since 1970. */
  readonly notBeforeMs: number;
  /** Not valid at this time and after. */
  readonly notAfterMs: number;
  /** Words of [a-z0-9.:-], ascending, each once. */
  readonly capabilities: readonly string[];
  /** Digest of an attestation result, at most 1024 bytes. */
  readonly attestation: Uint8Array | null;
  /** SHA3-256 of the certificate before this one; null at epoch 0. */
  readonly previous: Uint8Array | null;
}

/** A certificate that was read and whose signatures hold. */
export interface VerifiedCertificate extends DeviceCertificate {
  /** SHA3-256 of the received bytes. */
  readonly digest: Uint8Array;
}

export const certificateBody = struct({
  format: oneOf('murmur-certificate/1'),
  device: deviceId,
  rootEd25519: bytes(ED25519_PUBLIC_KEY_BYTES),
  rootMlDsa65: bytes(ML_DSA_65_PUBLIC_KEY_BYTES),
  epoch: uint,
  key: bytes(ED25519_PUBLIC_KEY_BYTES),
  notBeforeMs: uint,
  notAfterMs: uint,
  capabilities: list(text(MAX_CAPABILITY_CHARS), MAX_CAPABILITIES),
  attestation: optional(bytesUpTo(MAX_ATTESTATION_BYTES)),
  previous: optional(bytes(DIGEST_BYTES)),
});

/** The body travels as the bytes that were signed. */
export const signedCertificate = struct({
  body: bytesUpTo(MAX_CERTIFICATE_BYTES),
  root: bytes(HYBRID_SIGNATURE_BYTES),
  possession: bytes(ED25519_SIGNATURE_BYTES),
  continuity: optional(bytes(ED25519_SIGNATURE_BYTES)),
});

export type SignedCertificate = Infer<typeof signedCertificate>;

/** Why a certificate's content cannot be, whoever signed it; undefined where it can. */
export function contentFault(
  certificate: DeviceCertificate,
): 'bad-validity' | 'bad-capabilities' | 'bad-link' | undefined {
  if (certificate.notBeforeMs >= certificate.notAfterMs) return 'bad-validity';
  if (!certificate.capabilities.every(isCapability) || !isAscending(certificate.capabilities))
    return 'bad-capabilities';
  if ((certificate.epoch === 0) !== (certificate.previous === null)) return 'bad-link';
  return undefined;
}

function isCapability(word: string): boolean {
  return /^[a-z0-9][a-z0-9.:-]*$/.test(word);
}

function isAscending(words: readonly string[]): boolean {
  return words.every((word, i) => i === 0 || (words[i - 1] as string) < word);
}
