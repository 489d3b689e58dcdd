import { concatBytes, MurmurError, utf8 } from '@murmuration/core';

const MAX_DOMAIN_BYTES = 255;

/**
 * The bytes that every signature covers: length of the domain (u8) ‖ domain (UTF-8) ‖ message. A signature
 * made for one purpose is worthless for another.
 * @throws CRYPTO_BAD_DOMAIN for an empty domain or one above 255 bytes
 */
export function signedBytes(domain: string, message: Uint8Array): Uint8Array {
  const domainBytes = utf8(domain);
  if (domainBytes.length === 0 || domainBytes.length > MAX_DOMAIN_BYTES) {
    throw new MurmurError({
      code: 'CRYPTO_BAD_DOMAIN',
      message: `a signature's domain has ${domainBytes.length} bytes, not 1 to ${MAX_DOMAIN_BYTES}`,
      remedy: 'name the purpose of the signature, for example "murmur/consensus/vote/1"',
      facts: { length: domainBytes.length },
    });
  }
  return concatBytes(Uint8Array.of(domainBytes.length), domainBytes, message);
}
