/**
 * The primitives that each platform supplies: `node.ts` by node:crypto, `web.ts` by the noble libraries.
 * Lengths and key encodings are checked by the callers in this package, once for both platforms.
 */
export interface Platform extends BlsPlatform {
  sha256(parts: readonly Uint8Array[]): Uint8Array;
  sha3_256(parts: readonly Uint8Array[]): Uint8Array;
  hkdfSha256(secret: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array;
  argon2id(input: Argon2Input): Uint8Array;
  ed25519PublicKey(seed: Uint8Array): Uint8Array;
  /** Imports the key once: with node:crypto that costs 38 µs beside a signature's 53. `seed` may be wiped after. */
  ed25519Signer(seed: Uint8Array): (message: Uint8Array) => Uint8Array;
  /** Cofactorless: the encoding of [S]B − [k]A equals R byte for byte. Platforms may differ for points of small order. */
  ed25519Verify(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean;
  mlDsa65PublicKey(seed: Uint8Array): Uint8Array;
  mlDsa65Verify(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean;
  x25519PublicKey(secretKey: Uint8Array): Uint8Array;
  /** @returns 32 bytes, or undefined where the peer's point is of small order (RFC 7748 §6.1: all zero) */
  x25519Shared(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined;
  /** @param seed d ‖ z of FIPS 203, 64 bytes */
  mlKem768PublicKey(seed: Uint8Array): Uint8Array;
  /**
   * Draws 32 secret bytes from the platform: node:crypto takes none from its caller.
   * @returns undefined where the peer's key is not reduced
   */
  mlKem768Encapsulate(publicKey: Uint8Array): { ciphertext: Uint8Array; shared: Uint8Array } | undefined;
  /** A damaged ciphertext gives another secret, not an error (implicit rejection). */
  mlKem768Decapsulate(seed: Uint8Array, ciphertext: Uint8Array): Uint8Array;
  /** Imports the key once: with node:crypto that costs as much as the agreement itself. `secretKey` may be wiped after. */
  x25519Agreement(secretKey: Uint8Array): (publicKey: Uint8Array) => Uint8Array | undefined;
  /** Imports the key once: with node:crypto that costs four decapsulations. `seed` may be wiped after. */
  mlKem768Decapsulator(seed: Uint8Array): (ciphertext: Uint8Array) => Uint8Array;
  /**
   * @param counter the first counter block, 16 bytes, counted up as one big-endian number
   * @returns gives the next bytes of the stream; all lengths but the last are multiples of 16
   */
  aes256CtrStream(key: Uint8Array, counter: Uint8Array): (length: number) => Uint8Array<ArrayBuffer>;
  /** @returns ciphertext ‖ 16-byte tag */
  chaCha20Poly1305Seal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, associated: Uint8Array): Uint8Array;
  /** @returns the plaintext, or undefined where the tag is wrong */
  chaCha20Poly1305Open(
    key: Uint8Array,
    nonce: Uint8Array,
    sealed: Uint8Array,
    associated: Uint8Array,
  ): Uint8Array | undefined;
  /** Both of one length. */
  constantTimeEqual(a: Uint8Array, b: Uint8Array): boolean;
}

/**
 * BLS over BLS12-381 with keys in G1 and signatures in G2, ciphersuite
 * BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_. Every point read is on the curve, in the prime-order group and not the
 * identity, or it is refused.
 */
export interface BlsPlatform {
  /** @throws where the 32 bytes, big-endian, are not in [1, r) */
  blsPublicKey(secretKey: Uint8Array): Uint8Array;
  /** @throws where the 32 bytes, big-endian, are not in [1, r) */
  blsSign(message: Uint8Array, secretKey: Uint8Array): Uint8Array;
  blsIsPublicKey(publicKey: Uint8Array): boolean;
  /** @returns the sum of one signature or more; undefined where one is none or the sum is the identity */
  blsAggregate(signatures: readonly Uint8Array[]): Uint8Array | undefined;
  /** Whether all of one key or more signed `message`. */
  blsVerify(message: Uint8Array, signature: Uint8Array, publicKeys: readonly Uint8Array[]): boolean;
}

/** RFC 9106, version 0x13. `memoryKiB` is m, `passes` t, `lanes` p. */
export interface Argon2Input {
  readonly passphrase: Uint8Array;
  readonly salt: Uint8Array;
  readonly memoryKiB: number;
  readonly passes: number;
  readonly lanes: number;
  readonly length: number;
  /** Only the RFC's vectors have these. */
  readonly secret?: Uint8Array;
  readonly associated?: Uint8Array;
}
