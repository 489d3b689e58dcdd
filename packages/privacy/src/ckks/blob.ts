/**
 * SEAL's bytes are structs in structs, each behind a header of 16 bytes: 5e a1 10, version 4.x, compression, two
 * reserved bytes, size. SEAL decompresses whatever a header asks it to, so a few bytes of a peer could fill the heap:
 * each header is checked here first, and each size is the one that parameters give.
 */
const HEADER = 16;
const PARMS_ID = 32;
/** Parameters, form, counts, scale and correction factor of a ciphertext. */
const CIPHER_HEAD = HEADER + PARMS_ID + 1 + 5 * 8;
const SECRET_HEAD = HEADER + PARMS_ID + 2 * 8;
/** A header and the number of words. */
const ARRAY_HEAD = HEADER + 8;
/** A header, the generator's type and 64 bytes. */
const SEED = HEADER + 1 + 64;

/** @returns the size that an uncompressed struct at `at` states, within the bytes; undefined for anything else */
function plainSize(wire: Uint8Array, at: number): number | undefined {
  if (at + HEADER > wire.length) return undefined;
  const plain = wire[at] === 0x5e && wire[at + 1] === 0xa1 && wire[at + 2] === HEADER && wire[at + 3] === 4;
  if (!plain || wire[at + 5] !== 0 || wire[at + 6] !== 0 || wire[at + 7] !== 0) return undefined;
  const view = new DataView(wire.buffer, wire.byteOffset, wire.byteLength);
  const size = Number(view.getBigUint64(at + 8, true));
  return size >= HEADER && at + size <= wire.length ? size : undefined;
}

/** Two polynomials of `primes` words a coefficient, the second perhaps as a seed. @returns its size */
function cipherSize(wire: Uint8Array, at: number, degree: number, primes: number): number | undefined {
  const size = plainSize(wire, at);
  const array = plainSize(wire, at + CIPHER_HEAD);
  const part = 8 * degree * primes;
  if (size === undefined || array === undefined) return undefined;
  if (size === ciphertextBytes(degree, primes) && array === ARRAY_HEAD + 2 * part) return size;
  const seed = at + CIPHER_HEAD + ARRAY_HEAD + part;
  const seeded = size === seededCiphertextBytes(degree, primes) && array === ARRAY_HEAD + part;
  return seeded && plainSize(wire, seed) === SEED ? size : undefined;
}

/** A ciphertext, or a public key with `primes` of the whole chain. */
export function isPlainCiphertext(wire: Uint8Array, degree: number, primes: number): boolean {
  return cipherSize(wire, 0, degree, primes) === wire.length;
}

export function ciphertextBytes(degree: number, primes: number): number {
  return CIPHER_HEAD + ARRAY_HEAD + 16 * degree * primes;
}

/** Under the secret key: the random half is a seed. */
export function seededCiphertextBytes(degree: number, primes: number): number {
  return CIPHER_HEAD + ARRAY_HEAD + 8 * degree * primes + SEED;
}

export function isPlainSecretKey(wire: Uint8Array, degree: number, primes: number): boolean {
  const size = SECRET_HEAD + ARRAY_HEAD + 8 * degree * primes;
  return wire.length === size && plainSize(wire, 0) === size && plainSize(wire, SECRET_HEAD) === size - SECRET_HEAD;
}

/** Relinearisation or rotation keys: `keys` lists that are not empty, of one ciphertext for each prime of data. */
export function isPlainSwitchKeys(wire: Uint8Array, degree: number, primes: number, keys: number): boolean {
  if (plainSize(wire, 0) !== wire.length || wire.length < HEADER + PARMS_ID + 8) return false;
  const view = new DataView(wire.buffer, wire.byteOffset, wire.byteLength);
  const lists = Number(view.getBigUint64(HEADER + PARMS_ID, true));
  if (lists > degree) return false;
  let at = HEADER + PARMS_ID + 8;
  let found = 0;
  for (let i = 0; i < lists; i++) {
    if (at + 8 > wire.length) return false;
    const length = Number(view.getBigUint64(at, true));
    at += 8;
    if (length !== 0 && length !== primes - 1) return false;
    if (length > 0) found++;
    for (let j = 0; j < length; j++) {
      const size = cipherSize(wire, at, degree, primes);
      if (size === undefined) return false;
      at += size;
    }
  }
  return at === wire.length && found === keys;
}
