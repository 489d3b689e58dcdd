import { MurmurError } from '@murmuration/core';

/** Holds a caller to a length without ever naming the bytes. @throws CRYPTO_WRONG_LENGTH */
export function checkBytes(what: string, bytes: Uint8Array, length: number): void {
  if (bytes.length === length) return;
  throw new MurmurError({
    code: 'CRYPTO_WRONG_LENGTH',
    message: `${what} has ${bytes.length} bytes, not ${length}`,
    remedy: `give ${what} as ${length} bytes`,
    facts: { what, length: bytes.length, wanted: length },
  });
}
