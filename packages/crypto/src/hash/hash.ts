import { platform } from '#platform';

/** SHA3-256 (FIPS 202) of the parts, one after another. @returns 32 bytes. For content. */
export function sha3_256(...parts: readonly Uint8Array[]): Uint8Array {
  return platform.sha3_256(parts);
}

/** SHA-256 (FIPS 180-4) of the parts, one after another. @returns 32 bytes. For RFC 9162 logs and HKDF. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  return platform.sha256(parts);
}
