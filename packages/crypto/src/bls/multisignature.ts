import { platform } from '#platform';
import { signedBytes } from '../sign/domain.ts';
import { BLS_PUBLIC_KEY_BYTES, BLS_SIGNATURE_BYTES, checkSecretKey } from './keys.ts';

/**
 * BLS over `domain` and `message`, deterministic; many signatures of one statement add up to one of 96 bytes.
 * @param secretKey of `blsKeyPair`
 * @returns a point of G2, compressed, 96 bytes
 * @throws CRYPTO_WRONG_LENGTH, CRYPTO_BAD_SCALAR, CRYPTO_BAD_DOMAIN
 * @see draft-irtf-cfrg-bls-signature-05 §2.6, ciphersuite BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_
 */
export function blsSign(domain: string, message: Uint8Array, secretKey: Uint8Array): Uint8Array {
  checkSecretKey(secretKey);
  return platform.blsSign(signedBytes(domain, message), secretKey);
}

/** Whether the holder of `publicKey` signed. Never throws for what a peer chose. */
export function blsVerify(domain: string, message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
  return blsFastAggregateVerify(domain, message, [publicKey], signature);
}

/**
 * Adds signatures up. It does not ask what they sign: check the sum with `blsFastAggregateVerify`.
 * @returns 96 bytes; undefined for an empty list, for one that is no signature, and where the sum is the identity
 * @see draft-irtf-cfrg-bls-signature-05 §2.8
 */
export function blsAggregate(signatures: readonly Uint8Array[]): Uint8Array | undefined {
  if (signatures.length === 0 || signatures.some(({ length }) => length !== BLS_SIGNATURE_BYTES)) return undefined;
  return platform.blsAggregate(signatures);
}

/**
 * Whether every holder of these keys signed this one statement: one pairing check, however many they are. Sound only
 * where each key has shown a proof of possession (`blsVerifyPossession`): else a key made from the others' forges
 * for all. A key that is listed twice has to have been added twice. Never throws for what a peer chose.
 * @see draft-irtf-cfrg-bls-signature-05 §3.3.4
 */
export function blsFastAggregateVerify(
  domain: string,
  message: Uint8Array,
  publicKeys: readonly Uint8Array[],
  aggregate: Uint8Array,
): boolean {
  const signed = signedBytes(domain, message);
  if (publicKeys.length === 0 || aggregate.length !== BLS_SIGNATURE_BYTES) return false;
  if (publicKeys.some(({ length }) => length !== BLS_PUBLIC_KEY_BYTES)) return false;
  return platform.blsVerify(signed, aggregate, publicKeys);
}
