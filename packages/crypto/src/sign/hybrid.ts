import { concatBytes } from '@murmuration/core';
import { ed25519KeyPair, ed25519Sign, ed25519Verify } from './ed25519.ts';
import { ED25519_SIGNATURE_BYTES } from './ed25519-strict.ts';
import { ML_DSA_65_SIGNATURE_BYTES, mlDsa65KeyPair, mlDsa65Sign, mlDsa65Verify } from './ml-dsa-65.ts';

/** Part of the domain of both halves, so that neither passes for a signature outside the pair. */
export const HYBRID_SUITE = 'ed25519+ml-dsa-65/1';
/** Ed25519 ‖ ML-DSA-65. */
export const HYBRID_SIGNATURE_BYTES = ED25519_SIGNATURE_BYTES + ML_DSA_65_SIGNATURE_BYTES;

export interface HybridPublicKey {
  /** 32 bytes. */
  readonly ed25519: Uint8Array;
  /** 1952 bytes. */
  readonly mlDsa65: Uint8Array;
}

/** Two independent seeds of 32 bytes: one that leaks says nothing about the other. */
export interface HybridSecretKey {
  readonly ed25519: Uint8Array;
  readonly mlDsa65: Uint8Array;
}

export interface HybridKeyPair {
  readonly publicKey: HybridPublicKey;
  readonly secretKey: HybridSecretKey;
}

/** @throws CRYPTO_WRONG_LENGTH */
export function hybridKeyPair(seeds: HybridSecretKey): HybridKeyPair {
  const classical = ed25519KeyPair(seeds.ed25519);
  const postQuantum = mlDsa65KeyPair(seeds.mlDsa65);
  return {
    publicKey: { ed25519: classical.publicKey, mlDsa65: postQuantum.publicKey },
    secretKey: { ed25519: classical.secretKey, mlDsa65: postQuantum.secretKey },
  };
}

/**
 * Stands as long as either scheme does.
 * @param hedge see `mlDsa65Sign`
 * @returns 3373 bytes: Ed25519 signature ‖ ML-DSA-65 signature
 * @throws CRYPTO_WRONG_LENGTH, CRYPTO_BAD_DOMAIN
 */
export function hybridSign(
  domain: string,
  message: Uint8Array,
  secretKey: HybridSecretKey,
  hedge?: Uint8Array,
): Uint8Array {
  const inSuite = suiteDomain(domain);
  return concatBytes(
    ed25519Sign(inSuite, message, secretKey.ed25519),
    mlDsa65Sign(inSuite, message, secretKey.mlDsa65, hedge),
  );
}

/** Both halves must verify. Never throws for what a peer chose. */
export function hybridVerify(
  domain: string,
  message: Uint8Array,
  signature: Uint8Array,
  publicKey: HybridPublicKey,
): boolean {
  if (signature.length !== HYBRID_SIGNATURE_BYTES) return false;
  const inSuite = suiteDomain(domain);
  const classical = signature.subarray(0, ED25519_SIGNATURE_BYTES);
  const postQuantum = signature.subarray(ED25519_SIGNATURE_BYTES);
  return (
    ed25519Verify(inSuite, message, classical, publicKey.ed25519) &&
    mlDsa65Verify(inSuite, message, postQuantum, publicKey.mlDsa65)
  );
}

function suiteDomain(domain: string): string {
  return `${domain}|${HYBRID_SUITE}`;
}
